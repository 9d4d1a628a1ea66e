"""GraphML by networkx: every ordered pair an edge with its numbers, for Gephi, yEd and scripts."""

from __future__ import annotations

from tsym_agent.model.documents import node_entry, pair_entry
from tsym_agent.model.text import printable
from tsym_agent.model.times import format_time
from tsym_tui.graph.export.request import ExportRequest

_Fact = str | int | float | bool

_MEASURED = frozenset({"latency_ms", "p50_ms", "p95_ms", "jitter_ms", "loss", "age_s"})
"""Always written as decimals, because GraphML declares one type for each key."""


def to_graphml(request: ExportRequest) -> str:
    """Write a directed graph; unknown facts are left out, since GraphML has no null."""
    import networkx as nx

    graph = nx.DiGraph()
    graph.graph["title"] = printable(request.title)
    graph.graph["generated_at"] = format_time(request.snapshot.generated_at)
    if request.note:
        graph.graph["note"] = printable(request.note)
    for position, node in enumerate(request.graph.nodes):
        x, y = request.placement.positions[position]
        facts = _facts(node_entry(node)) | {"kind": request.graph.kinds[position].value}
        facts["label"] = printable(request.graph.names[position])
        graph.add_node(f"n{position}", **facts, x=float(x), y=float(y))
    for pair in request.snapshot.pairs.values():
        source, target = request.graph.index.get(pair.source), request.graph.index.get(pair.target)
        if source is not None and target is not None:
            facts = _facts(pair_entry(pair))
            graph.add_edge(f"n{source}", f"n{target}", **facts)
    return "\n".join(nx.generate_graphml(graph, named_key_ids=True)) + "\n"


def _facts(entry: dict[str, object]) -> dict[str, _Fact]:
    """Keep what GraphML can hold: lists become words, nulls go. Ends of an edge are the edge's own."""
    facts: dict[str, _Fact] = {}
    for key, value in entry.items():
        if key in {"from", "to"}:
            continue
        if isinstance(value, int | float):
            facts[key] = float(value) if key in _MEASURED else value
        elif isinstance(value, str):
            facts[key] = printable(value)
        elif isinstance(value, list) and value:
            facts[key] = printable(" ".join(str(item) for item in value))
    return facts
