"""The page "Who may ask what" says what the agent does."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from tsym_agent.localapi.registry import COMMANDS, READS
from tsym_agent.model.agents import CALLER_TAG, CAPABILITY
from tsym_agent.server.budgets import USUAL, Cost
from tsym_agent.server.identity import FRESH_S
from tsym_agent.server.problems import Code

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "who-may-ask.md").read_text(encoding="utf-8")
POLICIES = [msgspec.json.decode(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def test_the_sensitive_commands_are_those_of_the_registry() -> None:
    told = re.search(r"but for the sensitive ones: (.*?)\. These", PAGE, re.DOTALL)

    assert told is not None
    assert set(re.findall(r"`([a-z-]+)`", told[1])) == {name for name, command in READS.items() if command.is_sensitive}


def test_the_commands_that_act_are_those_of_the_registry() -> None:
    told = PAGE.partition("## What acts")[2].partition("##")[0]

    assert {name for name, command in COMMANDS.items() if command.acts} == set(re.findall(r"`([a-z]+)`", told))


def test_grants_name_commands_that_there_are() -> None:
    grants = [grant for policy in POLICIES for grant in policy.get("grants", [])]
    names = {
        name for grant in grants for value in grant.get("app", {}).get(CAPABILITY, []) for name in value["commands"]
    }

    assert names - {"*"} <= set(COMMANDS)
    assert {"ping", "*"} <= names
    assert all(grant["ip"] == ["tcp:3621"] for grant in grants)


def test_codes_names_and_numbers_are_todays() -> None:
    codes = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    rows = {
        row[0]: row[1:]
        for row in re.findall(r"^\| (\w+)[^|]*\| (\d+) a second \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    }
    bounds = {
        name: USUAL[cost] for name, cost in (("requests", Cost.PLAIN), ("probes", Cost.PROBE), ("streams", Cost.STREAM))
    }

    assert codes <= set(Code)
    assert rows == {name: (f"{one.rate:g}", str(one.burst), str(one.at_once)) for name, one in bounds.items()}
    assert CALLER_TAG in PAGE
    assert FRESH_S == 5
