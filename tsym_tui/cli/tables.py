"""Answers of many hosts as text: one table for all, hosts that say the same on one row, differences, plain text."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tsym_agent.localapi.commands import Command
from tsym_tui.cli.texts import Column, Pen, Row, line, table
from tsym_tui.fleet.differences import Spread
from tsym_tui.fleet.sheets import Sheet
from tsym_tui.graph.themes import Role

MOST_LAST = 400
"""Cells of a last column: nothing stands behind it, so a terminal may break it."""

MOST_NAMES = 3
"""Hosts named on a row that many share; the rest is counted."""


def together(names: Sequence[str]) -> str:
    """Name several hosts in few cells."""
    if len(names) <= MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: MOST_NAMES - 1])} +{len(names) - MOST_NAMES + 1}"


def sheet_rows(pen: Pen, told: Sequence[tuple[str, Sheet]]) -> list[Row]:
    """Write the sheets of hosts: those of one shape as one table, equal ones once, text under its host's name."""
    groups: dict[tuple[str, ...], dict[Sheet, list[str]]] = {}
    for name, sheet in told:
        groups.setdefault(sheet.columns, {}).setdefault(sheet, []).append(name)
    rows: list[Row] = []
    for columns, sheets in groups.items():
        if rows:
            rows.append(line())
        rows += _text(pen, sheets, len(told)) if not columns else _table(pen, columns, sheets)
    return rows


def _table(pen: Pen, titles: tuple[str, ...], sheets: dict[Sheet, list[str]]) -> list[Row]:
    columns = [
        Column("HOST", most=40),
        *(Column(title.upper(), most=60) for title in titles[:-1]),
        Column(titles[-1].upper(), most=MOST_LAST),
    ]
    lines = []
    for sheet, names in sheets.items():
        who = together(names)
        for number, cells in enumerate(sheet.rows):
            host = pen.run("" if number and len(titles) < 3 else who, Role.STRONG)
            lines.append([host, *(pen.run(cell) for cell in cells)])
    rows = table(pen, columns, lines)
    left_out = max(sheet.left_out for sheet in sheets)
    if left_out:
        rows.append(line(pen.run(f"+{left_out} columns: --json has them", Role.DIM)))
    return rows


def _text(pen: Pen, sheets: dict[Sheet, list[str]], hosts: int) -> list[Row]:
    rows: list[Row] = []
    for sheet, names in sheets.items():
        if hosts > 1:
            rows += [*([line()] if rows else []), line(pen.run(f"== {', '.join(names)}", Role.STRONG))]
        rows += [line(pen.run(text)) for (text,) in sheet.rows]
    return rows


def spread_rows(pen: Pen, names: Sequence[str], found: Sequence[Spread]) -> list[Row]:
    """Write what differs: a row for each value of each place, and who has it."""
    if not found:
        return [line(pen.run(f"no difference between {len(names)} hosts", Role.OK))]
    columns = [Column("PLACE", most=60), Column("HOST", most=40), Column("VALUE", most=max(60, pen.columns - 60))]
    lines = [
        [
            pen.run("" if number else spread.path, Role.STRONG),
            pen.run(together([names[place] for place in places]), Role.TEXT),
            pen.run("-" if value is None else spoken(value), Role.DIM if value is None else Role.TEXT),
        ]
        for spread in found
        for number, (value, places) in enumerate(spread.values)
    ]
    return table(pen, columns, lines)


def spoken(value: str) -> str:
    """Write JSON of one place without its quotes where it is a plain text."""
    if value.startswith('"'):
        return msgspec.json.decode(value, type=str)
    return value


def catalogue_rows(pen: Pen, sections: Sequence[tuple[str, Sequence[Command]]]) -> list[Row]:
    """List commands in sections, with what they take and since when they are there."""
    columns = [Column("COMMAND"), Column("TAKES", most=44), Column("SINCE"), Column("ANSWERS", most=80)]
    lines = [
        [
            pen.run(command.name, Role.STRONG),
            pen.run(" ".join(_short(one.name, is_required=one.is_required) for one in command.parameters)),
            pen.run(f"{command.since}–{command.until}" if command.until else command.since, Role.DIM),
            pen.run(command.words + (f" ({command.sends})" if command.sends else ""), Role.DIM),
        ]
        for _, commands in sections
        for command in commands
    ]
    head, *body = table(pen, columns, lines)
    rows = [head]
    for title, commands in sections:
        rows += [line(), line(pen.run(title, Role.DIM))]
        rows, body = [*rows, *body[: len(commands)]], body[len(commands) :]
    return rows


def _short(name: str, *, is_required: bool) -> str:
    return f"{name}=" if is_required else f"[{name}=]"
