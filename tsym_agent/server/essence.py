"""What of a status is news: a slim form without all that changes by itself, its differences and its digest.

Counters and times of active peers change with every packet. Whoever compared whole bodies would see news at each look,
so ETags and deltas compare the slim form: what the readers of `model.status` know, less what is in `LEFT_OUT`, each
member left out again where it has the value a reader would assume.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, cast

import msgspec

from tsym_agent.model.payload import Body, decode
from tsym_agent.model.status import PeerStatus, Status
from tsym_agent.server.redact import scrub

VOLATILE = frozenset({"RxBytes", "TxBytes", "LastWrite", "LastHandshake", "Created"})
"""Members of a peer whose change alone is no news. `LastSeen` is not among them: it is set only while offline."""

LEFT_OUT = VOLATILE | {"CapMap", "Capabilities", "AuthURL", "sshHostKeys", "PeerAPIURL"}
"""Also large, or nobody's business."""

_NULL = msgspec.Raw(b"null")


def _without(struct: type[msgspec.Struct], types: dict[str, object]) -> type[msgspec.Struct]:
    """Make the slim sibling of a struct: its members less those left out, some of another type."""
    fields: list[tuple[str, object, object]] = [
        (
            field.name,
            types.get(field.encode_name, field.type),
            msgspec.field(default=field.default, name=field.encode_name),
        )
        for field in msgspec.structs.fields(struct)
        if field.encode_name not in LEFT_OUT
    ]
    return msgspec.defstruct(f"Slim{struct.__name__}", fields, omit_defaults=True, frozen=True, gc=False)


class SlimStatus(NamedTuple):
    """A status in its slim form."""

    top: dict[str, msgspec.Raw]
    """Members other than `Peer`, compact; those with their default are missing."""
    peers: dict[str, msgspec.Raw]
    """By node key, compact and canonical: equal peers have equal bytes."""

    def body(self) -> bytes:
        """Return it as one JSON object that the decoders of `model.status` read."""
        return _ENCODER.encode({**self.top, "Peer": self.peers})


class Changes(NamedTuple):
    """What is different from one status to the next."""

    top: dict[str, msgspec.Raw]
    """Members that changed, whole; null = it has gone back to its default."""
    peers: dict[str, msgspec.Raw]
    gone: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.top or self.peers or self.gone)


class _Read(Protocol):
    """What is used of a decoded status."""

    peer: dict[str, msgspec.Struct] | None


_SLIM_PEER = _without(PeerStatus, {})
_SLIM_STATUS = _without(Status, {"Self": _SLIM_PEER | None, "Peer": dict[str, _SLIM_PEER] | None})  # type: ignore[valid-type]  # as above
_READER = msgspec.json.Decoder(_SLIM_STATUS)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENCODER = msgspec.json.Encoder()


def slim_status(body: Body) -> SlimStatus:
    """Slim a status; raise `PayloadError` for what is none. 6 ms for 1,000 peers, most of it their decoding."""
    status = decode(_READER, body)
    encode = _ENCODER.encode
    peers = {key: msgspec.Raw(encode(peer)) for key, peer in (cast("_Read", status).peer or {}).items()}
    top = encode(msgspec.structs.replace(status, peer=None))
    return SlimStatus(_MEMBERS.decode(scrub(top)), peers)


def changes(old: SlimStatus, new: SlimStatus) -> Changes:
    """Compare two statuses of one host."""
    top = {name: raw for name, raw in new.top.items() if old.top.get(name) != raw}
    top |= {name: _NULL for name in old.top if name not in new.top}
    peers = {key: raw for key, raw in new.peers.items() if old.peers.get(key) != raw}
    gone = tuple(key for key in old.peers if key not in new.peers)
    return Changes(top, peers, gone)


def etag(status: SlimStatus) -> str:
    """Return a weak entity tag that two statuses share when nothing is news between them."""
    from hashlib import blake2b  # loads OpenSSL: an agent that nobody polls does without

    digest = blake2b(digest_size=12)
    for members in status:
        for name, raw in members.items():
            digest.update(name.encode())
            digest.update(raw)
    return f'W/"{digest.hexdigest()}"'
