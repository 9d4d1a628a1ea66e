"""Rows of cells drawn in one go, kept as arrays until somebody wants runs of them, or a line for a terminal.

A crowded picture changes its colour ten thousand times. As a line for a terminal it is made here for all rows at once:
where each change goes is counted, and letters and escape codes are laid out in one array. Making runs first, and a line
of these, takes five times as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from tsym_tui.graph.frame import Changes, ReadyRow, Run
from tsym_tui.graph.themes import PLAIN, Style

BLANK = ord(" ")

TAIL = 0
"""Right half of a wide character."""

Ints = NDArray[np.int64]


class Sheet:
    """Some rows of one picture."""

    def __init__(self, codes: NDArray[np.uint32], keys: NDArray[np.int32], look: Callable[[int], Style]) -> None:
        """Take characters and numbers of looks by row and column, and what such a number stands for."""
        self._height, self._width = codes.shape
        self._codes = codes.ravel()
        flat = keys.ravel()
        changes = np.append(True, flat[1:] != flat[:-1])
        changes[:: self._width] = True
        self._edges: Ints = np.flatnonzero(changes)
        self._marks = flat[self._edges]
        found, self._local = np.unique(self._marks, return_inverse=True)
        self._looks = {mark: look(mark) for mark in found.tolist()}
        self._written: tuple[Changes, str | None, list[str]] | None = None

    @property
    def rows(self) -> list[ReadyRow]:
        """The rows, in order."""
        return [_SheetRow(self, row) for row in range(self._height)]

    def runs(self, row: int) -> tuple[Run, ...]:
        """Return the runs of a row."""
        begin, end = row * self._width, (row + 1) * self._width
        first, last = np.searchsorted(self._edges, (begin, end)).tolist()
        text = self._codes[begin:end].tobytes().decode("utf-32-le")
        cuts = [*(self._edges[first:last] - begin).tolist(), self._width]
        marks = self._marks[first:last].tolist()
        return tuple(
            Run(text[start:stop].replace("\0", ""), self._looks[mark])
            for (start, stop), mark in zip(pairwise(cuts), marks, strict=True)
        )

    def written(self, changes: Changes, background: str | None) -> list[str]:
        """Return the rows as lines for a terminal; they are kept for who asks for the next row."""
        known = self._written
        if known is None or known[0] is not changes or known[1] != background:
            known = self._written = (changes, background, self._write(changes, background))
        return known[2]

    def _write(self, changes: Changes, background: str | None) -> list[str]:
        """Lay out letters and escape codes. Each row begins and ends plain."""
        cells, to, looks = self._change_points(background)
        plain = len(looks) - 1
        pairs, kind = np.unique(np.append(plain, to[:-1]) * len(looks) + to, return_inverse=True)
        codes = [changes(looks[pair // len(looks)], looks[pair % len(looks)]) for pair in pairs.tolist()]
        table = np.frombuffer("".join(codes).encode("utf-32-le"), dtype=np.uint32)
        lengths = np.array([len(code) for code in codes], dtype=np.int64)
        origins, counts = (np.cumsum(lengths) - lengths)[kind], lengths[kind]
        after = np.cumsum(counts)
        line = np.empty(len(self._codes) + int(after[-1]), dtype=np.uint32)
        letters = np.repeat(np.append(0, after), np.diff(cells, prepend=0, append=len(self._codes)))
        letters += np.arange(len(letters))
        line[letters] = self._codes
        before = after - counts
        spots = np.arange(int(after[-1]))
        line[spots + cells.repeat(counts)] = table[spots + (origins - before).repeat(counts)]
        text = line.tobytes().decode("utf-32-le")
        ends = (np.arange(1, self._height + 1) * self._width + after[to == plain]).tolist()
        return [text[start:stop].replace("\0", "") for start, stop in pairwise([0, *ends])]

    def _change_points(self, background: str | None) -> tuple[Ints, Ints, list[Style]]:
        """Return at which cells looks change, to which one, and the looks: the last one is plain, and ends each row.

        Where only the colour of the letters changes, blanks carry the old one on: nobody sees it.
        """
        local = self._local
        looks = [_on(look, background) for look in self._looks.values()]
        looks.append(PLAIN)
        grounds = {look.bg: place for place, look in enumerate(looks)}
        ground = np.array([grounds[look.bg] for look in looks])
        is_reverse = np.array([look.reverse for look in looks])
        starts = np.searchsorted(self._edges, np.arange(self._height) * self._width)
        before = np.append(0, local[:-1])
        before[starts] = len(looks) - 1
        is_blank = ~np.logical_or.reduceat(self._codes != BLANK, self._edges)
        is_unseen = is_blank & (ground[local] == ground[before]) & ~is_reverse[local] & ~is_reverse[before]
        kept = np.flatnonzero(~is_unseen)
        cells, to = self._edges[kept], local[kept]
        row_ends = np.arange(1, self._height + 1) * self._width
        at = np.searchsorted(cells, row_ends)
        return np.insert(cells, at, row_ends), np.insert(to, at, len(looks) - 1), looks


def _on(look: Style, background: str | None) -> Style:
    return look if background is None or look.bg is not None else msgspec.structs.replace(look, bg=background)


class _SheetRow(ReadyRow):
    """One row of a sheet."""

    def __init__(self, sheet: Sheet, row: int) -> None:
        self._sheet, self._row = sheet, row

    @cached_property
    def _runs(self) -> tuple[Run, ...]:
        return self._sheet.runs(self._row)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Run]: ...

    def __getitem__(self, index: int | slice) -> Run | Sequence[Run]:
        return self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs)

    def written(self, changes: Changes, background: str | None) -> str:
        return self._sheet.written(changes, background)[self._row]
