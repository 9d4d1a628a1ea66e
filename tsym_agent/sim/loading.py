"""Scenario files: found, read, and refused with words that name the file, the key and what is expected there."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from tsym_agent.sim.checks import check
from tsym_agent.sim.errors import ScenarioError
from tsym_agent.sim.fields import field_at, fields_at
from tsym_agent.sim.generate import expand
from tsym_agent.sim.scenario import Scenario
from tsym_agent.sim.schema import ScenarioFile

SHIPPED = Path(__file__).parent / "scenarios"

T = TypeVar("T")


def shipped_names() -> tuple[str, ...]:
    """Return the names of the scenarios that come with the program."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load_scenario(name_or_file: str | Path) -> Scenario:
    """Read a shipped scenario by name, or a file; raise `ScenarioError` saying what is wrong and where."""
    path = Path(name_or_file)
    if path.suffix != ".toml" and len(path.parts) == 1:
        path = SHIPPED / f"{path}.toml"
        if path.stem not in shipped_names():
            choices = ", ".join(shipped_names())
            raise ScenarioError(str(name_or_file), "", f"no such scenario; expected {choices}, or a .toml file")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ScenarioError(str(path), "", f"cannot be read: {reason}") from error
    return parse_scenario(text, file=path.name)


def parse_scenario(text: str, *, file: str = "scenario.toml") -> Scenario:
    """Read a scenario from TOML text; `file` is what errors call it."""
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(file, "", f"not TOML: {error}") from error
    try:
        content = msgspec.convert(tables, ScenarioFile)
    except msgspec.ValidationError as error:
        raise _explained(file, str(error), tables) from error
    scenario = Scenario(
        name=file.removesuffix(".toml"),
        tailnet=content.tailnet,
        users=_by_name(file, "user", ((user.name, user) for user in content.user)),
        regions=_by_name(file, "region", ((region.code, region) for region in content.region)),
        sites=_by_name(file, "site", ((site.name, site) for site in content.site)),
        nodes=_by_name(file, "node", ((node.name, node) for node in expand(file, content))),
        links=content.link,
        events=content.event,
    )
    check(file, scenario)
    return scenario


def _by_name(file: str, table: str, entries: Iterable[tuple[str, T]]) -> dict[str, T]:
    found: dict[str, T] = {}
    for name, entry in entries:
        if name in found:
            raise ScenarioError(file, f"{table} {name}", "there are two of that name")
        found[name] = entry
    return found


def _explained(file: str, message: str, tables: dict[str, object]) -> ScenarioError:
    """Turn a decoder's complaint into key, problem and expectation."""
    problem, _, place = message.partition(" - at `$.")
    key = place.rstrip("`").removesuffix("[...]")
    if unknown := re.search(r"unknown field `(.*?)`", problem):
        known = [field.name for field in fields_at(key)]
        near = difflib.get_close_matches(unknown[1], known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"expected one of {', '.join(known)}"
        return ScenarioError(file, f"{key}.{unknown[1]}".lstrip("."), f"unknown key; {hint}")
    if missing := re.search(r"missing required field `(.*?)`", problem):
        field = field_at(f"{key}.{missing[1]}".lstrip("."))
        return ScenarioError(
            file, f"{key}.{missing[1]}".lstrip("."), f"missing; expected {field.kind if field else ''}"
        )
    field = field_at(key)
    if field is None:
        return ScenarioError(file, key, problem)
    return ScenarioError(file, key, f"{_value_at(tables, key)!r} will not do; expected {field.kind}")


def _value_at(tables: object, key: str) -> object:
    """Return what stands at a place like `node[3].site`."""
    for step in re.findall(r"[^.[\]]+", key):
        if isinstance(tables, list):
            tables = tables[int(step)]
        elif isinstance(tables, dict):
            tables = tables.get(step)
    return tables
