"""Every layout answers in the unit square, the same each time; ours keep nodes apart and in place."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import both_ways, node, ref, snapshot
from tsym_tui.graph import layouts
from tsym_tui.graph.layouts import LAYOUTS, Area, LayoutCancelledError, LayoutError, Placement, place
from tsym_tui.graph.model import TailnetGraph

SIZES = [(20, 5), (40, 12), (66, 31), (80, 20), (120, 36), (200, 60)]


def home() -> TailnetGraph:
    return TailnetGraph.from_snapshot(scenes.home())


def tree() -> TailnetGraph:
    """Return a tailnet that every layout can draw, also the planar one."""
    nodes = [node(name) for name in "abcdefg"]
    pairs = [pair for peer in "bcd" for pair in both_ways("a", peer, 5)]
    pairs += [pair for peer in "efg" for pair in both_ways("b", peer, 50)]
    return TailnetGraph.from_snapshot(snapshot(nodes, pairs, [scenes.host("a")]))


def cells(placement: Placement) -> list[tuple[int, int]]:
    scaled = np.floor(placement.positions * np.array(placement.size)).astype(int)
    return [(x, y) for x, y in scaled.tolist()]


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_every_layout_stays_in_the_unit_square(name: str) -> None:
    positions = place(tree(), name).positions

    assert positions.shape == (7, 2)
    assert np.isfinite(positions).all()
    assert (positions >= 0).all()
    assert (positions <= 1).all()


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_every_layout_is_the_same_for_the_same_seed(name: str) -> None:
    one, other = place(tree(), name, seed=3), place(tree(), name, seed=3)

    assert np.array_equal(one.positions, other.positions)


@pytest.mark.parametrize("name", list(LAYOUTS))
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_every_layout_takes_tiny_tailnets(name: str, count: int) -> None:
    graph = TailnetGraph.from_snapshot(snapshot([node(f"n{i}") for i in range(count)], []))

    assert place(graph, name).positions.shape == (count, 2)


@pytest.mark.parametrize("name", ["spring", "kamada-kawai", "arf", "forceatlas2", "sites"])
def test_nobody_moves_when_nothing_changed(name: str) -> None:
    first = place(home(), name, size=(80, 24))

    again = place(home(), name, size=(80, 24), previous=first)

    assert cells(again) == cells(first)


def with_newcomer() -> TailnetGraph:
    scene = scenes.home()
    return TailnetGraph.from_snapshot(
        snapshot(
            [*scene.nodes.values(), node("printer", site="home 192.168.1.0/24")],
            [*scene.pairs.values(), *both_ways("laptop", "printer", 3)],
            scene.hosts,
        )
    )


@pytest.mark.parametrize("name", ["spring", "sites"])
def test_a_newcomer_moves_nobody(name: str) -> None:
    first = place(home(), name, size=(80, 24))

    grown = place(with_newcomer(), name, size=(80, 24), previous=first)

    assert cells(grown)[:8] == cells(first)
    assert cells(grown)[8] not in cells(first)


def test_a_newcomer_takes_a_place_in_its_site() -> None:
    grown = place(with_newcomer(), size=(80, 24), previous=place(home(), size=(80, 24)))
    area = next(area for area in grown.areas if area.title == "home")
    x, y = grown.positions[8]

    assert area.left <= x <= area.right
    assert area.top < y <= area.bottom


def test_a_new_site_is_room_for_a_new_picture() -> None:
    scene = scenes.home()
    grown = TailnetGraph.from_snapshot(snapshot([*scene.nodes.values(), node("cabin", site="cabin")], []))

    placement = place(grown, size=(80, 24), previous=place(home(), size=(80, 24)))

    assert "cabin" in {area.title for area in placement.areas}


def overlap(one: Area, other: Area) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom


@pytest.mark.parametrize("size", SIZES[1:], ids=str)
def test_sites_do_not_overlap_and_hold_their_nodes(size: tuple[int, int]) -> None:
    graph = home()
    placement = place(graph, size=size)
    of = {area.title: area for area in placement.areas}

    assert not any(overlap(one, other) for one, other in combinations(placement.areas, 2))
    for each, (x, y) in zip(graph.nodes, placement.positions, strict=True):
        area = of[(each.site or "").partition(" ")[0]]
        assert area.left <= x <= area.right
        assert area.top <= y <= area.bottom


@pytest.mark.parametrize("size", SIZES[2:], ids=str)
def test_sites_give_every_node_a_cell_of_its_own_below_the_title(size: tuple[int, int]) -> None:
    graph = home()
    placement = place(graph, size=size)
    of = {area.title: round(area.top * size[1]) for area in placement.areas}
    titles = [of[(each.site or "").partition(" ")[0]] for each in graph.nodes]

    assert len(set(cells(placement))) == len(graph.nodes)
    assert all(y > title for (_, y), title in zip(cells(placement), titles, strict=True))


def test_relay_marks_stand_inside_the_picture() -> None:
    ((x, y),) = place(home(), size=(66, 31)).regions.values()

    assert 0 < x < 1
    assert 0 < y < 1


def alike(count: int, hosts: int = 1, tags: int = 0) -> TailnetGraph:
    """Return nodes of which only some are hosts, in some tags, without lines."""
    names = [f"n{i}" for i in range(count)]
    nodes = [node(name, tags=(f"tag:t{i % tags}",) if tags else ()) for i, name in enumerate(names)]
    return TailnetGraph.from_snapshot(snapshot(nodes, [], [scenes.host(name) for name in names[:hosts]]))


@pytest.mark.parametrize(
    ("count", "hosts", "tags", "name"),
    [
        (5, 2, 0, "sites"),
        (30, 30, 3, "sites"),
        (31, 2, 0, "arcs"),
        (300, 50, 8, "arcs"),
        (301, 50, 8, "tags"),
        (301, 50, 0, "rings"),
        (301, 301, 8, "rings"),
        (1000, 150, 24, "tags"),
    ],
)
def test_auto_goes_by_how_many_nodes_there_are_and_of_what_kind(count: int, hosts: int, tags: int, name: str) -> None:
    assert layouts.choose(alike(count, hosts, tags)) == name


def test_a_person_says_from_how_many_nodes_on_there_are_trunks() -> None:
    assert layouts.choose(alike(40), trunks_above=50) == "sites"
    assert layouts.choose(alike(400), trunks_above=500) == "arcs"


def test_an_unknown_layout_lists_the_choices() -> None:
    with pytest.raises(LayoutError, match="choose auto, sites, arcs"):
        place(home(), "hairball")


def test_a_graph_too_large_for_a_layout_says_what_to_choose() -> None:
    many = TailnetGraph.from_snapshot(snapshot([node(f"n{i}") for i in range(500)], []))

    with pytest.raises(LayoutError, match="above 499 nodes and there are 500: choose force"):
        place(many, "spring")


def test_a_graph_that_must_cross_is_told_so() -> None:
    with pytest.raises(LayoutError, match="must cross"):
        place(home(), "planar")


def run_isolated(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


_WITHOUT_SCIPY = """
import sys
sys.modules["scipy"] = None
sys.modules["scipy.sparse"] = None
from tests.unit.graph import scenes
from tsym_tui.graph.layouts import LAYOUTS, LayoutError, place
from tsym_tui.graph.model import TailnetGraph
import importlib.util, tsym_tui.graph.layouts as layouts
layouts.find_spec = lambda name: None
graph = TailnetGraph.from_snapshot(scenes.home())
for name in LAYOUTS:
    try:
        place(graph, name)
    except LayoutError as error:
        print(error)
"""


def test_without_scipy_only_two_layouts_are_missing_and_name_the_extra() -> None:
    complaints = run_isolated(_WITHOUT_SCIPY).splitlines()

    assert [line.partition(" ")[0] for line in complaints if "tsym[layouts]" in line] == ["kamada-kawai", "spectral"]
    assert len(complaints) == 3  # and planar, whose lines must cross


def test_looks_and_words_cost_no_numpy() -> None:
    modules = ("looks", "themes", "words", "legend", "frame", "groups")
    imports = "; ".join(f"import tsym_tui.graph.{module}" for module in modules)

    heavy = run_isolated(
        f"{imports}; import sys; print({{'numpy', 'networkx', 'textual', 'scipy'}} & set(sys.modules))"
    )

    assert heavy == "set()"


def test_networkx_waits_for_a_layout_that_needs_it() -> None:
    code = """
import sys
from tests.unit.graph import scenes
from tsym_tui.graph.layouts import place
from tsym_tui.graph.model import TailnetGraph
graph = TailnetGraph.from_snapshot(scenes.home())
place(graph, "sites")
before = "networkx" in sys.modules
place(graph, "spring")
print(before, "networkx" in sys.modules, "scipy" in sys.modules)
"""

    assert run_isolated(code) == "False True False"


def test_a_position_is_kept_by_identity_not_by_order() -> None:
    first = place(home(), "spring")
    scene = scenes.home()
    turned = TailnetGraph.from_snapshot(snapshot(reversed(scene.nodes.values()), scene.pairs.values(), scene.hosts))

    again = place(turned, "spring", previous=first)

    assert np.allclose(again.positions[turned.index[ref("nas")]], first.positions[home().index[ref("nas")]])


def test_a_quarter_turn_moves_everybody_clockwise_about_the_middle() -> None:
    upright, turned = place(tree(), "circular"), place(tree(), "circular", rotation=90)
    across, down = (upright.positions - 0.5).T

    assert np.allclose(turned.positions - 0.5, np.column_stack([-down, across]))


@pytest.mark.parametrize("degrees", [15, 45, 123, 270, 345])
def test_turned_positions_stay_in_the_unit_square(degrees: float) -> None:
    positions = place(tree(), "bfs", rotation=degrees).positions

    assert (positions >= 0).all()
    assert (positions <= 1).all()


def test_turning_twice_does_not_turn_what_is_turned() -> None:
    once = place(tree(), "spring", rotation=30)

    assert np.allclose(place(tree(), "spring", rotation=30, previous=once).positions, once.positions)


def test_rows_of_names_cannot_be_turned() -> None:
    assert np.array_equal(place(home(), "arcs", rotation=45).positions, place(home(), "arcs").positions)


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_a_cancelled_layout_says_so(name: str) -> None:
    with pytest.raises(LayoutCancelledError):
        place(tree(), name, cancel=lambda: True)
