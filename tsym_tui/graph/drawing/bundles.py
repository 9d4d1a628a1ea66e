"""Too many lines for a plane: one bundle for each agent and group.

One node is always in focus there. The others' bundles are texture; its own lines are drawn one by one while they are
few enough, else as bundles too, in the median colour and the commonest class of their lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsym_agent.model.paths import SampleState
from tsym_tui.graph.drawing.options import MapOptions
from tsym_tui.graph.drawing.raster import Floats
from tsym_tui.graph.drawing.strokes import Summary, rank_of, ref_index, summarise
from tsym_tui.graph.groups import TAGS_FIRST
from tsym_tui.graph.looks import Line, NodeKind
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
    known = np.zeros(len(graph.nodes), dtype=np.int64)
    for ends in graph.ends:
        known += np.bincount(ends[graph.probed], minlength=len(known))
    rank = {NodeKind.AGENT: 2, NodeKind.SILENT: 1}
    return max(range(len(known)), key=lambda node: (rank.get(graph.kinds[node], 0), known[node], -node))


def is_dense(graph: TailnetGraph, options: MapOptions) -> bool:
    """Whether a plane would be a hairball."""
    return int(graph.probed.sum()) > options.bundles_above


def own_lines(graph: TailnetGraph, focus: int, options: MapOptions) -> Ints:
    """Return the lines of the focused and the selected nodes; none when even those are too many."""
    nodes = ({focus} | {ref_index(graph, ref) for ref in options.selected}) - {-1}
    lines = sorted({line for node in nodes for line in graph.lines_of(node)})
    return np.array(lines if len(lines) <= options.bundles_above else [], dtype=np.int32)


def bundles_of(graph: TailnetGraph, options: MapOptions) -> tuple[Bundle, ...]:
    """Return the bundles of every agent, least important first."""
    key = ("bundles", options.thresholds_ms)
    known = graph.derived.get(key)
    if isinstance(known, tuple):
        return known
    of = graph.grouping(TAGS_FIRST).group_of(len(graph.nodes))
    agents = {node for node, kind in enumerate(graph.kinds) if kind in {NodeKind.AGENT, NodeKind.SILENT}}
    members: dict[tuple[int, int], list[Line]] = {}
    for line, a, b in zip(graph.lines, *(ends.tolist() for ends in graph.ends), strict=True):
        if line.state is not SampleState.NEVER:
            for one, other in ((a, b), (b, a)):
                if one in agents or not agents:
                    members.setdefault((one, of[other]), []).append(line)
    summaries = ((ends, summarise(lines)) for ends, lines in members.items())
    bundles = [Bundle(*ends, summary) for ends, summary in summaries if summary is not None]
    bundles.sort(key=lambda bundle: rank_of(bundle.summary.look, bundle.summary.latency_ms, options))
    made = graph.derived[key] = tuple(bundles)
    return made


def middles(graph: TailnetGraph, nodes: Floats) -> Floats:
    """Return the middle of each group, given where nodes are."""
    groups = graph.grouping(TAGS_FIRST).groups
    return np.array([nodes[list(group.members)].mean(axis=0) for group in groups]).reshape(-1, 2)
