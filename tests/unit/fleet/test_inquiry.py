"""Asking hosts what they know of a node or a pair."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing

import msgspec

from tests.unit.fleet.fakes import ref
from tsym_agent.localapi.errors import AccessDeniedError, AnswerTimeoutError
from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PingKind
from tsym_agent.model.pings import PingResult
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.inquiry import Inquiry, answers, questions

NODES = {
    ref(name): Node(ref=ref(name), name=f"{name}.home.example", host_name=name, addresses=(f"100.64.0.{number}",))
    for number, name in enumerate(("a", "b", "c"), 1)
}


class Daemon:
    """Answers by endpoint; raises what stands in place of an answer."""

    def __init__(self, **bodies: bytes | Exception) -> None:
        self.bodies = bodies
        self.asked: list[str] = []

    async def ask(
        self,
        name: str,
        params: Mapping[str, str] = {},  # noqa: ARG002 - as clients have it
        *,
        method: str = "GET",  # noqa: ARG002 - as clients have it
        body: bytes = b"",  # noqa: ARG002 - as clients have it
        timeout_s: float | None = None,  # noqa: ARG002 - as clients have it
    ) -> bytes:
        self.asked.append(name)
        found = self.bodies.get(name.replace("-", "_"), b"{}")
        if isinstance(found, Exception):
            raise found
        return found

    async def ping(
        self,
        ip: str,
        kind: PingKind = PingKind.DISCO,
        *,
        size: int = 0,  # noqa: ARG002 - as clients have it
        timeout_s: float = 5,  # noqa: ARG002 - as clients have it
    ) -> PingResult:
        self.asked.append(f"ping {kind}")
        if kind is PingKind.ICMP:
            raise AnswerTimeoutError("ping", "no answer")
        return PingResult(ip=ip, latency_seconds=0.012)


def status(**peers: Mapping[str, object]) -> bytes:
    return msgspec.json.encode(
        {
            "Self": {"ID": "n-a", "Addrs": ["192.0.2.1:41641"]},
            "Peer": {f"key:{name}": one for name, one in peers.items()},
        }
    )


def host(name: str, client: object) -> Asked:
    one = Host(spec=f"unix:/{name}", name=name, ref=ref(name), state=HostState.OK)
    return Asked(one, NODES[ref(name)], client)  # type: ignore[arg-type]  # a fake with what is used


async def inquired(*asked: Asked, ends: str, witness: str | None = None, pinged: bool = False) -> Inquiry:
    refs = tuple(ref(name) for name in ends)
    pairs = [(refs[0], refs[1])] if pinged else []
    wanted = questions(refs, asked, NODES, witness=ref(witness) if witness else None, pinged=pairs)
    inquiry = Inquiry(refs, len(wanted))
    async with aclosing(answers(wanted)) as coming:
        async for found in coming:
            inquiry.take(found)
    return inquiry


async def test_a_host_tells_of_itself_and_of_the_other_end() -> None:
    seen = {"ID": "n-b", "AllowedIPs": ["100.64.0.2/32", "10.5.0.0/24"], "RxBytes": 7}
    inquiry = await inquired(host("a", Daemon(status=status(b=seen), debug_peer_endpoint_changes=b"[]")), ends="ab")

    own, other = inquiry.own(ref("a")), inquiry.seen_by(ref("a"), ref("b"))
    assert own is not None
    assert own.addrs == ("192.0.2.1:41641",)
    assert other is not None
    assert other.allowed_ips == ("100.64.0.2/32", "10.5.0.0/24")
    assert inquiry.waiting == 0
    assert inquiry.troubles == []


async def test_a_node_whose_id_only_stands_in_another_text_is_not_taken_for_it() -> None:
    inquiry = await inquired(host("a", Daemon(status=status(c={"ID": "n-c", "HostName": "n-b"}))), ends="ab")

    assert inquiry.seen_by(ref("a"), ref("b")) is None


async def test_the_other_end_is_pinged_once_in_each_layer_and_silence_is_an_answer() -> None:
    inquiry = await inquired(host("a", Daemon(status=status())), ends="ab", pinged=True)
    pongs = {kind: inquiry.pongs[ref("a"), ref("b"), kind] for kind in (PingKind.TSMP, PingKind.ICMP, PingKind.PEERAPI)}

    assert pongs[PingKind.TSMP].latency_ms == 12
    assert pongs[PingKind.ICMP].latency_ms is None
    assert pongs[PingKind.ICMP].error


async def test_nobody_is_pinged_unless_told() -> None:
    daemon = Daemon(status=status())
    await inquired(host("a", daemon), ends="ab")

    assert [name for name in daemon.asked if name.startswith("ping")] == []


async def test_a_node_without_a_host_is_asked_about_at_a_witness() -> None:
    daemon = Daemon(status=status(c={"ID": "n-c", "PrimaryRoutes": ["10.9.0.0/16"]}))
    inquiry = await inquired(host("a", daemon), ends="c", witness="a")

    assert [entry.peer.primary_routes for entry in inquiry.words_about(ref("c"))] == [("10.9.0.0/16",)]
    assert daemon.asked == ["status"]


async def test_what_cannot_be_had_is_a_trouble_in_words() -> None:
    daemon = Daemon(status=b"<html>", prefs=AccessDeniedError("prefs", "prefs access denied"))
    inquiry = await inquired(host("a", daemon), ends="a")

    assert {trouble.what for trouble in inquiry.troubles} == {"status", "prefs"}
    assert all(trouble.words for trouble in inquiry.troubles)


async def test_names_from_a_daemon_never_act_on_the_terminal() -> None:
    peer = {"ID": "n-b", "HostName": "\x1b[31mred", "AllowedIPs": ["\x1b]0;x\x07"], "CapMap": {"\x9bkey": ["\x1b"]}}
    inquiry = await inquired(host("a", Daemon(status=status(b=peer))), ends="ab")
    entry = inquiry.entries[ref("a"), ref("b")]

    assert not {"\x1b", "\x07", "\x9b"} & set(f"{entry.raw}{entry.peer.host_name}{entry.peer.allowed_ips}")
