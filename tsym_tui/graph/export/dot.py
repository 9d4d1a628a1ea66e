"""Graphviz: nodes in their groups, one edge for both directions, positions for `neato -n`."""

from __future__ import annotations

from collections.abc import Iterator

from tsym_agent.model.text import printable
from tsym_tui.graph.drawing.numbers import number_text
from tsym_tui.graph.drawing.raster import Floats
from tsym_tui.graph.drawing.strokes import line_style
from tsym_tui.graph.export.request import ExportRequest
from tsym_tui.graph.looks import NODE_LOOKS, Direction, Level, Line, Role
from tsym_tui.graph.themes import LIGHT

_STYLES = {"direct": "solid", "peer-relay": "dashed", "derp": "dashed", "unknown": "dotted"}
_POINTS = 12.0
"""Points for each cell across; twice that down."""


def to_dot(request: ExportRequest) -> str:
    """Write the graph in the DOT language."""
    return "\n".join(["graph tailnet {", *(f"  {line}" for line in _body(request)), "}"]) + "\n"


def quote(text: str) -> str:
    """Return a DOT string; backslashes are doubled, since labels read them as the start of a command."""
    escaped = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _body(request: ExportRequest) -> Iterator[str]:
    graph = request.graph
    title = quote(f"{request.title}: {', '.join(request.facts)}")
    yield f'graph [label={title}, labelloc=t, fontname="sans-serif", bgcolor="#fbfaf7"];'
    yield 'node [shape=ellipse, fontname="sans-serif", style=filled, fillcolor="#ffffff"];'
    yield 'edge [fontname="sans-serif", fontsize=10];'
    for position, group in enumerate(graph.grouping().groups):
        indent = ""
        if group.title:
            yield f"subgraph cluster_{position} {{"
            yield f"  label={quote(f'{group.title} {group.detail}'.strip())};"
            indent = "  "
        for member in group.members:
            yield indent + _node(request, member)
        if group.title:
            yield "}"
    ends = zip(*(ends.tolist() for ends in graph.ends), strict=True)
    for line, (first, second) in zip(graph.lines, ends, strict=True):
        if line.look.stroke is not None:
            yield _edge(request, line, first, second)


def _node(request: ExportRequest, node: int) -> str:
    graph = request.graph
    look = NODE_LOOKS[graph.kinds[node]]
    x, y = request.placement.positions[node]
    across, down = x * request.size[0] * _POINTS, (1 - y) * request.size[1] * 2 * _POINTS
    colour = LIGHT.style(look.role).fg
    return (
        f"n{node} [label={quote(graph.names[node])}, tooltip={quote(look.words)}, color={quote(colour or '')}, "
        f'fontcolor={quote(colour or "")}, pos="{across:.1f},{down:.1f}"];'
    )


def _edge(request: ExportRequest, line: Line, first: int, second: int) -> str:
    along: Floats = request.placement.positions[second] - request.placement.positions[first]
    options = request.options_with(theme=LIGHT, level=Level.BRAILLE)
    is_fresh = line.look.role is Role.LATENCY
    facts = {
        "label": number_text(line, along, Level.BRAILLE),
        "color": line_style(line, options).fg or "",
        "style": _STYLES[line.path.value] if is_fresh else "dotted",
        "tooltip": line.words(request.graph.names[first], request.graph.names[second]),
        "dir": {Direction.EVEN: "none", Direction.THERE: "forward", Direction.BACK: "back"}[line.direction],
    }
    return f"n{first} -- n{second} [{', '.join(f'{key}={quote(value)}' for key, value in facts.items())}];"
