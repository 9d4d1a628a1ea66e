"""Agents beside simulated hosts: the real server, asked by the real client."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from tests.unit.sim.serving import until
from tsym_agent.localapi.agent import AgentClient
from tsym_agent.model.hello import AgentMode
from tsym_agent.model.watch import Snapshot
from tsym_agent.sim.process import SimProcess
from tsym_agent.wire.openers import TcpOpener
from tsym_tui.fleet.fleet import Fleet, FleetOptions
from tsym_tui.fleet.specs import parse_spec


@pytest.fixture
async def sim() -> AsyncGenerator[SimProcess, None]:
    async with SimProcess("home", agents=True) as running:
        yield running


@pytest.fixture
async def agent(sim: SimProcess) -> AsyncGenerator[AgentClient, None]:
    address, _, port = sim.agent("nas").rpartition(":")
    client = AgentClient(TcpOpener(address, int(port)))
    try:
        yield client
    finally:
        await client.aclose()


async def test_each_host_has_an_agent_of_its_own(sim: SimProcess) -> None:
    addresses = {sim.agent(host) for host in sim.hosts}

    assert len(addresses) == len(sim.hosts)
    assert all(address.startswith("127.0.0.1:") for address in addresses)


async def test_an_agent_says_whom_it_stands_beside(agent: AgentClient) -> None:
    hello = await agent.hello()

    assert hello.agent.mode is AgentMode.DEV
    assert hello.node is not None
    assert hello.node.name.startswith("nas.")


async def test_a_stream_begins_with_the_status_of_its_host(agent: AgentClient) -> None:
    async with aclosing(agent.watch()) as lines:
        first = await anext(lines)

    assert isinstance(first, Snapshot)


async def test_without_the_wish_there_are_none() -> None:
    async with SimProcess("home") as plain:
        assert [plain.agent(host) for host in plain.hosts] == [""] * len(plain.hosts)


async def test_a_fleet_follows_them(sim: SimProcess) -> None:
    specs = [parse_spec(f"agent:{sim.agent(host)}") for host in sim.hosts]
    async with Fleet(specs, options=FleetOptions(is_probing=False)) as fleet:
        await fleet.ready()
        await until(lambda: all(host.is_followed for host in fleet.snapshot().hosts))
        snapshot = fleet.snapshot()

    assert {host.name for host in snapshot.hosts} == set(sim.hosts)
    assert len(snapshot.nodes) == 8
