"""Every layout answers in the unit square, the same each time; ours keep nodes apart and in place."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations, pairwise

import numpy as np
import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import both_ways, node, pair, ref, snapshot
from tsym_tui.graph import layouts
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.layouts import LAYOUTS, Area, LayoutCancelledError, LayoutError, Placement, Points, place
from tsym_tui.graph.layouts.forces import Field
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


def tree_of(count: int) -> TailnetGraph:
    """Return a tailnet in which every node has a line to the one of half its number."""
    pairs = [each for i in range(1, count) for each in both_ways(f"n{i // 2 if i > 1 else 0}", f"n{i}", 5)]
    return TailnetGraph.from_snapshot(snapshot([node(f"n{i}") for i in range(count)], pairs, [scenes.host("n0")]))


def grove(*newcomers: str) -> TailnetGraph:
    """Return three tags of eight, each with a host that sees them; newcomers have a line to the host of the second."""
    names = [f"{tag}{i}" for i in range(8) for tag in "abc"]
    nodes = [node(name, tags=(f"tag:{name[0]}",)) for name in names]
    nodes += [node(name, tags=("tag:b",)) for name in newcomers]
    pairs = [each for name in names[3:] for each in both_ways(f"{name[0]}0", name, 5)]
    pairs += [each for name in newcomers for each in both_ways("b0", name, 5)]
    pairs += [each for one, other in (("a0", "b0"), ("b0", "c0")) for each in both_ways(one, other, 40)]
    return TailnetGraph.from_snapshot(snapshot(nodes, pairs, [scenes.host(name) for name in names[:3]]))


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


def is_in_the_square(placement: Placement, count: int) -> bool:
    positions = placement.positions
    fits = positions.shape == (count, 2) and np.isfinite(positions).all()
    return bool(fits and (positions >= 0).all() and (positions <= 1).all())


@pytest.mark.parametrize("name", list(LAYOUTS))
@pytest.mark.parametrize(
    ("count", "hosts", "tags"), [(0, 0, 0), (1, 1, 0), (2, 0, 0), (2, 1, 2), (3, 3, 0), (12, 0, 3), (12, 12, 3)]
)
def test_every_layout_takes_nodes_without_lines(name: str, count: int, hosts: int, tags: int) -> None:
    assert is_in_the_square(place(alike(count, hosts, tags), name), count)


@pytest.mark.parametrize("name", list(LAYOUTS))
@pytest.mark.parametrize("count", [2, 3])
def test_every_layout_takes_two_and_three_that_know_each_other(name: str, count: int) -> None:
    pairs = [each for one, other in combinations("abc"[:count], 2) for each in both_ways(one, other, 5)]
    graph = TailnetGraph.from_snapshot(snapshot([node(name) for name in "abc"[:count]], pairs, [scenes.host("a")]))

    assert is_in_the_square(place(graph, name), count)


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_every_layout_takes_a_tailnet_in_pieces(name: str) -> None:
    nodes = [node(f"{piece}{i}", tags=(f"tag:{piece}",)) for piece in "abc" for i in range(6)]
    pairs = [each for piece in "ab" for i in range(1, 6) for each in both_ways(f"{piece}0", f"{piece}{i}", 9)]
    graph = TailnetGraph.from_snapshot(snapshot(nodes, pairs, [scenes.host("a0"), scenes.host("b0")]))

    assert is_in_the_square(place(graph, name), 18)


BOUNDLESS = [name for name, layout in LAYOUTS.items() if layout.most_nodes is None]


@pytest.fixture(scope="module")
def thousands() -> TailnetGraph:
    """Return 5,000 nodes that two hosts see, all in one group."""
    nodes = [node(f"n{i}", tags=("tag:all",)) for i in range(5000)]
    pairs = [pair(f"n{i % 2}", f"n{i}", latency_ms=i % 90) for i in range(2, 5000)]
    return TailnetGraph.from_snapshot(snapshot(nodes, pairs, [scenes.host("n0"), scenes.host("n1")]))


@pytest.mark.parametrize("name", BOUNDLESS)
def test_layouts_without_a_limit_take_thousands_in_one_group(name: str, thousands: TailnetGraph) -> None:
    assert is_in_the_square(place(thousands, name), 5000)


@pytest.mark.parametrize("name", [name for name, layout in LAYOUTS.items() if layout.most_nodes])
def test_layouts_take_as_many_nodes_as_they_say(name: str) -> None:
    count = LAYOUTS[name].most_nodes or 0
    graph = tree_of(count) if name == "planar" else TailnetGraph.from_snapshot(scenes.large(count, 3))

    assert is_in_the_square(place(graph, name), count)


STAYING = [name for name in LAYOUTS if name not in {"arcs", "focus", "planar"}]


@pytest.mark.parametrize("name", STAYING)
def test_nobody_moves_when_nothing_changed(name: str) -> None:
    first = place(grove(), name, size=(80, 24), seed=1)

    again = place(grove(), name, size=(80, 24), seed=2, previous=first)

    assert np.allclose(again.positions, first.positions)


def with_newcomer() -> TailnetGraph:
    scene = scenes.home()
    return TailnetGraph.from_snapshot(
        snapshot(
            [*scene.nodes.values(), node("printer", site="home 192.168.1.0/24")],
            [*scene.pairs.values(), *both_ways("laptop", "printer", 3)],
            scene.hosts,
        )
    )


@pytest.mark.parametrize("name", [name for name in STAYING if name != "sites"])
def test_a_newcomer_moves_nobody_and_stands_on_nobody(name: str) -> None:
    first = place(grove(), name, size=(80, 24))

    grown = place(grove("newcomer"), name, size=(80, 24), previous=first).positions

    assert np.allclose(grown[:-1], first.positions)
    assert np.hypot(*(grown[:-1] - grown[-1]).T).min() > 0.01


def test_a_newcomer_of_a_site_moves_nobody() -> None:
    first = place(home(), "sites", size=(80, 24))

    grown = place(with_newcomer(), "sites", size=(80, 24), previous=first)

    assert cells(grown)[:8] == cells(first)
    assert cells(grown)[8] not in cells(first)


def test_a_newcomer_stands_near_those_it_has_lines_to() -> None:
    first = place(grove(), "force")
    grown = place(grove("newcomer"), "force", previous=first).positions
    away = np.hypot(*(grown[:-1] - grown[-1]).T)

    assert away[1] < np.median(away)


def test_with_many_newcomers_there_is_a_new_picture() -> None:
    first = place(grove(), "rings")

    grown = place(grove(*(f"newcomer-{i}" for i in range(10))), "rings", previous=first)

    assert not np.allclose(grown.positions[:24], first.positions)


def test_another_criterion_is_another_picture() -> None:
    first = place(grove(), "rings")

    assert not np.allclose(place(grove(), "rings", previous=first, criterion=Criterion.NONE).positions, first.positions)


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
        (300, 50, 0, "arcs"),
        (301, 50, 0, "rings"),
        (2000, 50, 24, "arcs"),
        (2001, 150, 24, "tags"),
        (2001, 151, 24, "rings"),
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


def test_without_scipy_only_one_layout_is_missing_and_names_the_extra() -> None:
    complaints = run_isolated(_WITHOUT_SCIPY).splitlines()

    assert [line.partition(" ")[0] for line in complaints if "tsym[layouts]" in line] == ["kamada-kawai"]
    assert len(complaints) == 2  # and planar, whose lines must cross


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


@pytest.mark.parametrize("name", ["sites", "tags", "force", "spring", "forceatlas2", "arf"])
def test_a_long_layout_is_stopped_on_its_way(name: str) -> None:
    asked = iter([False, False])

    with pytest.raises(LayoutCancelledError):
        place(grove(), name, cancel=lambda: next(asked, True))


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_an_animation_ends_where_the_layout_does(name: str) -> None:
    steps: list[Points] = []

    placement = place(grove(), name, on_step=steps.append, rotation=30)

    assert len(steps) > 4
    assert np.array_equal(steps[-1], placement.positions)
    assert all((step >= 0).all() and (step <= 1).all() for step in steps)


def test_an_animation_begins_where_everybody_was() -> None:
    steps: list[Points] = []
    before = place(grove(), "circular")

    after = place(grove(), "shell", previous=before, on_step=steps.append)

    moved = np.hypot(*(steps[0] - before.positions).T)
    assert (moved <= 0.05 * np.hypot(*(after.positions - before.positions).T) + 1e-9).all()


def test_an_animation_changes_no_answer() -> None:
    assert np.array_equal(place(grove(), "force", on_step=lambda _: None).positions, place(grove(), "force").positions)


def test_rings_have_hosts_inside_and_groups_side_by_side() -> None:
    graph = grove()
    away = place(graph, "rings").positions - 0.5
    reach, angles = np.hypot(*away.T), np.arctan2(*away.T)
    order = [graph.nodes[node].tags for node in np.argsort(angles) if reach[node] > 0.3]

    assert reach[:3].max() < reach[3:].min()
    assert sum(one != other for one, other in pairwise(order)) <= 3


def test_a_mesh_of_hosts_alone_stands_in_one_ring() -> None:
    reach = np.hypot(*(place(alike(24, 24, 3), "rings").positions - 0.5).T)

    assert reach.min() > 0.3


def test_tags_give_each_group_a_rectangle_of_its_own_with_its_members() -> None:
    graph = TailnetGraph.from_snapshot(scenes.large())
    placement = place(graph, "tags", size=(120, 36))
    of = {area.title: area for area in placement.areas}
    inside = [
        of[each.tags[0]].left <= x <= of[each.tags[0]].right and of[each.tags[0]].top <= y <= of[each.tags[0]].bottom
        for each, (x, y) in zip(graph.nodes[50:], placement.positions[50:], strict=True)
    ]

    assert len(of) == 24
    assert all(inside)
    assert not any(overlap(one, other) for one, other in combinations(placement.areas, 2))


def test_tags_of_another_size_keep_who_is_where() -> None:
    graph = TailnetGraph.from_snapshot(scenes.company())
    first = place(graph, "tags", size=(120, 36))

    resized = place(graph, "tags", size=(80, 24), previous=first)

    assert np.hypot(*(resized.positions - first.positions).T).mean() < 0.1


def test_focus_puts_a_node_in_the_middle_and_its_troubles_on_the_right() -> None:
    graph = TailnetGraph.from_snapshot(scenes.company())
    middle = graph.index[ref("fra-web-1")]
    across = place(graph, "focus", focus=middle).positions[:, 0]

    assert across[middle] == 0.5
    assert all(across[graph.index[ref(name)]] > 0.5 for name in ("old-mbp", "lon-web-2", "gus", "ci-run-2"))
    assert all(across[graph.index[ref(name)]] < 0.5 for name in ("fra-web-2", "fra-gw", "ber-nas"))


@pytest.mark.parametrize("size", [(66, 35), (100, 43), (80, 20)], ids=str)
def test_focus_gives_each_group_that_works_rows_of_its_own(size: tuple[int, int]) -> None:
    graph = TailnetGraph.from_snapshot(scenes.company())
    positions = place(graph, "focus", size=size, focus=graph.index[ref("ber-gw")]).positions
    rows: dict[int, set[str]] = {}
    for each, (x, y) in zip(graph.nodes, positions.tolist(), strict=True):
        if x < 0.5 and y < 0.94:
            rows.setdefault(int(y * size[1]), set()).add(each.tags[0] if each.tags else "")

    assert len(rows) > 8
    assert {len(tags) for tags in rows.values()} == {1}


def test_focus_sets_aside_whoever_has_no_line_to_the_middle() -> None:
    placement = place(grove(), "focus", focus=0)
    known = {0, 1, *range(3, 24, 3)}

    assert all((y > 0.94) == (node not in known) for node, y in enumerate(placement.positions[:, 1].tolist()))


def test_focus_without_a_wish_takes_the_host_with_most_lines() -> None:
    graph = grove("newcomer")

    assert np.array_equal(place(graph, "focus").positions, place(graph, "focus", focus=1).positions)


def test_force_brings_those_together_who_talk() -> None:
    graph = grove()
    positions = place(graph, "force").positions
    tags = np.array([ord(each.tags[0][-1]) for each in graph.nodes])
    apart = np.hypot(*(positions[:, None] - positions[None]).transpose(2, 0, 1))
    same = tags[:, None] == tags[None]

    assert apart[same].mean() < 0.6 * apart[~same].mean()


def test_the_grid_pushes_as_every_pair_would() -> None:
    points = np.random.default_rng(4).random((200, 2))
    away = points[:, None] - points[None]
    squared = (away**2).sum(axis=2) + np.eye(200)
    exact = (away / squared[..., None]).sum(axis=1)

    found = Field(200).push(points)

    assert np.median(np.hypot(*(found - exact).T)) < 0.1 * np.median(np.hypot(*exact.T))


def test_marks_of_relays_stay_clear_of_a_crowd() -> None:
    graph = TailnetGraph.from_snapshot(scenes.large())
    placement = place(graph, "rings", size=(120, 36))
    ((x, y),) = placement.regions.values()

    assert (np.floor(x * 120), np.floor(y * 36)) not in {(float(a), float(b)) for a, b in cells(placement)}
