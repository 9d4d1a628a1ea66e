"""What only a privileged caller reads of a simulated host: answers, streams, and refusals to all others."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import msgspec
import pytest

from tests.unit.sim.serving import Served, question, raw, served, until
from tests.unit.sim.tailnets import address, node, tailnet
from tests.unit.sim.test_events import ON_THERE, event
from tsym_agent.localapi.commands import Command, Form
from tsym_agent.localapi.errors import AccessDeniedError, NoSuchObjectError, NotSupportedError
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hosts import Rights
from tsym_agent.sim.bodies.inner import dns_message
from tsym_agent.sim.loading import load_scenario
from tsym_agent.sim.world import World
from tsym_tui.fleet.dnsanswers import read_message

T = TypeVar("T")

ROOT = node("root", "a", 'rights = "write"', "vantage = true")
VALUES = {"name": "there.t.ts.net", "type": "A", "region": "one"}
PRIVILEGED = [
    command for command in COMMANDS.values() if command.right is Rights.WRITE and command.form is not Form.STREAM
]
STREAMS = [command for command in COMMANDS.values() if command.right is Rights.WRITE and command not in PRIVILEGED]


async def status_of(host: Served, command: Command) -> int:
    values = {
        p.name: "heap" if command.name == "pprof" else VALUES[p.name] for p in command.parameters if p.is_required
    }
    method, path, params = command.question(values)
    status, _, _ = await raw(host.path, question(f"/localapi/v0/{path}?{urlencode(params)}", method=method))
    return status


@pytest.mark.parametrize("command", PRIVILEGED, ids=lambda command: command.name)
async def test_a_privileged_caller_is_answered(tmp_path: Path, command: Command) -> None:
    async with served(World(tailnet(ROOT)), tmp_path, "root") as host:
        assert await status_of(host, command) == 200


@pytest.mark.parametrize("command", [*PRIVILEGED, *STREAMS], ids=lambda command: command.name)
async def test_all_others_are_refused(tmp_path: Path, command: Command) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        assert await status_of(host, command) == 403


async def test_names_of_the_tailnet_have_the_addresses_of_their_nodes(tmp_path: Path) -> None:
    world = World(tailnet(ROOT))
    async with served(world, tmp_path, "root") as host:
        body = await host.client.ask("dns-query", {"name": "there.t.ts.net", "type": "A"})
    answer = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    message = read_message(msgspec.json.decode(answer["Bytes"], type=bytes))

    assert [record.value for record in message.records] == [address(world, "there")]


@pytest.mark.parametrize(
    ("addresses", "kind", "code", "values"),
    [
        (["100.64.0.1", "fd7a::1"], "AAAA", "no error", ["fd7a::1"]),
        (["100.64.0.1"], "MX", "no error", []),
        ([], "A", "no such name", []),
    ],
    ids=["of its kind", "none of the kind", "nobody"],
)
def test_an_answer_holds_the_records_that_were_asked_for(
    addresses: list[str], kind: str, code: str, values: list[str]
) -> None:
    message = read_message(dns_message("x.t.ts.net", kind, addresses))

    assert (message.code, [record.value for record in message.records]) == (code, values)


async def test_a_profile_can_be_unpacked(tmp_path: Path) -> None:
    async with served(World(tailnet(ROOT)), tmp_path, "root") as host:
        body = await host.client.ask("pprof", {"name": "heap"})

    assert gzip.decompress(body)


async def test_a_profile_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    async with served(World(tailnet(ROOT)), tmp_path, "root") as host:
        with pytest.raises(NoSuchObjectError, match="Unknown profile"):
            await host.client.ask("pprof", {"name": "dreams"})


async def test_a_region_that_is_not_in_the_map_has_an_error_for_an_answer(tmp_path: Path) -> None:
    async with served(World(tailnet(ROOT)), tmp_path, "root") as host:
        body = await host.client.ask("debug-derp-region", {"region": "mars"}, method="POST")

    assert b"no such region" in body


async def taken(stream: AsyncGenerator[T, None], number: int) -> list[T]:
    found: list[T] = []
    async with asyncio.timeout(10), aclosing(stream):
        async for one in stream:
            found.append(one)
            if len(found) == number:
                break
    return found


async def test_a_log_goes_on_by_itself(tmp_path: Path) -> None:
    async with served(World(tailnet(ROOT)), tmp_path, "root") as host:
        host.clock.speed = 1000
        lines = await taken(host.client.log_lines(2), 6)

    assert len({line.text for line in lines}) > 2


async def test_a_log_tells_of_peers_as_it_happens(tmp_path: Path) -> None:
    world = World(tailnet(ROOT, event("node-offline", ON_THERE)))
    async with served(world, tmp_path, "root") as host, aclosing(host.client.log_lines()) as lines:
        await anext(lines)
        await until(lambda: host.taps.readers == 1)
        host.turn(11)
        line = await asyncio.wait_for(anext(lines), 5)

    assert "there is now offline" in line.text


async def test_inner_events_are_read_one_by_one(tmp_path: Path) -> None:
    async with served(World(tailnet(ROOT)), tmp_path, "root") as host:
        host.clock.speed = 1000
        events = await taken(host.client.events("bus"), 4)

    assert len(events) == 4


async def test_readers_that_leave_are_forgotten(tmp_path: Path) -> None:
    async with served(World(tailnet(ROOT)), tmp_path, "root") as host:
        host.clock.speed = 1000
        await taken(host.client.log_lines(2), 3)
        await until(lambda: host.taps.readers == 0)


async def test_without_the_right_there_is_no_log(tmp_path: Path) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        with pytest.raises(AccessDeniedError):
            await taken(host.client.log_lines(), 1)


async def test_an_old_daemon_has_no_inner_events(tmp_path: Path) -> None:
    old = node("old", "a", 'rights = "write"', "vantage = true", 'version = "1.80.3"')
    async with served(World(tailnet(old)), tmp_path, "old") as host:
        with pytest.raises(NotSupportedError):
            await taken(host.client.events("bus"), 1)


async def test_the_household_has_a_host_that_answers_all_of_it(tmp_path: Path) -> None:
    async with served(World(load_scenario("home")), tmp_path, "laptop") as host:
        assert await host.client.rights() is Rights.WRITE
