"""The names above a matrix: downwards, the letters that tell a group's columns apart, the number in bold below them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from tsym_tui.graph.cells import width
from tsym_tui.graph.looks import Role
from tsym_tui.ui.rows.matrixaxis import BAND_GAP, TILE, Axis, Band, bands_in_sight
from tsym_tui.ui.rows.pens import Pen, Row, blank, fit_text

FEWEST_LETTERS = 3
MOST_DIGITS = 3

_PARTS = re.compile(r"[-_.#\s]+")
_NUMBER = re.compile(r"(.*?)([0-9]{1,3})\Z", re.DOTALL)


@lru_cache(maxsize=256)
def labels_of(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Split the names of one group into letters and a number, without the words that all of them have.

    `fra-web-1` and `nyc-web-2` of one group are `fra` over `1` and `nyc` over `2`.
    """
    split = [_split(name) for name in names]
    shared = set.intersection(*({*words} for words, _ in split)) if len(split) > 1 else set()
    bodies = ["-".join(word for word in words if word not in shared) for words, _ in split]
    if shared and not any(bodies):  # the numbers alone tell them apart: the last word says what they are
        bodies = [words[-1] for words, _ in split]
    labels = [
        (body or (words[-1] if words and not number else ""), number)
        for body, (words, number) in zip(bodies, split, strict=True)
    ]
    return tuple(labels)


def _split(name: str) -> tuple[list[str], str]:
    found = _NUMBER.match(name)
    text, number = (found[1], found[2]) if found and found[1].strip("-_.# ") else (name, "")
    return [word for word in _PARTS.split(text) if word], number


def letters_needed(labels: Sequence[tuple[str, str]], most: int) -> int:
    """Count the letters that are needed so that no two columns of a group read the same."""
    longest = max((len(body) for body, _ in labels), default=0)
    for letters in range(min(FEWEST_LETTERS, most), most):
        if letters >= longest or len({(cut_name(body, letters), number) for body, number in labels}) == len(labels):
            return letters
    return most


def cut_name(body: str, letters: int) -> str:
    """Keep so many letters of a name: the first ones."""
    return body[:letters]


def head_rows(pen: Pen, axis: Axis, columns: range, cursor: int, most: int) -> list[Row]:
    """Write group titles, then names downwards, for the columns in sight."""
    bands = list(bands_in_sight(axis, columns))
    labels: dict[int, tuple[str, str]] = {}
    for band, seen in bands:
        if not band.is_folded:
            found = labels_of(axis.band_names[axis.items[band.start].band])
            labels.update({column: found[column - band.start] for column in seen})
    digits = min(MOST_DIGITS, max((len(number) for _, number in labels.values()), default=0))
    room = max(1, most - digits)
    letters = max((letters_needed([labels[at] for at in seen if at in labels], room) for _, seen in bands), default=0)
    letters = min(letters, max((len(body) for body, _ in labels.values()), default=0))
    depth = letters + digits
    texts = {
        column: body[:letters].rjust(letters) + number[-digits:].rjust(digits)
        if digits
        else body[:letters].rjust(letters)
        for column, (body, number) in labels.items()
    }
    return [
        _titles(pen, bands, cursor),
        *(_line(pen, bands, texts, line, (letters, depth), cursor) for line in range(depth)),
    ]


def _titles(pen: Pen, bands: list[tuple[Band, range]], cursor: int) -> Row:
    row: Row = []
    for band, seen in bands:
        cells = band.cells if band.is_folded else TILE * len(seen)
        title = _short_title(band.title, cells)
        text = fit_text(title if cells > TILE else "", cells, pen.signs.ellipsis)
        row += [pen.accent(text) if cursor in seen else pen.strong(text), *blank(BAND_GAP)]
    return row[:-1]


def _short_title(title: str, cells: int) -> str:
    """Leave out of a title what it can be told without, where it has no room."""
    if width(title) <= cells:
        return title
    place, _, network = title.partition(" ")
    return place if "/" in network else title.removeprefix("tag:")


@lru_cache(maxsize=4096)
def _two_cells(char: str) -> str:
    return fit_text(char, TILE, "")


def _line(
    pen: Pen, bands: list[tuple[Band, range]], texts: dict[int, str], line: int, size: tuple[int, int], cursor: int
) -> Row:
    """Write one row of letters, or of digits in bold; a folded group says how many it holds."""
    letters, depth = size
    row: Row = []
    for band, seen in bands:
        if band.is_folded:
            text = f"+{band.count}" if line == max(0, letters - 1) or depth == 0 else ""
            row.append(pen(fit_text(text, band.cells, ""), Role.DIM))
            row += blank(BAND_GAP)
            continue
        chars = [_two_cells(texts[column][line]) for column in seen]
        here = cursor - seen.start if cursor in seen else len(chars)
        role, bold = (Role.DIM, None) if line < letters else (Role.TEXT, True)
        row.append(pen("".join(chars[:here]), role, bold=bold))
        if here < len(chars):
            row += [pen.accent(chars[here]), pen("".join(chars[here + 1 :]), role, bold=bold)]
        row += blank(BAND_GAP)
    return row
