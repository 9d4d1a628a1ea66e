"""The scenario schema read back from its types: for error texts and for the reference page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from msgspec import inspect

from tsym_agent.sim.schema import ScenarioFile


class Field(msgspec.Struct, frozen=True):
    """One key of one table."""

    name: str
    """As the file spells it."""
    kind: str
    """What may stand there, in words."""
    default: str | None
    """As TOML would write it; None = the key is required, empty = unset."""
    meaning: str
    """What the schema says of it."""


def fields_of(table: type[msgspec.Struct]) -> tuple[Field, ...]:
    """Return the keys of a table."""
    return tuple(_to_field(field) for field in _struct(inspect.type_info(table)).fields)


def fields_at(key: str) -> tuple[Field, ...]:
    """Return the keys of the table at a place like `node[3].location`; empty when there is none."""
    kind = _walk(key)
    return tuple(_to_field(field) for field in kind.fields) if isinstance(kind, inspect.StructType) else ()


def field_at(key: str) -> Field | None:
    """Return the key at a place like `node[3].site`."""
    table, _, name = key.rpartition(".")
    name = re.sub(r"\[.*", "", name)
    return next((field for field in fields_at(table) if field.name == name), None)


def _walk(key: str) -> inspect.Type | None:
    kind: inspect.Type | None = inspect.type_info(ScenarioFile)
    for name in re.sub(r"\[[^]]*\]", "", key).split("."):
        if name and isinstance(kind, inspect.StructType):
            kind = next((_inside(field.type) for field in kind.fields if field.encode_name == name), None)
    return kind


def _inside(kind: inspect.Type) -> inspect.Type:
    """Return the table inside a list, an option or an annotation."""
    if isinstance(kind, inspect.Metadata):
        return _inside(kind.type)
    if isinstance(kind, inspect.VarTupleType):
        return _inside(kind.item_type)
    if isinstance(kind, inspect.UnionType):
        return next((_inside(part) for part in kind.types if not isinstance(part, inspect.NoneType)), kind)
    return kind


def _struct(kind: inspect.Type) -> inspect.StructType:
    if not isinstance(kind, inspect.StructType):
        raise TypeError(f"{kind} is not a table")
    return kind


def _to_field(field: inspect.Field) -> Field:
    meaning = ""
    if isinstance(field.type, inspect.Metadata):
        meaning = str((field.type.extra_json_schema or {}).get("description", ""))
    return Field(field.encode_name, _words(field.type), None if field.required else _toml(field.default), meaning)


def _toml(default: object) -> str:
    if default is None or default is msgspec.NODEFAULT or default in ("", ()):
        return ""
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, (int, float)):
        return f"{default:g}"
    if isinstance(default, str):
        return f'"{default}"'
    return "[" + ", ".join(_toml(part) for part in default) + "]" if isinstance(default, tuple) else ""


def _words(kind: inspect.Type) -> str:
    """Say what may stand there."""
    *most, last = _phrases(kind)
    return f"{', '.join(most)} or {last}" if most else last


def _phrases(kind: inspect.Type) -> Iterator[str]:
    match kind:
        case inspect.Metadata():
            yield from _phrases(kind.type)
        case inspect.UnionType():
            for part in kind.types:
                yield from () if isinstance(part, inspect.NoneType) else _phrases(part)
        case inspect.LiteralType():
            yield from (f'"{value}"' for value in kind.values if value)
        case inspect.StrType():
            yield _PATTERNS.get(kind.pattern or "", "text")
        case inspect.BoolType():
            yield from ("true", "false")
        case inspect.IntType() | inspect.FloatType():
            yield _number(kind)
        case inspect.VarTupleType():
            yield f"a list, each {_words(kind.item_type)}"
        case inspect.TupleType():
            yield f"a pair, each {_words(kind.item_types[0])}"
        case inspect.DictType():
            yield f"a table, each {_words(kind.value_type)}"
        case _:
            yield "a table"


_PATTERNS = {
    "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$": "a name of a-z, 0-9 and -",
    r"^1\.[0-9]{1,3}\.[0-9]{1,3}$": "a version like 1.102.3",
    r"^(1\.[0-9]{1,3}\.[0-9]{1,3})?$": "a version like 1.102.3",
    r"^([a-z0-9-]+(\.[a-z0-9-]+)*)?$": "a DNS suffix like tail1234.ts.net",
    "^tag:[a-zA-Z][a-zA-Z0-9-]*$": "a tag like tag:web",
    "^https?://": "an http(s) URL",
}


def _number(kind: inspect.IntType | inspect.FloatType) -> str:
    noun = "an integer" if isinstance(kind, inspect.IntType) else "a number"
    low = f" from {_plain(kind.ge)}" if kind.ge is not None else ""
    return noun + low + (f" to {_plain(kind.le)}" if kind.le is not None else "")


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)
