"""AgentClient against the agent's own server, beside a simulated host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from tsym_agent.localapi.agent import AgentClient
from tsym_agent.localapi.errors import NotSupportedError, RequestRefusedError
from tsym_agent.model.hosts import Rights
from tsym_agent.model.pingjob import PingJob
from tsym_agent.model.watch import Samples, Snapshot
from tsym_agent.sim.process import SimProcess
from tsym_agent.wire.openers import TcpOpener


@pytest.fixture
async def agent() -> AsyncIterator[AgentClient]:
    async with SimProcess("home", agents=True) as sim:
        address, _, port = sim.agent("nas").rpartition(":")
        client = AgentClient(TcpOpener(address, int(port)))
        yield client
        await client.aclose()


async def test_everything_a_daemon_answers_an_agent_answers(agent: AgentClient) -> None:
    status, prefs = await agent.status(), await agent.prefs()

    assert status.self_node is not None
    assert prefs.control_url
    assert agent.daemon_version == status.version
    assert await agent.rights() is Rights.READ


async def test_what_an_agent_does_not_run_is_said_in_its_words(agent: AgentClient) -> None:
    with pytest.raises(NotSupportedError, match="not among its commands"):
        await agent.ask("start", method="POST")
    with pytest.raises(RequestRefusedError, match="has no parameter 'x'"):
        await agent.ask("prefs", {"x": "1"})


async def test_many_pings_come_back_and_are_told_to_who_watches(agent: AgentClient) -> None:
    async with asyncio.timeout(20), aclosing(agent.watch()) as lines:
        assert isinstance(await anext(lines), Snapshot)
        async with aclosing(agent.ping_many(PingJob(timeout_ms=300))) as reports:
            pinged = {report.ip async for report in reports}
        told: set[str] = set()
        async for line in lines:
            if isinstance(line, Samples):
                told |= {sample.ip for sample in line.samples}
            if told >= pinged:
                break

    assert len(pinged) > 1


async def test_the_bus_of_the_daemon_is_watched_through_its_agent(agent: AgentClient) -> None:
    async with asyncio.timeout(10), aclosing(agent.watch_ipn_bus()) as notices:
        assert (await anext(notices)).session_id


async def test_events_begin_with_a_word_that_they_are_heard(agent: AgentClient) -> None:
    async with asyncio.timeout(10), aclosing(agent.events()) as events:
        assert (await anext(events)).kind == "listening"
