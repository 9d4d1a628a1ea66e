"""The table of nodes: groups, folding, three facts, and what it costs."""

from __future__ import annotations

import time

import msgspec
import pytest

from tests.ui import pictures
from tests.ui.fake_source import FakeSample
from tests.ui.pictures import host, node, pair, ref, snapshot
from tests.ui.running import running
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui.digests import Digest, digest
from tsym_tui.ui.rows.groupsums import GroupSum, sum_group
from tsym_tui.ui.rows.nodecolumns import COLUMNS, HISTORY_CELLS, Trace
from tsym_tui.ui.rows.nodelines import GroupedBy, GroupLine, TableState, cursor_row, stops, table_lines, titles_by
from tsym_tui.ui.rows.nodestable import (
    NAME_LETTER,
    group_row,
    heading_row,
    ordered,
    shown_pair,
    table_row,
)
from tsym_tui.ui.rows.pens import Pen, width_of
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.rows.timelines import Span
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.source import PairKey

DARK = Pen(THEMES["dark"])
ASCII = Pen(THEMES["mono"], Level.ASCII)
HOME = digest(pictures.home())
NODES = Settings(theme="dark", glyphs="braille", start_screen="nodes")


def titles(by: GroupedBy) -> list[tuple[str, int]]:
    lines = table_lines(HOME, HOME.order, None, titles_by(HOME, HOME.order, by))
    return [(line.title, len(line.members)) for line in lines if isinstance(line, GroupLine)]


def text_of_row(name: str, cells: int = 200) -> str:
    return plain_text([table_row(DARK, HOME, ref(name), cells)])


def test_without_groups_there_are_only_nodes() -> None:
    assert list(table_lines(HOME, HOME.order, None)) == list(HOME.order)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (GroupedBy.OS, [("macOS", 3), ("linux", 3), ("iOS", 1), ("tvOS", 1)]),
        (GroupedBy.SUBNET, [("192.0.2.0/24", 4), ("203.0.113.0/24", 1), ("phones", 1), ("no subnet", 2)]),
        (GroupedBy.OWNER, [("ann@example.com", 7), ("no owner", 1)]),
    ],
)
def test_nodes_are_grouped_the_largest_group_first_and_the_nameless_last(
    by: GroupedBy, expected: list[tuple[str, int]]
) -> None:
    assert sorted(titles(by)) == sorted(expected)
    assert titles(by)[0][1] == expected[0][1]
    assert titles(by)[-1] == expected[-1]


@pytest.mark.parametrize("by", [by for by in GroupedBy if by is not GroupedBy.NONE])
def test_every_node_stands_in_exactly_one_group(by: GroupedBy) -> None:
    lines = table_lines(HOME, HOME.order, None, titles_by(HOME, HOME.order, by))
    members = [ref for line in lines if isinstance(line, GroupLine) for ref in line.members]

    assert sorted(members) == sorted(HOME.order)
    assert [line for line in lines if not isinstance(line, GroupLine)] == members


def test_sorting_orders_nodes_in_groups_and_groups_by_their_first_node() -> None:
    lines = table_lines(HOME, HOME.order, ("r", True), titles_by(HOME, HOME.order, GroupedBy.OS))

    assert isinstance(lines[0], GroupLine)
    assert lines[0].title == "iOS"
    assert lines[1] == ordered(HOME, HOME.order, ("r", True))[0] == ref("phone")


def test_a_folded_group_stands_for_the_selected_node() -> None:
    lines = table_lines(HOME, HOME.order, None, titles_by(HOME, HOME.order, GroupedBy.OS), frozenset({"linux"}))

    assert ref("nas") in stops(lines, ref("nas"))
    assert len(stops(lines, ref("nas"))) == len(HOME.order) - 2
    line = lines[cursor_row(lines, ref("nas"))]
    assert isinstance(line, GroupLine)
    assert line.title == "linux"


def test_a_group_says_its_worst_member_and_how_many_are_like_that() -> None:
    total = sum_group(HOME, HOME.order)
    text = plain_text([group_row(DARK, "tag:x", total, 200, is_folded=True)])

    assert "tag:x 8" in text
    assert "✕ dead 1/8" in text
    assert "7/8" in text
    assert "all" not in text


@pytest.mark.parametrize(
    ("part", "whole", "words"), [(0, 9, "none"), (9, 9, "all"), (3, 9, "3/9"), (20, 250, "20/250"), (249, 2500, "9 %")]
)
def test_a_share_of_a_large_group_is_written_in_percent(part: int, whole: int, words: str) -> None:
    total = GroupSum(count=whole, online=part)

    assert f" {words} " in plain_text([group_row(DARK, "x", total, 120, is_folded=True)])


def test_facts_fit_their_columns_where_there_is_only_ascii() -> None:
    assert "+ 40 s" in plain_text([table_row(ASCII, HOME, ref("laptop"), 120)])


def test_the_sorted_column_says_so_in_its_own_room() -> None:
    assert " p50↓ " in plain_text([heading_row(DARK, 120, ("r", False))])


def test_a_title_too_long_keeps_its_count() -> None:
    total = sum_group(HOME, HOME.order)

    assert "… 8  " in plain_text([group_row(DARK, "a" * 80, total, 60, is_folded=True)])


def test_lines_are_worked_out_once_for_a_picture() -> None:
    state, listed = TableState(by=GroupedBy.OS), HOME.order

    assert state.lines(HOME, listed, ("r", False)) is state.lines(HOME, listed, ("r", False))
    assert state.lines(HOME, listed, ("r", True)) is not state.lines(HOME, listed, ("r", False))


def test_a_node_that_changes_its_tag_changes_its_group() -> None:
    state = TableState(by=GroupedBy.OS)
    assert titles_of(state, HOME) == ["linux", "macOS", "iOS", "tvOS"]

    moved = msgspec.structs.replace(HOME.snapshot.nodes[ref("tv")], os="linux")
    newer = msgspec.structs.replace(HOME.snapshot, nodes=HOME.snapshot.nodes | {moved.ref: moved})
    assert titles_of(state, digest(newer)) == ["linux", "macOS", "iOS"]


def titles_of(state: TableState, sums: Digest) -> list[str]:
    return [line.title for line in state.lines(sums, HOME.order, None) if isinstance(line, GroupLine)]


def test_online_handshake_and_probe_are_three_facts() -> None:
    told = {"work-mbp": "✓       ✓ 40 s", "old-mac": "✕ 2 h   ?          ✕ 2 h"}

    assert [name for name, facts in told.items() if facts not in text_of_row(name)] == []


@pytest.mark.parametrize("pen", [DARK, ASCII], ids=["braille", "ascii"])
@pytest.mark.parametrize("cells", [30, 62, 80, 89, 120, 169, 230])
def test_wide_names_and_emoji_keep_the_columns(pen: Pen, cells: int) -> None:
    names = ["plain", "客厅电视机客厅电视机客厅电视机", "👨‍👩‍👧-laptop", "e\u0301clair", "😀" * 20]
    nodes = [node(name, name=name, host_name=name, tags=("tag:家",), os="操作系统操作") for name in names]
    sums = digest(snapshot(nodes, [], []))
    rows = [table_row(pen, sums, one, cells) for one in sums.order]
    total = group_row(pen, "客厅电视机客厅电视机客厅电视机", sum_group(sums, sums.order), cells, is_folded=False)

    assert {width_of(row) for row in [*rows, total, heading_row(pen, cells, None)]} == {cells}


@pytest.mark.parametrize("letter", [NAME_LETTER, *(column.letter for column in COLUMNS if column.letter)])
def test_every_letter_sorts_every_node(letter: str) -> None:
    up, down = (ordered(HOME, HOME.order, (letter, way)) for way in (False, True))

    assert sorted(up) == sorted(down) == sorted(HOME.order)


def test_letters_are_unique() -> None:
    letters = [NAME_LETTER, *(column.letter for column in COLUMNS if column.letter)]

    assert len(letters) == len(set(letters))


def test_a_row_draws_the_history_of_the_pair_whose_number_it_shows() -> None:
    chosen = shown_pair(HOME, ref("work-mbp"))
    assert chosen is not None
    assert HOME.snapshot.pairs[chosen].p50_ms == HOME.sum_of(ref("work-mbp")).median_ms

    trace = Trace([FakeSample(float(second), 3.0) for second in range(0, 600, 20)], Span(600.0, 600.0))
    row = plain_text([table_row(DARK, HOME, ref("work-mbp"), 160, trace=trace)])
    assert "⣀" * HISTORY_CELLS in row


def company(count: int) -> Snapshot:
    nodes = [node(f"n{i:04}", tags=(f"tag:g{i % 24}",)) for i in range(count)]
    pairs = [pair("n0000", f"n{i:04}", ms=float(i % 90)) for i in range(1, count)]
    return snapshot(nodes, pairs, [host("n0000")])


async def test_of_five_thousand_nodes_only_those_on_screen_are_built() -> None:
    async with running(company(5000), settings=NODES, size=(120, 36)) as run:
        asked: list[object] = []
        history = run.source.history

        def counted(key: PairKey) -> tuple[FakeSample, ...]:
            asked.append(key)
            return history(key)

        run.source.history = counted  # type: ignore[method-assign]  # counts
        began_s = time.perf_counter()
        await run.press("o", "r", "G")

        assert time.perf_counter() - began_s < 5
        assert 0 < len(set(asked)) <= 2 * 36
        assert "5000" not in run.text()


async def test_b_groups_and_z_folds_and_the_cursor_stays_on_its_node() -> None:
    async with running(pictures.home(), settings=NODES) as run:
        selected = run.app.desk.view.node
        await run.press(*"bbbbb")
        assert "by os" in run.text()
        assert "▾ macOS 3" in run.text()

        await run.press("z")
        assert "▸ macOS 3" in run.text()
        assert run.app.desk.view.node == selected
        assert "laptop  " not in run.text().partition("│")[0]

        await run.press("j", "k")
        assert run.app.desk.view.node == selected or run.app.desk.view.node in HOME.order

        await run.press("Z")
        assert [line for line in run.text().splitlines() if "▾" in line] == []

        await run.press("Z", "b")
        assert "▾" not in run.text()


async def test_a_click_on_a_folded_group_selects_in_it() -> None:
    async with running(pictures.home(), settings=NODES) as run:
        await run.press(*"bbbbb", "Z")
        row = next(y for y, line in enumerate(run.text().splitlines()) if "▸ linux 3" in line)
        await run.pilot.click(offset=(6, row))
        await run.settled()

        assert run.app.desk.view.node in {ref("nas"), ref("pi-kitchen"), ref("vps-fra")}
