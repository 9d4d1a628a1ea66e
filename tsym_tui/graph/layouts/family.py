"""networkx's layouts, each behind the same question: positions in the unit square, the same for the same seed.

The iterative ones start from earlier positions and move only what is new, so a map does not jump when a node appears.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from tsym_tui.graph.groups import TAGS_FIRST
from tsym_tui.graph.layouts.values import Arrangement, LayoutError, Points, Request
from tsym_tui.graph.looks import NodeKind
from tsym_tui.graph.model import TailnetGraph

if TYPE_CHECKING:
    import networkx as nx

Positions = Mapping[int, object]

_EDGE = 0.06
"""Share of the square left free on each side, so that names at the rim have room."""


def spring(request: Request) -> Arrangement:
    """Fruchterman and Reingold's forces, fast lines pulling harder.

    `method="force"` works on numpy below 500 nodes; above, networkx would load scipy, so the registry stops there.
    """
    import networkx as nx

    graph = request.graph.networkx()
    start = _start(request, graph)
    kept = request.kept()
    fixed = [node for node in graph if node in kept] or None
    if fixed is not None and len(fixed) == graph.number_of_nodes():
        return Arrangement(_array(start, len(graph)))
    drawn = nx.spring_layout(
        graph, method="force", seed=request.seed, pos=start or None, fixed=fixed, iterations=60, weight="weight"
    )
    return Arrangement(_array(drawn, len(graph)) if fixed else _fit(drawn, len(graph)))


def kamada_kawai(request: Request) -> Arrangement:
    """Distances on the drawing follow distances in the graph."""
    import networkx as nx

    graph = request.graph.networkx()
    _join_parts(graph)
    return _refine(request, graph, lambda start: nx.kamada_kawai_layout(graph, pos=start, weight=None))


def forceatlas2(request: Request) -> Arrangement:
    """Hubs push each other apart."""
    import networkx as nx

    graph = request.graph.networkx()
    return _refine(
        request,
        graph,
        lambda start: nx.forceatlas2_layout(graph, pos=start, max_iter=100, seed=request.seed, weight="weight"),
    )


def arf(request: Request) -> Arrangement:
    """Attraction with a repulsion that keeps parts of a graph round."""
    import networkx as nx

    graph = request.graph.networkx()
    return _refine(request, graph, lambda start: nx.arf_layout(graph, pos=start, max_iter=200, seed=request.seed))


def spectral(request: Request) -> Arrangement:
    """Eigenvectors of the graph's Laplacian."""
    import networkx as nx

    graph = request.graph.networkx()
    return Arrangement(_fit(nx.spectral_layout(graph, weight="weight"), len(graph)))


def circular(request: Request) -> Arrangement:
    """Every node on one ring, groups side by side."""
    import networkx as nx

    order = _by_group(request.graph)
    return Arrangement(_fit(nx.circular_layout(order), len(order)))


def shell(request: Request) -> Arrangement:
    """Agents on the inner ring, everybody else outside."""
    import networkx as nx

    graph, order = request.graph.networkx(), _by_group(request.graph)
    agents = _agents(request.graph)
    rings = [[node for node in order if node in agents], [node for node in order if node not in agents]]
    return Arrangement(_fit(nx.shell_layout(graph, nlist=[ring for ring in rings if ring]), len(graph)))


def spiral(request: Request) -> Arrangement:
    """One line wound up, groups in a row."""
    import networkx as nx

    order = _by_group(request.graph)
    return Arrangement(_fit(nx.spiral_layout(order, equidistant=len(order) > 2), len(order)))


def planar(request: Request) -> Arrangement:
    """No line crosses another, where the graph allows it."""
    import networkx as nx

    graph = request.graph.networkx()
    try:
        drawn = nx.planar_layout(graph)
    except nx.NetworkXException as error:
        raise LayoutError("planar: lines of this tailnet must cross; choose sites, arcs or spring") from error
    return Arrangement(_fit(drawn, len(graph)))


def multipartite(request: Request) -> Arrangement:
    """One column for each group."""
    import networkx as nx

    graph = request.graph.networkx()
    groups = request.graph.grouping(TAGS_FIRST).group_of(len(graph))
    for node in graph:
        graph.nodes[node]["subset"] = groups[node]
    return Arrangement(_fit(nx.multipartite_layout(graph), len(graph)))


def bipartite(request: Request) -> Arrangement:
    """Agents left, everybody else right."""
    import networkx as nx

    graph = request.graph.networkx()
    agents = sorted(_agents(request.graph)) or [0]
    return Arrangement(_fit(nx.bipartite_layout(graph, agents), len(graph)))


def bfs(request: Request) -> Arrangement:
    """Columns by the number of hops from the first agent."""
    import networkx as nx

    graph = request.graph.networkx()
    start = min(_agents(request.graph), default=0)
    _join_parts(graph, start)
    return Arrangement(_fit(nx.bfs_layout(graph, start), len(graph)))


def _refine(request: Request, graph: nx.Graph, draw: Callable[[dict[int, Points] | None], Positions]) -> Arrangement:
    """Run an iterative layout from the earlier positions; keep them as they are when nobody is new."""
    start = _start(request, graph)
    if start and set(request.kept()) == set(graph):
        return Arrangement(_array(start, len(graph)))
    return Arrangement(_fit(draw(start or None), len(graph)))


def _start(request: Request, graph: nx.Graph) -> dict[int, Points]:
    """Return earlier positions, with newcomers between their neighbours; empty when there are none.

    Values are numpy arrays, because ForceAtlas2 copies them by `.copy()`.
    """
    kept = {node: np.asarray(position) for node, position in request.kept().items()}
    if not kept:
        return {}
    rng = np.random.default_rng(request.seed)
    places = dict(kept)
    for node in graph:
        if node not in kept:
            near = [kept[other] for other in graph[node] if other in kept] or [np.full(2, 0.5)]
            places[node] = np.clip(np.mean(near, axis=0) + rng.uniform(-0.1, 0.1, 2), _EDGE, 1 - _EDGE)
    return places


def _join_parts(graph: nx.Graph, start: int | None = None) -> None:
    """Tie the parts of a graph together, for layouts that need it whole."""
    import networkx as nx

    parts = [min(part) for part in nx.connected_components(graph)]
    hub = parts[0] if start is None else start
    for node in parts:
        if not nx.has_path(graph, hub, node):
            graph.add_edge(hub, node, weight=0.1)


def _agents(graph: TailnetGraph) -> set[int]:
    return {node for node, kind in enumerate(graph.kinds) if kind in {NodeKind.AGENT, NodeKind.SILENT}}


def _by_group(graph: TailnetGraph) -> list[int]:
    return [member for group in graph.grouping(TAGS_FIRST).groups for member in group.members]


def _array(places: Positions, count: int) -> Points:
    return np.asarray([places[node] for node in range(count)], dtype=np.float64).reshape(count, 2)


def _fit(places: Positions, count: int) -> Points:
    """Stretch positions to fill the unit square; what has no extent stays in the middle."""
    points = _array(places, count)
    if not count:
        return points
    low, high = points.min(axis=0), points.max(axis=0)
    extent = high - low
    spread = np.where(extent > 1e-9, extent, 1.0)
    unit = np.where(extent > 1e-9, (points - low) / spread, 0.5)
    return _EDGE + unit * (1 - 2 * _EDGE)
