"""All that hosts know of one node, whole: for the pane that shows a single machine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.ids import NodeRef, StableNodeID
from tsym_agent.model.nodes import Node
from tsym_agent.model.status import PeerStatus, Status
from tsym_agent.model.text import printable
from tsym_tui.fleet.members import Member, words_of


class HostWord(msgspec.Struct, frozen=True, kw_only=True):
    """What one host says of the node."""

    host: NodeRef
    is_self: bool
    """Whether the host is the node."""
    peer: PeerStatus | None = None
    """Its entry in the host's status, its texts made printable; None when the host does not know it."""
    error: str | None = None
    """Why the host could not be asked."""


class NodeDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A node and every host's word on it, its own first."""

    ref: NodeRef
    node: Node | None
    words: tuple[HostWord, ...]


async def ask_details(ref: NodeRef, node: Node | None, members: Iterable[Member]) -> NodeDetails:
    """Ask these hosts at once what they know of a node."""
    asked = [(member.ref, member) for member in members if member.ref is not None and member.client is not None]
    words = await asyncio.gather(*(_ask(host, member, ref) for host, member in asked))
    return NodeDetails(ref=ref, node=node, words=_own_first(words))


def _own_first(words: Sequence[HostWord]) -> tuple[HostWord, ...]:
    return tuple(sorted(words, key=lambda word: not word.is_self))


async def _ask(host: NodeRef, member: Member, ref: NodeRef) -> HostWord:
    is_self = host == ref
    if member.client is None:
        return HostWord(host=host, is_self=is_self)
    try:
        status = await member.client.status()
    except LocalAPIError as trouble:
        return HostWord(host=host, is_self=is_self, error=words_of(trouble, member.spec.text))
    return HostWord(host=host, is_self=is_self, peer=_entry(status, ref.stable_id))


def _entry(status: Status, stable_id: StableNodeID) -> PeerStatus | None:
    nodes = (status.self_node, *status.peers) if status.self_node else status.peers
    found = next((node for node in nodes if node.id == stable_id), None)
    return _cleaned(found) if found else None


def _cleaned(peer: PeerStatus) -> PeerStatus:
    """Make every text of an entry printable."""
    changes: dict[str, object] = {}
    for name in peer.__struct_fields__:
        value = getattr(peer, name)
        if isinstance(value, str):
            changes[name] = printable(value)
        elif isinstance(value, tuple):
            changes[name] = tuple(printable(text) for text in value)
    return msgspec.structs.replace(peer, **changes)
