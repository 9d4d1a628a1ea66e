"""Two arcs: everybody is shown or counted, groups stay together, the focused node's view is told in numbers."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import ref
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.draw import MapOptions, draw_map
from tsym_tui.graph.frame import Frame, to_plain
from tsym_tui.graph.layouts import Size, place
from tsym_tui.graph.layouts.arcs import RowKind, arc_rows
from tsym_tui.graph.looks import Level
from tsym_tui.graph.model import TailnetGraph
from tsym_tui.graph.themes import DARK, Role

SIZES = [Size(126, 44), Size(80, 22), Size(40, 12), Size(20, 5)]


@pytest.fixture(scope="module")
def company() -> TailnetGraph:
    return scenes.placed(scenes.company(), (126, 44))[0]


@pytest.fixture(scope="module")
def large() -> TailnetGraph:
    return scenes.placed(scenes.large(), (126, 44), "arcs")[0]


def draw(graph: TailnetGraph, size: Size, **options: object) -> Frame:
    return draw_map(graph, place(graph, "arcs", size=size), size, MapOptions(**options))  # type: ignore[arg-type]  # a test's shorthand


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scene", ["company", "large"])
def test_everybody_is_shown_or_counted_once(size: Size, scene: str, request: pytest.FixtureRequest) -> None:
    graph: TailnetGraph = request.getfixturevalue(scene)
    seen = Counter[int]()
    for row in arc_rows(graph, size, None):
        seen.update((row.node,) if row.kind is RowKind.NODE else row.members if row.kind is RowKind.MORE else ())

    assert seen == Counter(range(len(graph.nodes)))


@pytest.mark.parametrize("size", SIZES[:3], ids=str)
def test_rows_stand_in_the_picture_one_each(size: Size, large: TailnetGraph) -> None:
    rows = arc_rows(large, size, None)

    assert len({(row.is_left, row.y) for row in rows}) == len(rows)
    assert all(0 <= row.y < size.height and 0 <= row.x < size.width for row in rows)


def test_company_names_all_sixty(company: TailnetGraph) -> None:
    text = to_plain(draw(company, Size(126, 44)))

    assert all(name in text for name in company.names)


def test_the_view_of_a_node_is_told_in_numbers(company: TailnetGraph) -> None:
    text = to_plain(draw(company, Size(126, 44), focus=ref("nyc-db-1")))

    for words in ("10 tag:web", "phones 8", "✕   lon-web-3", "267   lon-web-2", "▲ 101", "◆ 108"):
        assert words in text, words


def test_trunks_carry_class_and_median(company: TailnetGraph) -> None:
    frame = draw(company, Size(126, 44), focus=ref("nyc-db-1"))
    bold = {run.text.strip() for row in frame.rows for run in row if run.style.bold}

    assert "▲ 119" in bold
    assert "● 91" in bold


def test_names_that_begin_alike_can_be_told_apart_beside_the_panes_of_a_usual_terminal(company: TailnetGraph) -> None:
    text = to_plain(draw(company, Size(66, 35)))

    assert "fra-web-1" in text
    assert "…" not in text


def test_the_middle_keeps_room_for_lines_beside_long_names() -> None:
    names = [f"a-very-long-name-{number:02d}" for number in range(40)]
    graph = TailnetGraph.from_snapshot(scenes.snapshot([scenes.node(name) for name in names], []))
    columns = [row.x for row in arc_rows(graph, Size(66, 35), None) if row.is_left]

    assert max(columns) < 66 / 2 - 8
    assert "a-ver…ame-01" in to_plain(draw(graph, Size(66, 35)))


def test_a_node_that_was_never_probed_has_no_mark_beside_its_name() -> None:
    nodes = [scenes.node(name) for name in ("here", "there")]
    pairs = [scenes.pair("here", "there", scenes.UNKNOWN, state=scenes.NEVER)]
    graph = TailnetGraph.from_snapshot(scenes.snapshot(nodes, pairs, [scenes.host("here")]))

    assert "·" not in to_plain(draw(graph, Size(66, 12)))


def test_the_focused_node_always_has_a_row(large: TailnetGraph) -> None:
    for name in ("host-0999", "host-0023", "host-0500"):
        assert name in to_plain(draw(large, Size(100, 30), focus=ref(name)))


def test_you_are_here_in_accent(company: TailnetGraph) -> None:
    frame = draw(company, Size(126, 44), focus=ref("fra-gw"))
    styles = [run.style for row in frame.rows for run in row if "fra-gw" in run.text]

    assert [style.bg for style in styles] == [DARK.colour(Role.ACCENT)]


def test_without_a_choice_the_agent_that_knows_most_sees() -> None:
    nodes = [scenes.node(name) for name in "abcd"]
    pairs = [scenes.pair("a", "d"), *(scenes.pair("b", other) for other in "acd")]
    graph = TailnetGraph.from_snapshot(scenes.snapshot(nodes, pairs, [scenes.host("a"), scenes.host("b")]))

    frame = draw_map(graph, place(graph, "arcs", size=(60, 12)), (60, 12))
    here = [run.text for row in frame.rows for run in row if run.style.bg == DARK.colour(Role.ACCENT)]

    assert here == [" b "]


def test_what_is_wrong_has_a_row_first(company: TailnetGraph) -> None:
    text = to_plain(draw(company, Size(80, 22), focus=ref("nyc-db-1")))

    for name in ("old-mbp", "lon-web-3", "lon-web-2"):
        assert name in text, name


def test_hidden_troubles_are_counted(large: TailnetGraph) -> None:
    text = to_plain(draw(large, Size(120, 30)))

    assert "▲" in text
    assert "+41" in text


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("size", [*SIZES, Size(1, 1), Size(7, 3), Size(300, 90)], ids=str)
def test_arcs_fit_every_size_and_level(size: Size, level: Level, company: TailnetGraph) -> None:
    frame = draw(company, size, level=level)

    assert (frame.width, frame.height) == size


def test_ascii_arcs_are_ascii(company: TailnetGraph) -> None:
    assert to_plain(draw(company, Size(100, 40), level=Level.ASCII)).isascii()


def test_names_can_be_hit(company: TailnetGraph) -> None:
    size = Size(126, 44)
    frame = draw(company, size)
    rows = arc_rows(company, size, None)

    assert all(frame.node_at(row.x, row.y) == row.node for row in rows if row.node >= 0)


def everybody_hit(frame: Frame) -> set[int]:
    return set(frame.nodes.values())


def test_a_crowded_plane_shows_one_nodes_lines_over_texture(company: TailnetGraph) -> None:
    size = Size(126, 44)
    frame = draw_map(company, place(company, "circular", size=size), size, MapOptions(focus=ref("nyc-db-1")))
    colours = {
        run.style.fg for row in frame.rows for run in row if any("\u2800" <= char <= "\u28ff" for char in run.text)
    }

    assert DARK.colour(Role.RULE) in colours
    assert DARK.ramp[3].fg in colours
    assert "tag:web" in to_plain(frame)
    assert everybody_hit(frame) == set(range(60))


@pytest.mark.parametrize("layout", ["focus", "rings", "circular"])
def test_a_full_plane_names_hosts_and_those_in_trouble_and_counts_groups(company: TailnetGraph, layout: str) -> None:
    size, focus = Size(66, 35), ref("ber-gw")
    placement = place(company, layout, size=size, focus=company.index[focus])
    text = to_plain(draw_map(company, placement, size, MapOptions(focus=focus)))

    for name in ("old-mbp", "lon-web-2", "fra-web-1", "ci-run-3", "tag:k8s 9"):
        assert name in text, name
    assert sum(name in text for name in company.names) < 45


def test_in_a_full_plane_no_name_touches_a_marker_of_somebody_else(company: TailnetGraph) -> None:
    size, focus = Size(66, 35), ref("ber-gw")
    placement = place(company, "focus", size=size, focus=company.index[focus])
    rows = to_plain(draw_map(company, placement, size, MapOptions(focus=focus))).splitlines()

    assert not [row for row in rows if re.search(r"[\w:][○●]|[○●][\w:]", row)]


def test_a_group_whose_lines_are_all_drawn_one_by_one_has_no_trunk(company: TailnetGraph) -> None:
    size, focus = Size(126, 44), ref("ber-gw")
    placement = place(company, "focus", size=size, focus=company.index[focus])
    frame = draw_map(company, placement, size, MapOptions(focus=focus))
    bold = [run.text.strip() for row in frame.rows for run in row if run.style.bold]

    assert not [text for text in bold if text.startswith("▲ ")]


def test_a_plane_of_a_thousand_bundles_even_one_nodes_lines(large: TailnetGraph) -> None:
    size = Size(126, 44)
    text = to_plain(draw_map(large, place(large, "circular", size=size), size))
    dots = sum("\u2800" <= char <= "\u28ff" for char in text)

    assert 100 < dots < size.width * size.height / 3


@pytest.mark.parametrize(
    "scene", [scenes.snapshot([], []), scenes.snapshot([scenes.node("alone")], [])], ids=["0", "1"]
)
def test_arcs_of_nobody_are_blank(scene: Snapshot) -> None:
    graph = TailnetGraph.from_snapshot(scene)

    frame = draw_map(graph, place(graph, "arcs", size=(40, 10)), (40, 10))

    assert ("alone" in to_plain(frame)) == bool(graph.nodes)
