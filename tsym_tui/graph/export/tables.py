"""Nodes and pairs as CSV (RFC 4180), for spreadsheets: the same members as the JSON documents.

A text that a spreadsheet would take for a formula gets an apostrophe before it: names come from strangers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from io import StringIO

from tsym_agent.model.documents import node_entry, pair_entry
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.model.text import printable

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def nodes_csv(snapshot: Snapshot) -> str:
    """Write one row a node."""
    many = len(snapshot.tailnets) > 1
    return _write(node_entry(node, many_tailnets=many) for node in snapshot.nodes.values())


def pairs_csv(snapshot: Snapshot) -> str:
    """Write one row an ordered pair, with the names of both ends beside their IDs."""
    many = len(snapshot.tailnets) > 1
    names = {ref: node.name for ref, node in snapshot.nodes.items()}
    return _write(
        {"from_name": names.get(pair.source, ""), "to_name": names.get(pair.target, "")}
        | pair_entry(pair, many_tailnets=many)
        for pair in snapshot.pairs.values()
    )


def _write(entries: Iterable[Mapping[str, object]]) -> str:
    """Write entries under the names of all their members."""
    rows = list(entries)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    file = StringIO(newline="")
    writer = csv.writer(file)  # ends lines with CRLF, as the RFC has it
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return file.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"{value}"
    if isinstance(value, (list, tuple)):
        return _text(" ".join(str(part) for part in value))
    return _text(str(value))


def _text(text: str) -> str:
    text = printable(text)
    return f"'{text}" if text.startswith(_FORMULA) else text
