"""Where an agent listens, and where never."""

from __future__ import annotations

import errno
import json

import msgspec
import pytest

from tsym_agent.localapi.errors import DaemonUnreachableError
from tsym_agent.model.pingjob import MOST_TARGETS, PingJob
from tsym_agent.model.status import parse_status
from tsym_agent.server.listen import Follower, Ground, Listener, read_ground
from tsym_agent.wire.exchange import Handler, Limits, Request, Response
from tsym_agent.wire.server import Server, serve_tcp

STATUS = {
    "BackendState": "Running",
    "TUN": True,
    "TailscaleIPs": ["100.64.0.1", "fd7a:115c::1"],
    "Self": {"ID": "n1", "DNSName": "nas.example.ts.net.", "HostName": "nas"},
}


def body(**fields: object) -> bytes:
    return json.dumps(STATUS | fields).encode()


def places(**fields: object) -> tuple[str, ...]:
    return read_ground(parse_status(body(**fields))).places


def test_with_a_device_it_is_the_own_addresses() -> None:
    assert places() == ("100.64.0.1", "fd7a:115c::1")


def test_in_userspace_mode_it_is_where_the_netstack_delivers() -> None:
    assert places(TUN=False) == ("127.0.0.1",)


@pytest.mark.parametrize("state", ["Stopped", "NeedsLogin", "Starting", "NeedsMachineAuth", "Dreaming"])
def test_off_the_tailnet_it_is_nowhere(state: str) -> None:
    assert places(BackendState=state) == ()
    assert places(BackendState=state, TUN=False) == ()


def test_without_addresses_it_is_nowhere() -> None:
    assert places(TailscaleIPs=None) == ()
    assert places(TailscaleIPs=[], TUN=False) == ()


@pytest.mark.parametrize("address", [".".join("0000"), "::", "127.0.0.1", "::1", "224.0.0.1", "fe80::1", "nas", ""])
def test_an_address_that_is_no_nodes_own_is_never_listened_on(address: str) -> None:
    assert places(TailscaleIPs=[address]) == ()
    assert places(TailscaleIPs=[address, "100.64.0.1"]) == ("100.64.0.1",)


async def answer(_: Request) -> Response:
    return Response(200, b"ok")


class Net:
    """A machine whose addresses a test decides; servers are real, on a loopback port each."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = set(addresses)
        self.refusal = errno.EADDRNOTAVAIL
        self.servers: dict[str, Server] = {}

    async def serve(self, host: str, port: int, handler: Handler, limits: Limits) -> Server:
        if host not in self.addresses:
            raise OSError(self.refusal, "no")
        assert port == 3621
        self.servers[host] = await serve_tcp("127.0.0.1", 0, handler, limits=limits)
        return self.servers[host]

    def is_open(self, host: str) -> bool:
        return not self.servers[host].is_closing


async def test_listeners_follow_the_addresses() -> None:
    net = Net("100.64.0.1", "100.64.0.2", "fd7a::1")
    listener = Listener(answer, 3621, serve=net.serve)
    await listener.stand_on(("100.64.0.1", "fd7a::1"))
    kept = net.servers["fd7a::1"]
    await listener.stand_on(("100.64.0.2", "fd7a::1"))

    assert not net.is_open("100.64.0.1")
    assert net.is_open("100.64.0.2")
    assert net.servers["fd7a::1"] is kept
    await listener.aclose()
    assert not net.is_open("fd7a::1")


async def test_a_job_of_all_pings_fits_into_what_a_stranger_may_send() -> None:
    net = Net("100.64.0.1")
    listener = Listener(answer, 3621, serve=net.serve)
    await listener.stand_on(("100.64.0.1",))
    job = msgspec.json.encode(PingJob(targets=("fd7a:115c:a1e0:ab12:4843:cd96:6258:b240",) * MOST_TARGETS))
    allowed = net.servers["100.64.0.1"].limits.body_bytes
    await listener.aclose()

    assert len(job) < allowed <= 2 * len(job)


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EADDRINUSE, "another program listens there"), (errno.EADDRNOTAVAIL, "not on this")]
)
async def test_an_address_that_cannot_be_had_is_said_and_tried_again(number: int, words: str) -> None:
    net = Net()
    net.refusal = number
    listener = Listener(answer, 3621, serve=net.serve)
    first = await listener.stand_on(("fd7a::1",))
    net.addresses.add("fd7a::1")
    second = await listener.stand_on(("fd7a::1",))

    assert first[0].startswith("cannot listen on [fd7a::1]:3621: ")
    assert words in first[0]
    assert second == ()
    await listener.aclose()


class Daemon:
    """Answers as a test says."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)

    async def status_bytes(self, *, peers: bool = True) -> bytes:
        assert not peers
        said = self.answers.pop(0)
        if said is None:
            raise DaemonUnreachableError("/run/s.sock", "nobody listens", "start it")
        return said


async def looks(net: Net, *answers: bytes | None) -> tuple[list[str], list[bool], list[Ground], Listener]:
    said: list[str] = []
    grounds: list[Ground] = []
    listener = Listener(answer, 3621, serve=net.serve)
    follower = Follower(Daemon(*answers), listener, on_ground=grounds.append, say=said.append)
    hurries = [await follower.look() for _ in answers]
    return said, hurries, grounds, listener


async def test_what_is_new_is_said_once() -> None:
    net = Net("100.64.0.1")
    said, hurries, grounds, listener = await looks(net, body(), body())

    assert said == [
        "cannot listen on [fd7a:115c::1]:3621: the address is not on this machine (yet)",
        f"listening on 100.64.0.1:{net.servers['100.64.0.1'].port}",
    ]
    assert hurries == [False, False]
    assert grounds[0].names == ("nas.example.ts.net", "nas")
    await listener.aclose()


async def test_a_daemon_that_restarts_keeps_its_listeners() -> None:
    net = Net("100.64.0.1", "fd7a:115c::1")
    said, hurries, _, listener = await looks(net, body(), None, body())

    assert net.is_open("100.64.0.1")
    assert hurries == [False, True, False]
    assert any("nobody listens" in line for line in said)
    await listener.aclose()


@pytest.mark.parametrize("state", ["Starting", "NoState"])
async def test_a_daemon_that_starts_keeps_its_listeners(state: str) -> None:
    net = Net("100.64.0.1", "fd7a:115c::1")
    said, hurries, grounds, listener = await looks(net, body(), body(BackendState=state, TailscaleIPs=None, Self=None))

    assert net.is_open("100.64.0.1")
    assert hurries == [False, True]
    assert len(grounds) == 1
    assert said[-1] == "tailscaled is starting: wait a moment"
    await listener.aclose()


async def test_a_node_that_leaves_the_tailnet_is_listened_on_no_more() -> None:
    net = Net("100.64.0.1", "fd7a:115c::1")
    said, hurries, _, _ = await looks(net, body(), body(BackendState="Stopped"))

    assert not net.is_open("100.64.0.1")
    assert hurries == [False, True]
    assert said[-1] == "not listening: tailscaled is stopped: run `tailscale up`"


async def test_an_expired_key_is_named() -> None:
    own = {"ID": "n1", "Expired": True}
    said, *_ = await looks(Net(), body(BackendState="NeedsLogin", Self=own))

    assert "--force-reauth" in said[0]


async def test_a_daemon_without_sense_changes_nothing() -> None:
    net = Net("100.64.0.1", "fd7a:115c::1")
    said, hurries, _, listener = await looks(net, body(), b"{")

    assert net.is_open("100.64.0.1")
    assert hurries[-1]
    assert "not JSON" in said[1]
    await listener.aclose()


async def test_following_never_ends_and_hurries_while_something_is_missing() -> None:
    class EnoughError(Exception):
        pass

    slept: list[float] = []

    async def sleep(delay_s: float) -> None:
        slept.append(delay_s)
        if len(slept) == 2:
            raise EnoughError

    net = Net("100.64.0.1", "fd7a:115c::1")
    listener = Listener(answer, 3621, serve=net.serve)
    follower = Follower(Daemon(None, body()), listener, on_ground=lambda _: None, say=lambda _: None, sleep=sleep)
    with pytest.raises(EnoughError):
        await follower.follow()

    assert slept == [1.0, 4.0]
    await listener.aclose()
