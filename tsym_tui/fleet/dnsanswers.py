"""What a resolver said, read from its bytes: `dns-query` hands on the whole DNS message.

Only what a person asks of it: the code, and the answers. Learnt from RFC 1035, 2782 and 3596.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable

import msgspec

CODES = {0: "no error", 1: "format error", 2: "server failure", 3: "no such name", 4: "not implemented", 5: "refused"}
TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV"}

_MOST_JUMPS = 64
"""A name may point back so often; more is a loop."""


class Record(msgspec.Struct, frozen=True):
    """One answer."""

    name: str
    type: str
    ttl_s: int
    value: str


class Message(msgspec.Struct, frozen=True):
    """What of a message is shown."""

    code: str
    records: tuple[Record, ...]


def read_message(body: bytes) -> Message:
    """Read a DNS message; raise `ValueError` for one that is cut short or makes no sense."""
    try:
        flags, questions, answers = struct.unpack_from(">HHH", body, 2)
        at = 12
        for _ in range(questions):
            at = _name(body, at)[1] + 4
        records = []
        for _ in range(answers):
            record, at = _record(body, at)
            records.append(record)
    except (struct.error, IndexError) as error:
        raise ValueError("a DNS message that is cut short") from error
    return Message(CODES.get(flags & 15, f"code {flags & 15}"), tuple(records))


def _record(body: bytes, at: int) -> tuple[Record, int]:
    name, at = _name(body, at)
    kind, _, ttl_s, size = struct.unpack_from(">HHIH", body, at)
    start = at + 10
    data = body[start : start + size]
    if len(data) < size:
        raise IndexError
    read = _VALUES.get(kind, _bytes)
    return Record(name, TYPES.get(kind, f"type {kind}"), ttl_s, read(body, start, data)), start + size


def _name(body: bytes, at: int) -> tuple[str, int]:
    """Read a name, which may end elsewhere in the message; return it and where what follows it begins."""
    labels: list[str] = []
    end = -1
    for _ in range(_MOST_JUMPS + 128):
        size = body[at]
        if size >= 0xC0:
            end = at + 2 if end < 0 else end
            at = (size & 0x3F) << 8 | body[at + 1]
        elif size:
            labels.append(body[at + 1 : at + 1 + size].decode("ascii", "backslashreplace"))
            at += 1 + size
        else:
            return ".".join(labels) or ".", at + 1 if end < 0 else end
    raise ValueError("a DNS name without an end")


def _bytes(_body: bytes, _at: int, data: bytes) -> str:
    return data.hex()


def _address(_body: bytes, _at: int, data: bytes) -> str:
    return str(ipaddress.ip_address(data)) if len(data) in {4, 16} else data.hex()


def _named(body: bytes, at: int, _data: bytes) -> str:
    return _name(body, at)[0]


def _exchange(body: bytes, at: int, data: bytes) -> str:
    return f"{struct.unpack_from('>H', data)[0]} {_name(body, at + 2)[0]}"


def _service(body: bytes, at: int, data: bytes) -> str:
    priority, weight, port = struct.unpack_from(">HHH", data)
    return f"{priority} {weight} {port} {_name(body, at + 6)[0]}"


def _text(_body: bytes, _at: int, data: bytes) -> str:
    texts, at = [], 0
    while at < len(data):
        texts.append(data[at + 1 : at + 1 + data[at]].decode("utf-8", "backslashreplace"))
        at += 1 + data[at]
    return " ".join(f'"{text}"' for text in texts)


_VALUES: dict[int, Callable[[bytes, int, bytes], str]] = {
    1: _address,
    28: _address,
    2: _named,
    5: _named,
    6: _named,
    12: _named,
    15: _exchange,
    16: _text,
    33: _service,
}
