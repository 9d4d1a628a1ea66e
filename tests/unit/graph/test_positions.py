"""Positions between sessions."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_tui.graph import positions
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.layouts.values import Area, Placement, Size

HOME = Tailnet("https://controlplane.example", "home.ts.net")
WORK = Tailnet("https://headscale.example", "work")


def ref(number: int, tailnet: Tailnet = HOME) -> NodeRef:
    return NodeRef(tailnet, StableNodeID(f"{number}"))


def placement(count: int = 3, layout: str = "spring", tailnet: Tailnet = HOME) -> Placement:
    """Make one up."""
    spots = np.linspace(0.0, 1.0, 2 * count).reshape(count, 2)
    return Placement(layout, tuple(ref(number, tailnet) for number in range(count)), spots, Size(80, 24))


def only_file(folder: Path) -> Path:
    (path,) = (folder / "positions").iterdir()
    return path


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    was = replace(
        placement(layout="sites"),
        areas=(Area("home", "192.0.2.0/24", 0.1, 0.2, 0.5, 0.75),),
        regions={"fra": (0.25, 0.5)},
        grouped="grouped by site",
        criterion=Criterion.SITE,
    )
    positions.save(tmp_path, [HOME], [was])

    (found,) = positions.load(tmp_path, [HOME])

    assert np.allclose(found.positions, was.positions, atol=1e-4)
    assert replace(found, positions=was.positions).__dict__ == was.__dict__


def test_a_turned_placement_is_kept_upright(tmp_path: Path) -> None:
    upright = placement().positions
    positions.save(tmp_path, [HOME], [replace(placement(), positions=1 - upright, upright=upright, rotation=180.0)])

    (found,) = positions.load(tmp_path, [HOME])

    assert np.allclose(found.positions, upright)
    assert found.rotation == 0.0


def test_tailnets_do_not_share_places(tmp_path: Path) -> None:
    positions.save(tmp_path, [HOME], [placement()])

    assert positions.load(tmp_path, [WORK]) == ()
    assert positions.load(tmp_path, [HOME, WORK]) == ()


def test_nodes_of_two_tailnets_drawn_together_keep_their_own(tmp_path: Path) -> None:
    both = replace(placement(2), refs=(ref(7, WORK), ref(7, HOME)))
    positions.save(tmp_path, [WORK, HOME], [both])

    (found,) = positions.load(tmp_path, [HOME, WORK])

    assert found.refs == both.refs


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    positions.save(tmp_path, [HOME], [placement()])

    assert only_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert only_file(tmp_path).parent.stat().st_mode & 0o777 == 0o700


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    positions.save(tmp_path, [HOME], [placement(3)])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(OSError, match="No space"):
        positions.save(tmp_path, [HOME], [placement(5)])

    monkeypatch.undo()
    assert len(positions.load(tmp_path, [HOME])[0].refs) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[" * 100_000,
        b'{"schema": "tsym/positions/99", "tailnets": [], "layouts": []}',
        b'{"schema": "tsym/positions/1"}',
        b"\xff\xfe",
    ],
    ids=["empty", "text", "deep", "another version", "half", "bytes"],
)
def test_a_bad_file_is_none(tmp_path: Path, body: bytes) -> None:
    positions.save(tmp_path, [HOME], [placement()])
    only_file(tmp_path).write_bytes(body)

    assert positions.load(tmp_path, [HOME]) == ()


@pytest.mark.parametrize(("old", "new"), [(b"0.2", b"7.2"), (b"[0,", b"[3,"), (b'"size":[80', b'"size":[-1')])
def test_a_placement_with_a_number_that_cannot_be_is_dropped(tmp_path: Path, old: bytes, new: bytes) -> None:
    positions.save(tmp_path, [HOME], [placement()])
    body = only_file(tmp_path).read_bytes()
    assert old in body
    only_file(tmp_path).write_bytes(body.replace(old, new))

    assert positions.load(tmp_path, [HOME]) == ()


def test_a_folder_that_cannot_be_read_is_none() -> None:
    assert positions.load(Path("/dev/null/tsym"), [HOME]) == ()


def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "MOST_NODES", 4)
    monkeypatch.setattr(positions, "MOST_LAYOUTS", 2)
    monkeypatch.setattr(positions, "MOST_FILES", 3)
    for number in range(5):
        tailnet = Tailnet("https://headscale.example", f"{number}")
        placed = [placement(count, f"layout{count}", tailnet) for count in (1, 2, 3, 9)]
        positions.save(tmp_path, [tailnet], placed)

    kept = [positions.load(tmp_path, [Tailnet("https://headscale.example", f"{number}")]) for number in range(5)]
    assert len(list((tmp_path / "positions").iterdir())) == 3
    assert [one.layout for one in kept[4]] == ["layout2", "layout3"]


def test_a_placement_around_a_node_is_not_kept(tmp_path: Path) -> None:
    positions.save(tmp_path, [HOME], [replace(placement(), layout="focus", focus=ref(1)), placement()])

    assert [one.layout for one in positions.load(tmp_path, [HOME])] == ["spring"]
