"""networkx's layouts, each behind the same question: positions in the unit square, the same for the same seed.

The iterative ones start from earlier positions and move only what is new, so a map does not jump when a node appears.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from tsym_tui.graph.groups import TAGS_FIRST
from tsym_tui.graph.layouts.fitting import fit, hosts_of, settle_newcomers
from tsym_tui.graph.layouts.forces import springs_of
from tsym_tui.graph.layouts.values import Arrangement, LayoutError, Points, Request

if TYPE_CHECKING:
    import networkx as nx

Positions = Mapping[int, object]
Places = dict[int, Points]

SPARSE_FROM = 500

ARF_PULL = 20.0
"""How much harder a line pulls than no line. networkx's 1.1 leaves a graph as random as it began."""


def spring(request: Request) -> Arrangement:
    """Fruchterman and Reingold's forces, fast lines pulling harder.

    `method="force"` works on numpy below 500 nodes; above, networkx would load scipy, and `force` draws the same.
    """
    import networkx as nx

    graph = request.graph.networkx()

    def go_on(places: Places | None) -> Positions:
        found: Positions = nx.spring_layout(
            graph, method="force", pos=places, iterations=12, seed=request.seed, scale=None
        )
        return found

    return _in_slices(request, 5, go_on)


def kamada_kawai(request: Request) -> Arrangement:
    """Distances on the drawing follow distances in the graph. networkx searches in one piece, so few nodes only."""
    import networkx as nx

    graph = request.graph.networkx()
    _join_parts(graph)
    return _in_slices(request, 1, lambda places: nx.kamada_kawai_layout(graph, pos=places, weight=None))


def forceatlas2(request: Request) -> Arrangement:
    """Hubs push each other apart."""
    import networkx as nx

    graph = request.graph.networkx()

    def go_on(places: Places | None) -> Positions:
        found: Positions = nx.forceatlas2_layout(graph, pos=places, max_iter=12, seed=request.seed, weight="weight")
        return found

    return _in_slices(request, 8, go_on)


def arf(request: Request) -> Arrangement:
    """Attraction with a repulsion that keeps parts of a graph round.

    The step is what the busiest node can take: with networkx's own, hubs of a hundred lines swing until numbers end.
    """
    import networkx as nx

    graph = request.graph.networkx()
    busiest = max(degree for _, degree in graph.degree)
    step = 1.5 / (len(graph) + ARF_PULL * busiest)

    def go_on(places: Places | None) -> Positions:
        found: Positions = nx.arf_layout(graph, pos=places, a=ARF_PULL, dt=step, max_iter=12, seed=request.seed)
        return found

    return _in_slices(request, 10, go_on)


def _in_slices(request: Request, slices: int, go_on: Callable[[Places | None], Positions]) -> Arrangement:
    """Run an iterative layout from earlier positions, or from its own start, a slice of iterations at a time.

    Between slices others see the positions or stop the whole. Places are numpy arrays, because ForceAtlas2 copies them.
    """
    count = len(request.graph.nodes)
    kept = request.kept()
    points = settle_newcomers(request, kept, by_group=False) if kept else None
    for _ in range(slices):
        points = _array(go_on(None if points is None else dict(enumerate(points))), count)
        request.step(fit(points))
    return Arrangement(fit(points) if points is not None else np.empty((0, 2)))


def spectral(request: Request) -> Arrangement:
    """Eigenvectors of the graph's Laplacian.

    From 500 nodes on networkx takes the sparse way, whose start is random and which needs scipy; ours stays dense.
    """
    import networkx as nx

    if len(request.graph.nodes) >= SPARSE_FROM:
        return Arrangement(fit(_dense_spectral(request)))
    graph = request.graph.networkx()
    return Arrangement(_fit(nx.spectral_layout(graph, weight="weight"), len(graph)))


def _dense_spectral(request: Request) -> Points:
    """Return the eigenvectors of the second and third smallest eigenvalue."""
    springs, count = springs_of(request.graph), len(request.graph.nodes)
    laplacian = np.zeros((count, count))
    laplacian[springs.first, springs.second] = laplacian[springs.second, springs.first] = -springs.strength
    np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
    return np.asarray(np.linalg.eigh(laplacian)[1][:, 1:3])


def circular(request: Request) -> Arrangement:
    """Every node on one ring, groups side by side."""
    import networkx as nx

    order = _by_group(request)
    return Arrangement(_fit(nx.circular_layout(order), len(order)))


def shell(request: Request) -> Arrangement:
    """Hosts on the inner ring, everybody else outside."""
    import networkx as nx

    order, hosts = _by_group(request), hosts_of(request.graph)
    rings = [[node for node in order if hosts[node]], [node for node in order if not hosts[node]]]
    return Arrangement(_fit(nx.shell_layout(_without_lines(order), nlist=[ring for ring in rings if ring]), len(order)))


def spiral(request: Request) -> Arrangement:
    """One line wound up, groups in a row."""
    import networkx as nx

    order = _by_group(request)
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

    groups = request.groups(TAGS_FIRST).groups
    graph = _without_lines(_by_group(request))
    columns = {column: list(group.members) for column, group in enumerate(groups)}
    return Arrangement(_fit(nx.multipartite_layout(graph, subset_key=columns), len(graph)))


def bipartite(request: Request) -> Arrangement:
    """Hosts left, everybody else right, groups in a row."""
    import networkx as nx

    order, hosts = _by_group(request), hosts_of(request.graph)
    sides = [[node for node in order if hosts[node]], [node for node in order if not hosts[node]]]
    columns = {column: side for column, side in enumerate(sides) if side}
    return Arrangement(_fit(nx.multipartite_layout(_without_lines(order), subset_key=columns), len(order)))


def bfs(request: Request) -> Arrangement:
    """Columns by the number of hops from the first host."""
    import networkx as nx

    graph = request.graph.networkx()
    start = int(hosts_of(request.graph).argmax())
    _join_parts(graph, start)
    return Arrangement(_fit(nx.bfs_layout(graph, start), len(graph)))


def _without_lines(order: list[int]) -> nx.Graph:
    """Return a graph of the nodes alone, for layouts that look no further: building lines would take longest."""
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from(order)
    return graph


def _join_parts(graph: nx.Graph, hub: int = 0) -> None:
    """Tie the parts of a graph to a node, for layouts that need it whole."""
    import networkx as nx

    parts = list(nx.connected_components(graph))
    graph.add_edges_from((hub, min(part), {"weight": 0.1}) for part in parts if hub not in part)


def _by_group(request: Request) -> list[int]:
    return [member for group in request.groups(TAGS_FIRST).groups for member in group.members]


def _array(places: Positions, count: int) -> Points:
    return np.asarray([places[node] for node in range(count)], dtype=np.float64).reshape(count, 2)


def _fit(places: Positions, count: int) -> Points:
    return fit(_array(places, count))
