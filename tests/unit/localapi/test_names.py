"""Names of a tailnet's machines, without its DNS."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import NoReturn

import msgspec
import pytest

from tsym_agent.localapi.errors import DaemonUnreachableError
from tsym_agent.localapi.names import NamedOpener, TailnetNames, Way, addresses_by_name
from tsym_agent.model.status import SweepStatus, parse_sweep_status
from tsym_agent.wire.openers import TcpOpener


def status(**nodes: tuple[str, list[str]]) -> SweepStatus:
    peers = {
        key: {"ID": key, "DNSName": dns_name, "TailscaleIPs": addresses} for key, (dns_name, addresses) in nodes.items()
    }
    document = {"CurrentTailnet": {"Name": "home", "MagicDNSSuffix": "home.example"}, "Peer": peers}
    return parse_sweep_status(json.dumps(document).encode())


NAS = status(nas=("nas.home.example.", ["fd7a::2", "100.64.0.2"]))


@pytest.mark.parametrize("name", ["nas", "NAS", "nas.home.example", "nas.home.example."])
async def test_a_machine_is_found_by_its_short_and_its_long_name(name: str) -> None:
    async def ask() -> SweepStatus:
        return NAS

    assert await TailnetNames(ask).way_to(name) == Way("100.64.0.2")


def test_a_machine_shared_in_goes_by_its_long_name_only() -> None:
    found = addresses_by_name(
        status(own=("nas.home.example.", ["100.64.0.2"]), other=("nas.other.example.", ["100.64.0.9"]))
    )

    assert found == {"nas.home.example": "100.64.0.2", "nas": "100.64.0.2", "nas.other.example": "100.64.0.9"}


def test_a_machine_without_an_address_or_a_name_is_left_out() -> None:
    assert addresses_by_name(status(a=("a.home.example.", []), b=("", ["100.64.0.2"]))) == {}


async def test_many_questions_at_once_ask_the_daemon_once() -> None:
    asked = 0

    async def ask() -> SweepStatus:
        nonlocal asked
        asked += 1
        return NAS

    names = TailnetNames(ask)
    await asyncio.gather(*(names.way_to("nas") for _ in range(20)))

    assert asked == 1


async def test_names_are_learnt_anew_after_a_while() -> None:
    now_s = 0.0
    answers = [status(), NAS]

    async def ask() -> SweepStatus:
        return answers.pop(0)

    names = TailnetNames(ask, clock=lambda: now_s)
    assert await names.way_to("nas") == Way("nas")

    now_s = 31.0

    assert await names.way_to("nas") == Way("100.64.0.2")


async def test_a_silent_daemon_knows_no_names() -> None:
    async def ask() -> NoReturn:
        raise DaemonUnreachableError("/s", "nobody listens")

    assert await TailnetNames(ask).way_to("nas") == Way("nas")


class Route:
    """Remembers where it was asked to lead, and leads nowhere."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> TcpOpener:
        self.asked.append((host, port))
        return TcpOpener("127.0.0.1", 1)


async def ask_nas() -> SweepStatus:
    return NAS


@pytest.mark.parametrize(("host", "reached"), [("nas", "100.64.0.2"), ("fd7a::9", "fd7a::9"), ("web", "web")])
async def test_a_tailnet_name_is_opened_by_its_address_and_all_else_as_it_is(host: str, reached: str) -> None:
    route, dial = Route(), Route()

    with pytest.raises(ConnectionRefusedError):
        await NamedOpener(host, 3621, TailnetNames(ask_nas), dial, route).open()

    assert (route.asked, dial.asked) == ([(reached, 3621)], [])


@pytest.mark.parametrize(
    ("host", "is_dialled"), [("nas", True), ("100.64.0.2", True), ("fd7a::2", True), ("web", False)]
)
async def test_without_a_network_device_the_daemon_dials_what_is_on_the_tailnet(host: str, is_dialled: bool) -> None:
    async def ask() -> SweepStatus:
        return msgspec.structs.replace(NAS, tun=False)

    route, dial = Route(), Route()

    with pytest.raises(ConnectionRefusedError):
        await NamedOpener(host, 3621, TailnetNames(ask), dial, route).open()

    assert (bool(dial.asked), bool(route.asked)) == (is_dialled, not is_dialled)


class NoSuchName:
    """A resolver that knows nobody."""

    where = "nowhere"

    async def open(self) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def test_a_name_nobody_knows_is_said_to_be_unknown() -> None:
    with pytest.raises(OSError, match="knows a machine called web"):
        await NamedOpener("web", 3621, TailnetNames(ask_nas), Route(), lambda _host, _port: NoSuchName()).open()
