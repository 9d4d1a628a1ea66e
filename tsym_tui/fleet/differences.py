"""What differs between hosts that were asked the same: every answer taken apart into places and values, and compared.

A place is written as a path: `Self.Capabilities`, `Regions[fra].Nodes[0].IPv4`. Things in lists, and those filed under
keys or numbers, are known by what names them where something does, so that another order is no difference. Text is
compared by its lines, counters by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
"""JSON, read."""

NAMES = ("ID", "StableID", "RegionID", "RegionCode", "Name", "Key", "IP", "Addr", "Code", "peer", "name", "id")
"""Members that name a thing of a list, the best first."""

SPOKEN_NAMES = ("DNSName", "RegionCode", "LoginName")
"""Members that name a thing better than the key it is filed under, which may be 72 characters long."""

PRESENT = "present"
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{.*\})?) ([-+0-9.eE]+|NaN|[-+]Inf)")


class Spread(msgspec.Struct, frozen=True):
    """One place where hosts do not agree."""

    path: str
    values: tuple[tuple[str | None, tuple[int, ...]], ...]
    """Each value as JSON (None = not there) and who has it, as places in the list of answers; the commonest first."""


def compare(answers: Sequence[Value]) -> tuple[Spread, ...]:
    """Return where answers differ, in the order in which places are met.

    What is the same everywhere is not taken apart: a thousand peers seen from two hundred hosts would fill the memory.
    """
    held = tuple(enumerate(answers))
    return tuple(_without_children(list(_differ("", held, len(answers))))) if held else ()


def _differ(path: str, held: Sequence[tuple[int, Value]], hosts: int) -> Iterator[Spread]:
    """Yield what differs in and below a place; `held` has its values with their places in the list of answers."""
    first = held[0][1]
    if isinstance(first, dict | list) and len(held) == hosts and all(value == first for _, value in held):
        return
    below: dict[str, list[tuple[int, Value]]] = {}
    here: dict[str, dict[str | None, list[int]]] = {}
    for place, value in held:
        members = _members(value, path)
        for name, member in members or ():
            below.setdefault(name, []).append((place, member))
        for name, text in _leaves(value, path).items() if members is None else ():
            here.setdefault(name, {}).setdefault(text, []).append(place)
    for name, holders in here.items():
        lacking = set(range(hosts)).difference(*holders.values())
        if lacking:
            holders[None] = sorted(lacking)
        if len(holders) > 1:
            ranked = sorted(holders.items(), key=lambda item: (-len(item[1]), item[1]))
            yield Spread(name, tuple((text, tuple(places)) for text, places in ranked))
    for name, values in below.items():
        yield from _differ(name, values, hosts)


def _members(value: Value, path: str) -> list[tuple[str, Value]] | None:
    """Return what a value is made of, each part with its path; None for one that is not taken apart."""
    match value:
        case dict() if names := _spoken_names(value):
            return [(f"{path}[{name}]", member) for name, member in zip(names, value.values(), strict=True)]
        case dict() if value:
            return [(f"{path}.{name}" if path else name, member) for name, member in value.items()]
        case list() if any(isinstance(item, dict | list) for item in value):
            return [(f"{path}[{name}]", item) for name, item in zip(_names_in(value), value, strict=True)]
        case _:
            return None


def _leaves(value: Value, path: str) -> dict[str, str]:
    """Return a scalar, an empty thing or a plain list by its path, written as JSON; a text by its lines."""
    match value:
        case str() if not path or "\n" in value:
            return {f"{path}: {line}" if path else line: text for line, text in _lines(value).items()}
        case dict() | list() if not path:
            return {}  # an empty answer has no places
        case _:
            return {path or "answer": msgspec.json.encode(value).decode()}


def _names_in(items: Sequence[Value]) -> list[str]:
    """Name the things of a list: by a member that tells them apart, else by their places."""
    return _names_by(NAMES, items) or [str(place) for place in range(len(items))]


def _spoken_names(things: Mapping[str, Value]) -> list[str]:
    """Name things that are filed under keys or numbers as people do; empty where they are no such things."""
    is_filed = all(":" in key or key.isdecimal() for key in things)
    return _names_by(SPOKEN_NAMES, list(things.values())) if is_filed else []


def _names_by(members: Sequence[str], items: Sequence[Value]) -> list[str]:
    """Name things by the first member that tells them apart; empty when none does."""
    for member in members:
        names = [str(item[member]) if isinstance(item, Mapping) and item.get(member) else "" for item in items]
        if all(names) and len(set(names)) == len(names):
            return names
    return []


def _lines(text: str) -> dict[str, str]:
    """Read text: counters by name, other lines as there or not."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if sample := _SAMPLE.fullmatch(line):
            found[sample[1]] = sample[2]
        elif line and not line.startswith("#"):
            found[line] = PRESENT
    return found


def _without_children(found: Sequence[Spread]) -> list[Spread]:
    """Fold a thing that whole hosts lack into one place: its many members say nothing more."""
    lacking: dict[tuple[str, tuple[int, ...]], list[Spread]] = {}
    for spread in found:
        missing = next((places for value, places in spread.values if value is None), None)
        if missing is not None and len(spread.values) == 2 and (parent := _parent(spread.path)):
            lacking.setdefault((parent, missing), []).append(spread)
    folded = {id(spread): key for key, spreads in lacking.items() if len(spreads) > 2 for spread in spreads}
    kept: list[Spread] = []
    told: set[tuple[str, tuple[int, ...]]] = set()
    for spread in found:
        key = folded.get(id(spread))
        if key is None:
            kept.append(spread)
        elif key not in told:
            told.add(key)
            count = len(lacking[key])
            values = tuple((None if value is None else f"{count} members", places) for value, places in spread.values)
            kept.append(Spread(key[0], values))
    return kept


def _parent(path: str) -> str:
    """Return the named thing that a place lies in: up to its last bracket."""
    return path[: path.rindex("]") + 1] if "]" in path else ""
