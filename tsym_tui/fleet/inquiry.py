"""What hosts know of one node, or of both ends of a pair, asked when a person looks: their words beyond a picture.

Each host that is an end is asked for its status (its own endpoints, who may be routed where), its wishes and what it
did about the other end's endpoints, and to ping the other end once in each way that the daemon has. A node without a
host is asked about at a witness: another host that knows it. Nothing raises: what cannot be had is a trouble in words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import msgspec

from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PingKind
from tsym_agent.model.payload import ABSENT, PayloadError, decode
from tsym_agent.model.pingjob import PingJob
from tsym_agent.model.prefs import Prefs, parse_prefs
from tsym_agent.model.status import PeerStatus
from tsym_agent.model.text import printable
from tsym_agent.model.traces import EndpointChange, parse_endpoint_changes
from tsym_agent.probe.limits import timeout_of
from tsym_tui.fleet.fanout import Answer, Job, ask_one
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.pinging import Ping, Round, ping_from

LAYERS = (PingKind.PEERAPI, PingKind.ICMP, PingKind.TSMP)
"""Pings beside the prober's own disco ones, the highest layer first."""


class Entry(msgspec.Struct, frozen=True):
    """What a host's status says of one node."""

    host: NodeRef
    about: NodeRef
    peer: PeerStatus
    raw: dict[str, object]
    """The same as it came, every text printable."""


class Wishes(msgspec.Struct, frozen=True):
    """What the owner of a host wants of it."""

    host: NodeRef
    prefs: Prefs
    raw: dict[str, object]


class Changes(msgspec.Struct, frozen=True):
    """What a host did about a peer's endpoints, oldest first."""

    host: NodeRef
    peer: NodeRef
    changes: tuple[EndpointChange, ...]


class Pong(msgspec.Struct, frozen=True):
    """One ping of a layer, answered or not."""

    host: NodeRef
    peer: NodeRef
    kind: PingKind
    latency_ms: float | None
    error: str | None = None


class Trouble(msgspec.Struct, frozen=True):
    """What a host could not be asked, and why."""

    host: NodeRef
    what: str
    words: str


Finding = Entry | Wishes | Changes | Pong | Trouble


@dataclass
class Inquiry:
    """What has come so far."""

    ends: tuple[NodeRef, ...] = ()
    waiting: int = 0
    """Questions that have no answer yet."""
    entries: dict[tuple[NodeRef, NodeRef], Entry] = field(default_factory=dict)
    wishes: dict[NodeRef, Wishes] = field(default_factory=dict)
    changes: dict[tuple[NodeRef, NodeRef], tuple[EndpointChange, ...]] = field(default_factory=dict)
    pongs: dict[tuple[NodeRef, NodeRef, PingKind], Pong] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)

    def take(self, found: Sequence[Finding]) -> None:
        """Take in what came of one question."""
        self.waiting = max(0, self.waiting - 1)
        for one in found:
            match one:
                case Entry():
                    self.entries[one.host, one.about] = one
                case Wishes():
                    self.wishes[one.host] = one
                case Changes():
                    self.changes[one.host, one.peer] = one.changes
                case Pong():
                    self.pongs[one.host, one.peer, one.kind] = one
                case Trouble():
                    self.troubles.append(one)

    def seen_by(self, host: NodeRef, about: NodeRef) -> PeerStatus | None:
        """Return what a host's status says of a node."""
        entry = self.entries.get((host, about))
        return None if entry is None else entry.peer

    def own(self, ref: NodeRef) -> PeerStatus | None:
        """Return what a node's own daemon says of it."""
        return self.seen_by(ref, ref)

    def words_about(self, about: NodeRef) -> list[Entry]:
        """Return everybody's words on a node, its own first."""
        return sorted((e for e in self.entries.values() if e.about == about), key=lambda e: (e.host != about, e.host))


Question = Callable[[], Coroutine[object, object, tuple[Finding, ...]]]
"""Asks one host one thing when it is called; what cannot be had is a finding, too."""


def questions(
    ends: Sequence[NodeRef],
    asked: Sequence[Asked],
    nodes: Mapping[NodeRef, Node],
    *,
    witness: NodeRef | None = None,
    pinged: Sequence[tuple[NodeRef, NodeRef]] = (),
) -> list[Question]:
    """Return what is to be asked of whom; `pinged` are the pairs that may be pinged, `witness` knows the hostless."""
    by_ref = {one.host.ref: one for one in asked if one.host.ref is not None}
    found: list[Question] = []
    for ref in dict.fromkeys((*ends, *((witness,) if witness is not None else ()))):
        if (one := by_ref.get(ref)) is None:
            continue
        found.append(partial(_ask_status, one, ref, [nodes[end] for end in ends if end in nodes]))
        if ref in ends:
            found.append(partial(_ask_wishes, one, ref))
    for source, target in _both_ways(ends):
        one, node = by_ref.get(source), nodes.get(target)
        if one is None or node is None or not node.addresses:
            continue
        found.append(partial(_ask_changes, one, source, node))
        if (source, target) in pinged:
            found += [partial(_ping, one, source, node, kind) for kind in LAYERS]
    return found


def _both_ways(ends: Sequence[NodeRef]) -> list[tuple[NodeRef, NodeRef]]:
    return [(ends[0], ends[1]), (ends[1], ends[0])] if len(ends) > 1 else []


async def answers(asked: Sequence[Question]) -> AsyncGenerator[tuple[Finding, ...], None]:
    """Ask everything at once and yield what comes of each question when it comes; leave it with `aclosing`."""
    tasks = [asyncio.create_task(question(), name="a question about a node") for question in asked]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Answered(msgspec.Struct, frozen=True, rename="pascal"):
    """The parts of a status that hold nodes, unread."""

    self_node: msgspec.Raw = msgspec.field(default=ABSENT, name="Self")
    peer: dict[str, msgspec.Raw] | None = None


_STATUS = msgspec.json.Decoder(_Answered)
_PEER = msgspec.json.Decoder(PeerStatus)
_PINGS = msgspec.json.Decoder(list[Ping])


async def _ask_status(one: Asked, host: NodeRef, about: Sequence[Node]) -> tuple[Finding, ...]:
    """Ask a host's status and keep what it says of these nodes."""
    answer = await ask_one(one, Job(command=COMMANDS["status"]))
    if not answer.is_ok:
        return (_trouble(host, "status", answer),)
    try:
        status = await asyncio.to_thread(decode, _STATUS, answer.body)
        return tuple(entry for node in about if (entry := _entry(status, host, node)) is not None)
    except PayloadError as error:
        return (Trouble(host, "status", str(error)),)


def _entry(status: _Answered, host: NodeRef, node: Node) -> Entry | None:
    """Find a node in a status: only those are read that hold its ID."""
    wanted = f'"{node.ref.stable_id}"'.encode()
    for raw in (status.self_node, *(status.peer or {}).values()):
        if wanted not in (body := bytes(raw)):
            continue
        peer = decode(_PEER, body)
        if peer.id == node.ref.stable_id:
            return Entry(host, node.ref, _cleaned_peer(peer), _cleaned(body))
    return None


def _cleaned_peer(peer: PeerStatus) -> PeerStatus:
    changes: dict[str, object] = {}
    for name in ("cur_addr", "relay", "peer_relay", "last_handshake", "last_write", "created", "os", "host_name"):
        changes[name] = printable(getattr(peer, name))
    for name in ("allowed_ips", "primary_routes", "addrs"):
        changes[name] = tuple(printable(text) for text in getattr(peer, name) or ())
    return msgspec.structs.replace(peer, **changes)


def _cleaned(body: bytes) -> dict[str, object]:
    found = clean(msgspec.json.decode(body))
    return found if isinstance(found, dict) else {}


def clean(value: object) -> object:
    """Make every text of a JSON value printable, keys included."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [clean(one) for one in value]
    if isinstance(value, dict):
        return {printable(str(key)): clean(one) for key, one in value.items()}
    return value


async def _ask_wishes(one: Asked, host: NodeRef) -> tuple[Finding, ...]:
    answer = await ask_one(one, Job(command=COMMANDS["prefs"]))
    if not answer.is_ok:
        return (_trouble(host, "prefs", answer),)
    try:
        return (Wishes(host, parse_prefs(answer.body), _cleaned(answer.body)),)
    except (PayloadError, msgspec.DecodeError) as error:
        return (Trouble(host, "prefs", str(error)),)


async def _ask_changes(one: Asked, host: NodeRef, peer: Node) -> tuple[Finding, ...]:
    answer = await ask_one(one, Job(command=COMMANDS["peer-endpoint-changes"], values={"ip": peer.addresses[0]}))
    if not answer.is_ok:
        return (_trouble(host, "endpoint changes", answer),)
    try:
        changes = parse_endpoint_changes(answer.body)
    except PayloadError as error:
        return (Trouble(host, "endpoint changes", str(error)),)
    cleaned = tuple(EndpointChange(printable(change.when), printable(change.what)) for change in changes)
    return (Changes(host, peer.ref, cleaned),)


async def _ping(one: Asked, host: NodeRef, peer: Node, kind: PingKind) -> tuple[Finding, ...]:
    """Ping once inside the tunnel; silence is an answer."""
    job = PingJob(type=kind, count=1, timeout_ms=int(1000 * timeout_of(kind)))
    answer = await ping_from(one, Round(job=job, ips=(peer.addresses[0],), nodes={peer.addresses[0]: peer}))
    if not answer.is_ok:
        return (_trouble(host, f"{kind.value} ping", answer),)
    pings = _PINGS.decode(answer.body)
    if not pings:
        return ()
    return (Pong(host, peer.ref, kind, pings[0].latency_ms, pings[0].error),)


def _trouble(host: NodeRef, what: str, answer: Answer) -> Trouble:
    return Trouble(host, what, answer.error or "no answer")
