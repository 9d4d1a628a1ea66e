"""Too many lines for a plane: one bundle for each agent and group.

One node is always in focus there. The others' bundles are texture; its own lines are drawn one by one while they are
few enough, else as one trunk to each group, in the median colour and the commonest class of their lines, and only what
is wrong stays a line of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tsym_tui.graph.drawing.options import MapOptions
from tsym_tui.graph.drawing.raster import Floats
from tsym_tui.graph.drawing.strokes import (
    Summary,
    classes_of,
    problems,
    rank_of,
    ref_index,
    selected_line,
    summarise_all,
)
from tsym_tui.graph.looks import NodeKind
from tsym_tui.graph.model import Ints, TailnetGraph


@dataclass(frozen=True, eq=False)
class Bundle:
    """Lines of one node to the members of one group, drawn as one."""

    node: int
    group: int
    summary: Summary


def focus_of(graph: TailnetGraph, options: MapOptions) -> int:
    """Return who sees: as asked, else the selected node, else the agent that knows most; -1 in an empty tailnet."""
    for ref in (options.focus, *options.selected[:1]):
        if ref_index(graph, ref) >= 0:
            return ref_index(graph, ref)
    if not graph.nodes:
        return -1
    known = graph.derived.get("knows most")
    if not isinstance(known, int):
        known = graph.derived["knows most"] = _knows_most(graph)
    return known


def _knows_most(graph: TailnetGraph) -> int:
    count = np.zeros(len(graph.nodes), dtype=np.int64)
    for ends in graph.ends:
        count += np.bincount(ends[graph.probed], minlength=len(count))
    rank = {NodeKind.AGENT: 2, NodeKind.SILENT: 1}
    return max(range(len(count)), key=lambda node: (rank.get(graph.kinds[node], 0), count[node], -node))


def is_dense(graph: TailnetGraph, options: MapOptions) -> bool:
    """Whether a plane would be a hairball."""
    return int(np.count_nonzero(graph.probed)) > options.bundles_above


def own_lines(graph: TailnetGraph, focus: int, options: MapOptions) -> tuple[Ints, bool]:
    """Return which lines are drawn one by one, and whether they are all that the node in focus has.

    They are those of the focused and the selected nodes; where these are too many, of them those in trouble; where even
    these are, none but the selected pair's.
    """
    first, second = graph.ends
    nodes = ({focus} | {ref_index(graph, ref) for ref in options.selected}) - {-1}
    at = np.zeros(len(first), dtype=bool)
    for node in nodes:
        at |= (first == node) | (second == node)
    own = np.flatnonzero(at & graph.probed)
    if len(own) <= options.trunks_above:
        return own.astype(np.int32), True
    selected = selected_line(graph, options)
    wrong = own[problems(graph.edges, own, options) | (own == selected)]
    if len(wrong) <= options.trunks_above:
        return wrong.astype(np.int32), False
    return own[own == selected].astype(np.int32), False


def bundles_of(graph: TailnetGraph, options: MapOptions) -> tuple[Bundle, ...]:
    """Return the bundles of every agent, least important first."""
    key = ("bundles", options.thresholds_ms, options.group_by)
    known = graph.derived.get(key)
    if isinstance(known, tuple):
        return known
    grouping = graph.grouped(options.group_by)
    group_of = np.array(grouping.group_of(len(graph.nodes)), dtype=np.int64)
    agents = np.array([kind in {NodeKind.AGENT, NodeKind.SILENT} for kind in graph.kinds], dtype=bool)
    sources = np.flatnonzero(agents if agents.any() else ~agents)
    place = np.full(len(agents), -1, dtype=np.int64)
    place[sources] = np.arange(len(sources))
    count, keys, lines = len(grouping.groups), [], []
    for one, other in (graph.ends, graph.ends[::-1]):
        kept = np.flatnonzero(graph.probed & (place[one] >= 0))
        keys.append(place[one[kept]] * count + group_of[other[kept]])
        lines.append(kept)
    line = np.concatenate(lines)
    summaries = summarise_all(
        np.concatenate(keys), classes_of(graph.edges)[line], graph.edges.latency_ms[line], len(sources) * count
    )
    bundles = [
        Bundle(int(sources[position // count]), position % count, summary)
        for position, summary in enumerate(summaries)
        if summary is not None
    ]
    bundles.sort(key=lambda bundle: rank_of(bundle.summary.look, bundle.summary.latency_ms, options))
    made = graph.derived[key] = tuple(bundles)
    return made


class Hubs(NamedTuple):
    """Where bundles of each group end."""

    middles: Floats
    trunks: tuple[Bundle, ...]
    """The focused node's lines that are not drawn one by one, least important first."""

    @property
    def groups(self) -> set[int]:
        """The groups that have a trunk."""
        return {trunk.group for trunk in self.trunks}


def hubs_of(graph: TailnetGraph, nodes: Floats, focus: int, drawn: Ints, options: MapOptions) -> Hubs:
    """Return the middle of each group, given where nodes are, who sees, and which lines are drawn one by one.

    It is the middle of those that the trunk stands for; of all members where there are none.
    """
    grouping = graph.grouped(options.group_by)
    of, count = np.array(grouping.group_of(len(nodes)), dtype=np.int64), len(grouping.groups)
    first, second = graph.ends
    own = np.setdiff1d(np.flatnonzero(graph.probed & ((first == focus) | (second == focus))), drawn)
    far = first[own].astype(np.int64) + second[own] - focus
    summaries = summarise_all(of[far], classes_of(graph.edges)[own], graph.edges.latency_ms[own], count)
    trunks = [Bundle(focus, group, summary) for group, summary in enumerate(summaries) if summary is not None]
    trunks.sort(key=lambda bundle: rank_of(bundle.summary.look, bundle.summary.latency_ms, options))
    meant = np.ones(len(nodes), dtype=bool)
    meant[np.isin(of, of[far])] = False
    meant[far] = True
    sizes = np.maximum(np.bincount(of[meant], minlength=count), 1)
    sums = [np.bincount(of[meant], weights=nodes[meant, axis], minlength=count) / sizes for axis in (0, 1)]
    return Hubs(np.stack(sums, axis=1), tuple(trunks))
