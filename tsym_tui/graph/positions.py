"""Where nodes stood when the map was last looked at, so that a tailnet looks the same tomorrow.

One small file for each set of tailnets that was drawn together, under `positions/` in the state folder: the placements,
nodes by their stable keys. Only a convenience: a file that cannot be read, is of another version or holds nonsense
counts as none, and what is kept is bounded in every direction.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.layouts.values import Area, Placement, Size

SCHEMA = "tsym/positions/1"

MOST_LAYOUTS = 8
"""The newest ones; nobody looks at more of one tailnet."""

MOST_NODES = 10_000
"""Of one layout; a larger one is placed anew each time."""

MOST_FILES = 32
"""Sets of tailnets; the oldest files go first."""

MOST_BYTES = 8 << 20
"""A file above this was not written by us."""


class _Spot(msgspec.Struct, frozen=True, array_like=True):
    tailnet: int
    stable_id: str
    x: float
    y: float


class _Layout(msgspec.Struct, frozen=True):
    name: str
    size: tuple[int, int]
    nodes: list[_Spot]
    areas: list[tuple[str, str, float, float, float, float]] = []
    regions: dict[str, tuple[float, float]] = {}
    grouped: str = ""
    criterion: Criterion | None = None


class _File(msgspec.Struct, frozen=True):
    schema: str
    tailnets: list[Tailnet]
    layouts: list[_Layout]
    """The last one is the newest."""


def load(folder: Path, tailnets: Iterable[Tailnet]) -> tuple[Placement, ...]:
    """Return the remembered placements, the newest last; empty when there are none worth having.

    `folder` is the state folder. Never raises: whatever is wrong with the file, the map is placed anew.
    """
    wanted = sorted(tailnets)
    try:
        with _path(folder, wanted).open("rb") as file:
            body = file.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            return ()
        found = msgspec.json.decode(body, type=_File)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return ()
    if found.schema != SCHEMA or found.tailnets != wanted:
        return ()
    placed = (_placement(layout, wanted) for layout in found.layouts[-MOST_LAYOUTS:])
    return tuple(placement for placement in placed if placement is not None)


def save(folder: Path, tailnets: Iterable[Tailnet], placements: Iterable[Placement]) -> None:
    """Write placements, the newest last, for its owner's eyes only; raises `OSError` when that cannot be.

    Those around a node in focus are left out: they are quickly made, and there is one for each node. The old file stays
    whole until the new one is: a reader never sees half of one.
    """
    wanted = sorted(tailnets)
    fitting = [one for one in placements if one.focus is None and len(one.refs) <= MOST_NODES]
    body = msgspec.json.encode(_File(SCHEMA, wanted, [_written(one, wanted) for one in fitting[-MOST_LAYOUTS:]]))
    path = _path(folder, wanted)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)  # of a process of the same number that was killed
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(body)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    _drop_oldest(path.parent)


def _path(folder: Path, tailnets: Sequence[Tailnet]) -> Path:
    """Name the file of a set of tailnets; hashed, because names and control URLs are what a stranger chose."""
    identity = hashlib.sha256(msgspec.json.encode(tailnets)).hexdigest()[:32]
    return folder / "positions" / f"{identity}.json"


def _written(placement: Placement, tailnets: Sequence[Tailnet]) -> _Layout:
    number = {tailnet: position for position, tailnet in enumerate(tailnets)}
    upright = placement.positions if placement.upright is None else placement.upright
    places = np.round(upright, 5).tolist()
    return _Layout(
        name=placement.layout,
        size=(placement.size.width, placement.size.height),
        nodes=[
            _Spot(number[ref.tailnet], ref.stable_id, x, y)
            for ref, (x, y) in zip(placement.refs, places, strict=True)
            if ref.tailnet in number
        ],
        areas=[(*area[:2], *(round(float(edge), 5) for edge in area[2:])) for area in placement.areas],  # type: ignore[misc]  # four edges
        regions={code: (float(x), float(y)) for code, (x, y) in placement.regions.items() if not placement.rotation},
        grouped=placement.grouped,
        criterion=placement.criterion,
    )


def _placement(layout: _Layout, tailnets: Sequence[Tailnet]) -> Placement | None:
    """Make a placement of what was written; None when a number in it cannot be."""
    numbers = [number for spot in layout.nodes for number in (spot.x, spot.y)]
    numbers += [number for area in layout.areas for number in area[2:]]
    numbers += [number for place in layout.regions.values() for number in place]
    if len(layout.nodes) > MOST_NODES or not all(0.0 <= number <= 1.0 for number in numbers):
        return None
    if not all(0 <= spot.tailnet < len(tailnets) for spot in layout.nodes) or min(layout.size) < 1:
        return None
    return Placement(
        layout=layout.name,
        refs=tuple(NodeRef(tailnets[spot.tailnet], StableNodeID(spot.stable_id)) for spot in layout.nodes),
        positions=np.array([(spot.x, spot.y) for spot in layout.nodes], dtype=np.float64).reshape(-1, 2),
        size=Size(*layout.size),
        areas=tuple(Area(*area) for area in layout.areas),
        regions=dict(layout.regions),
        grouped=layout.grouped,
        criterion=layout.criterion,
    )


def _drop_oldest(folder: Path) -> None:
    """Keep the newest files; one that is being written or that somebody else removes is left alone."""
    with suppress(OSError):
        files = sorted(folder.glob("[!.]*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in files[MOST_FILES:]:
            path.unlink(missing_ok=True)
