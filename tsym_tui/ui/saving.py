"""Saving what is on the screen: as a page to look at, or as data to reckon with.

A page is the body of the screen in front and its legend, with a title and the time; data is what the view shows of the
nodes or the pairs. Both are what is on screen: filtered, and with pseudonyms where names are hidden. A report is for
sharing, so files get the permissions that any file gets; none is overwritten unless that was said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tsym_agent.model.documents import nodes_document, pairs_document
from tsym_agent.model.homes import at_home
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.frame import Frame, Run, pad_row
from tsym_tui.graph.themes import Theme
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.pens import Row, blank, width_of
from tsym_tui.ui.widgets.frame import FootPane, HeaderPane
from tsym_tui.ui.widgets.panes import Pane
from tsym_tui.ui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from tsym_tui.ui.app import TsymApp
    from tsym_tui.ui.screens.base import TailnetScreen


class SavingError(Exception):
    """A file that cannot be written; the text says why, and what to do instead."""


class Target(NamedTuple):
    """Where to, and as what."""

    path: Path
    format: str
    overwrites: bool = False


LETTERS: Mapping[str, tuple[str, str]] = {
    "t": ("text", "txt"),
    "s": ("svg", "svg"),
    "p": ("png", "png"),
    "h": ("html", "html"),
    "j": ("json", "json"),
    "c": ("csv", "csv"),
}
"""Format and suffix, by the letter that chooses them."""

_NODES = frozenset({Scope.OVERVIEW, Scope.NODES})
_PAIRS = frozenset({Scope.MATRIX, Scope.MAP, Scope.DETAIL})


class Shot(NamedTuple):
    """One view, as it was when saving began."""

    scope: Scope
    frame: Frame
    theme: Theme
    title: str
    at: datetime
    note: str
    snapshot: Snapshot | None
    """What the view shows of the tailnet; None where it shows something else."""


def default_name(scope: Scope, at: datetime, suffix: str) -> str:
    """Return a name that says what and when, and no name of a node."""
    return f"tsym-{scope}-{at:%Y%m%d-%H%M%S}.{suffix}"


def read_target(text: str, *, overwrites: bool = False) -> Target:
    """Read a path; its suffix says as what. Raises `SavingError` for one that cannot be, or is there already."""
    path = at_home(text)
    formats = {suffix: name for name, suffix in LETTERS.values()} | {"text": "text"}
    found = formats.get(path.suffix.removeprefix(".").lower())
    if not text or found is None:
        raise SavingError(f"write a file that ends in {', '.join(f'.{suffix}' for _, suffix in LETTERS.values())}")
    return check(Target(path, found, overwrites))


def check(target: Target) -> Target:
    """Raise `SavingError` when something is in the way."""
    try:
        if target.path.is_dir():
            raise SavingError(f"{target.path} is a folder")
        if not target.path.parent.is_dir():
            raise SavingError(f"there is no folder {target.path.parent}")
        if not target.overwrites and target.path.exists():
            raise SavingError(f"{target.path.name} is there already")
    except OSError as error:  # a folder that is not ours to look into, a name that is too long
        raise SavingError(f"cannot write there: {error.strerror or error}; write another file") from error
    return target


def take_shot(screen: TailnetScreen) -> Shot:
    """Take what a screen shows now."""
    desk = screen.desk
    view = desk.view
    tailnets = view.digest.snapshot.tailnets if view.digest is not None else ()
    names = [tailnets[0].name] if tailnets else []
    shows_tailnet = screen.SCOPE in _NODES | _PAIRS and view.picture is not None
    return Shot(
        scope=screen.SCOPE,
        frame=frame_of(screen),
        theme=desk.pen.theme,
        title=f" {desk.pen.signs.crumb} ".join([*names, *screen.crumbs]),
        at=desk.clock(),
        note="names are pseudonyms" if view.hides_names else "",
        snapshot=_shown_by(screen) if shows_tailnet else None,
    )


def _shown_by(screen: TailnetScreen) -> Snapshot:
    """Return what is left of the tailnet in this view: in full details, what is selected."""
    view = screen.desk.view
    snapshot = view.narrowed_snapshot()
    if screen.SCOPE in _NODES:
        return msgspec.structs.replace(snapshot, nodes={ref: snapshot.nodes[ref] for ref in view.listed})
    if screen.SCOPE is not Scope.DETAIL:
        return snapshot
    ends = set(view.selected)
    pairs = {
        key: pair for key, pair in snapshot.pairs.items() if (ends == set(key) if len(ends) == 2 else ends & set(key))
    }
    known = ends.union(*pairs) if pairs else ends
    return msgspec.structs.replace(
        snapshot, pairs=pairs, nodes={ref: node for ref, node in snapshot.nodes.items() if ref in known}
    )


def frame_of(screen: TailnetScreen) -> Frame:
    """Return the cells between header and keys, and the legend below them."""
    cells = screen.size.width
    lines: dict[int, list[tuple[int, Row]]] = {}
    for pane in screen.query(Pane):
        if not pane.display or not pane.size.area or isinstance(pane, (HeaderPane, FootPane, Prompt)):
            continue
        for y, row in enumerate(pane.rows):
            lines.setdefault(pane.region.y + y, []).append((pane.region.x, row))
    rows = [_joined(lines[y], cells) for y in sorted(lines)]
    while rows and not any(run.text.strip() for run in rows[-1]):
        rows.pop()
    legend = [foot.legend_row for foot in screen.query(FootPane)]
    rows += [pad_row(row, cells) for row in ([[], legend[0]] if legend and legend[0] else [])]
    return Frame(cells, len(rows), rows)


def _joined(parts: Sequence[tuple[int, Row]], cells: int) -> list[Run]:
    row: Row = []
    for x, part in sorted(parts, key=lambda one: one[0]):
        row += [*blank(x - width_of(row)), *part]
    return pad_row(row, cells)


def render(shot: Shot, wanted: str) -> bytes:
    """Write a view in a format; raise `SavingError` when it has none of that kind."""
    from tsym_tui.graph.export.page import page
    from tsym_tui.graph.export.request import ExportError

    if wanted in {"json", "csv"}:
        return _data(shot, wanted).encode()
    try:
        return page(shot.frame, shot.theme, wanted, title=shot.title, at=shot.at, note=shot.note)
    except ExportError as error:
        raise SavingError(str(error)) from error


def _data(shot: Shot, wanted: str) -> str:
    from tsym_tui.graph.export.tables import nodes_csv, pairs_csv

    if shot.snapshot is None:
        raise SavingError(f"this view has no {wanted}: save it as text, svg, png or html")
    if wanted == "csv":
        return (nodes_csv if shot.scope in _NODES else pairs_csv)(shot.snapshot)
    document = (nodes_document if shot.scope in _NODES else pairs_document)(shot.snapshot)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def save(shot: Shot, target: Target) -> Path:
    """Write a view to a file and return its path; raise `SavingError`."""
    made = render(shot, target.format)
    try:
        with target.path.open("wb" if target.overwrites else "xb") as file:
            file.write(made)
    except FileExistsError as error:
        raise SavingError(f"{target.path.name} is there already") from error
    except OSError as error:
        raise SavingError(f"cannot write {target.path}: {error.strerror or error}") from error
    return target.path


def save_front(app: TsymApp, target: Target) -> None:
    """Save the screen in front, beside the loop: a PNG takes its time."""
    app.run_worker(
        _save_and_say(app, take_shot(app.front), target),
        group="saving",
        description="writes a file",
        exit_on_error=False,
    )


async def _save_and_say(app: TsymApp, shot: Shot, target: Target) -> None:
    import asyncio

    try:
        path = await asyncio.to_thread(save, shot, target)
    except SavingError as error:
        app.front.say(str(error))
    else:
        app.front.say(f"saved {path}")
