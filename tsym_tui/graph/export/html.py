"""One HTML page that opens anywhere without a network: the map drawn inline, and tables of nodes and pairs to sort.

Names come from strangers, so nothing of theirs is ever markup: texts are escaped, and the page's own policy forbids
every script and style but the ones that it names by hash, and every request. The map is drawn once; its colours are
variables with a dark and a light value, and the reader's system chooses.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple, TypeVar

from tsym_agent.model.documents import pair_entry
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import SampleState
from tsym_agent.model.text import printable
from tsym_tui.graph.export.picture import Dot, Ground, Picture, Shape, Words, coloured, draw_in
from tsym_tui.graph.export.request import ExportRequest
from tsym_tui.graph.export.svg import draw_svg
from tsym_tui.graph.looks import NODE_LOOKS, look_of, number_of
from tsym_tui.graph.themes import DARK, LIGHT, Role, Theme

MOST_PAIRS = 5_000
"""Rows of the table of pairs, the worst first: a browser sorts these at once, and 250,000 never."""

_Piece = TypeVar("_Piece", Ground, Dot, Shape, Words)

_SCRIPT = """\
"use strict";
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.firstElementChild.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const numeric = head.className === "n";
    const value = row => row.cells[column].dataset.v ?? row.cells[column].textContent;
    const sign = down ? -1 : 1;
    const rows = [...body.rows].sort((one, other) => {
      const a = value(one), b = value(other);
      if (a === "" || b === "") return (a === "") - (b === "");
      return sign * (numeric ? a - b : a.localeCompare(b, undefined, {numeric: true}));
    });
    body.append(...rows);
  }));
}
for (const input of document.querySelectorAll("input")) {
  input.parentElement.hidden = false;
  const rows = [...document.getElementById(input.dataset.of).tBodies[0].rows];
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
    }
  });
}
"""
"""Sorts a table by the column whose head is pressed, unknown values last either way, and narrows it as typed."""

_STYLE = """\
body { margin: 0 auto; max-width: 90rem; padding: 1rem; background: var(--bg); color: var(--text);
  font: 14px/1.5 ui-monospace, "JetBrains Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; }
figure { margin: 0; }
svg { display: block; width: 100%; height: auto; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1rem; color: var(--strong); }
h2 span, label { font-weight: normal; color: var(--dim); }
input { font: inherit; color: var(--strong); background: var(--raised); border: 0; padding: .1rem .5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; padding: 0; border-bottom: 1px solid var(--rule); }
th button { font: inherit; color: var(--dim); background: none; border: 0; cursor: pointer;
  padding: .2rem .8rem .2rem 0; width: 100%; text-align: inherit; white-space: nowrap; }
th button:focus-visible, input:focus-visible { outline: 1px solid var(--accent); }
th[aria-sort=ascending] button { color: var(--accent); }
th[aria-sort=descending] button { color: var(--accent); }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
td { padding: .1rem .8rem .1rem 0; border-bottom: 1px solid var(--raised); white-space: nowrap; vertical-align: top; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
td.s { color: var(--strong); font-weight: bold; }
td.w { white-space: normal; }
.dead { color: var(--dead); } .stale { color: var(--stale); } .warn { color: var(--warn); }
@media print { label { display: none; } }
"""

_ROLES = {
    "bg": Role.BG,
    "raised": Role.RAISED,
    "rule": Role.RULE,
    "dim": Role.DIM,
    "text": Role.TEXT,
    "strong": Role.STRONG,
    "accent": Role.ACCENT,
    "dead": Role.DEAD,
    "stale": Role.STALE,
    "warn": Role.WARN,
}


class Cell(NamedTuple):
    """One cell of a table: what it shows, and what it is sorted by where that is something else."""

    text: str
    value: float | None = None
    look: str = ""


class Column(NamedTuple):
    """One column of a table."""

    title: str
    is_number: bool = False


def to_html(request: ExportRequest) -> str:
    """Write the map and its tables as one page."""
    theme = request.options.theme
    is_plain = coloured(theme).name in {DARK.name, LIGHT.name}
    faces = (LIGHT, DARK) if is_plain else (theme, theme)
    picture, colours = _merged(draw_in(request, faces[0]), draw_in(request, faces[1]))
    body = [
        f"<figure>{draw_svg(picture)}</figure>",
        *_section("nodes", f"{len(request.graph.nodes)}", _NODE_COLUMNS, _node_rows(request)),
        *_pairs_section(request),
    ]
    title = printable(request.title)
    return document(
        title, "".join(f"{part}\n" for part in body), style=_palette(faces, colours) + _STYLE, script=_SCRIPT
    )


def document(title: str, body: str, *, style: str, script: str = "") -> str:
    """Wrap a body that is escaped already into a page that may run and load nothing but what is handed over here."""
    policy = [
        "default-src 'none'",
        f"style-src '{_hash(style)}'",
        *([f"script-src '{_hash(script)}'"] if script else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    code = f"<script>{script}</script>\n" if script else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape("; ".join(policy), quote=False)}">\n'
        '<meta name="viewport" content="width=device-width">\n<meta name="color-scheme" content="dark light">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n{body}{code}</body>\n</html>\n"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _palette(faces: tuple[Theme, Theme], colours: Mapping[tuple[str, str], str]) -> str:
    """Name every colour, with its light value first and the dark one for readers whose system is dark."""
    named = [(name, *(face.colour(role) or "" for face in faces)) for name, role in _ROLES.items()]
    named += [(name, *pair) for pair, name in colours.items()]
    light = "".join(f"--{name}:{first};" for name, first, _ in named)
    dark = "".join(f"--{name}:{second};" for name, first, second in named if second != first)
    return f":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"


def _merged(light: Picture, dark: Picture) -> tuple[Picture, dict[tuple[str, str], str]]:
    """Make one picture of two that differ in colours only, and name the pairs of colours."""
    colours: dict[tuple[str, str], str] = {}

    def variable(first: str, second: str) -> str:
        return f"var(--{colours.setdefault((first, second), f'c{len(colours)}')})"

    def both(ones: Sequence[_Piece], others: Sequence[_Piece]) -> list[_Piece]:
        if len(ones) != len(others):  # a theme may leave a tint out: its own picture stands for both then
            others = ones
        return [
            one._replace(colour=variable(one.colour, other.colour)) for one, other in zip(ones, others, strict=True)
        ]

    merged = light._replace(
        background=variable(light.background, dark.background),
        grounds=both(light.grounds, dark.grounds),
        dots=both(light.dots, dark.dots),
        shapes=both(light.shapes, dark.shapes),
        words=both(light.words, dark.words),
    )
    return merged, colours


# tables


def _section(name: str, count: str, columns: Sequence[Column], rows: Iterator[Sequence[Cell]]) -> Iterator[str]:
    heads = "".join(
        f'<th scope="col"{_class("n" if column.is_number else "")}><button type="button">{escape(column.title)}'
        "</button></th>"
        for column in columns
    )
    yield f"<h2>{name} <span>{escape(count)}</span></h2>"
    yield f'<label hidden>only <input type="search" data-of="{name}" aria-label="only {name} with"></label>'
    yield f'<div class="scroll"><table id="{name}"><thead><tr>{heads}</tr></thead><tbody>'
    for row in rows:
        cells = (_cell(cell, column) for cell, column in zip(row, columns, strict=True))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _cell(cell: Cell, column: Column) -> str:
    look = " ".join(part for part in ("n" if column.is_number else "", cell.look) if part)
    value = f' data-v="{cell.value:g}"' if cell.value is not None else ' data-v=""' if column.is_number else ""
    return f"<td{_class(look)}{value}>{escape(printable(cell.text))}</td>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


_NODE_COLUMNS = (
    Column("name"),
    Column("stands"),
    Column("addresses"),
    Column("owner or tags"),
    Column("os"),
    Column("version"),
    Column("online"),
    Column("last handshake"),
    Column("key expires"),
    Column("site"),
)


def _node_rows(request: ExportRequest) -> Iterator[Sequence[Cell]]:
    kinds = request.graph.kinds
    for place, node in enumerate(request.graph.nodes):
        look = NODE_LOOKS[kinds[place]]
        role = {Role.DEAD: "dead", Role.STALE: "stale", Role.WARN: "warn"}.get(look.role, "")
        yield (
            Cell(node.name, look="s"),
            Cell(look.words, look=role),
            Cell(" ".join(node.addresses)),
            Cell(_owner(node)),
            Cell(node.os),
            Cell(node.version or ""),
            Cell("" if node.online is None else "yes" if node.online else "no"),
            Cell(node.last_handshake or ""),
            Cell(node.key_expiry or ""),
            Cell(node.site or ""),
        )


def _owner(node: Node) -> str:
    return " ".join(node.tags) or node.owner or ""


_PAIR_COLUMNS = (
    Column("from"),
    Column("to"),
    Column("path"),
    Column("p50 ms", is_number=True),
    Column("p95 ms", is_number=True),
    Column("jitter ms", is_number=True),
    Column("loss %", is_number=True),
    Column("age s", is_number=True),
    Column("samples", is_number=True),
    Column("by"),
    Column("error"),
)


def _pairs_section(request: ExportRequest) -> Iterator[str]:
    pairs = sorted(request.snapshot.pairs.values(), key=_badness)
    shown = pairs[:MOST_PAIRS]
    count = f"{len(pairs)}" if len(shown) == len(pairs) else f"the worst {len(shown):,} of {len(pairs):,}; CSV has all"
    names = {node.ref: name for node, name in zip(request.graph.nodes, request.graph.names, strict=True)}
    yield from _section("pairs", count, _PAIR_COLUMNS, (_pair_row(pair, names) for pair in shown))


_STATES = (SampleState.FAILED, SampleState.STALE, SampleState.FRESH, SampleState.NEVER)


def _badness(pair: Pair) -> tuple[int, bool, float]:
    """Sort the dead first, then the stale, then relayed before direct and slow before fast."""
    return _STATES.index(pair.state), pair.path.value == "direct", -(number_of(pair) or 0)


def _pair_row(pair: Pair, names: Mapping[NodeRef, str]) -> Sequence[Cell]:
    entry = pair_entry(pair)
    look = look_of(pair)
    role = {Role.DEAD: "dead", Role.STALE: "stale"}.get(look.role, "")
    relay = pair.derp_region and f"DERP {pair.derp_region}"
    return (
        Cell(names.get(pair.source, pair.source.stable_id), look="s"),
        Cell(names.get(pair.target, pair.target.stable_id), look="s"),
        Cell(look.words, look=role),
        *(_number(entry[key]) for key in ("p50_ms", "p95_ms", "jitter_ms")),
        _number(None if pair.loss is None else round(100 * pair.loss, 1)),
        *(_number(entry[key]) for key in ("age_s", "samples")),
        Cell(pair.peer_relay or relay or pair.endpoint or ""),
        Cell(pair.error or "", look="w"),
    )


def _number(value: object) -> Cell:
    return Cell(f"{value:g}", float(value)) if isinstance(value, (int, float)) else Cell("")
