"""Parameters of LocalAPI commands: what a value must look like, and how it is written upstream.

A value is checked by whoever is asked (the command line, the agent) and sent on in its canonical spelling, never as it
came: a daemon takes parameters from more places than one would think, and ignores those it does not know.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from enum import StrEnum

import msgspec


class ValueKind(StrEnum):
    """What a value is."""

    TEXT = "text"
    IP = "ip"
    ADDRESS = "address"
    """An IP, `ip:port`, or `nodekey:` and 64 hex digits."""
    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    DNS_NAME = "name"
    WORD = "word"
    """Letters, digits, `-`, `_` and `.`: what may stand in a path."""


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of the query, or the rest of the path."""

    name: str
    words: str
    kind: ValueKind = ValueKind.TEXT
    is_required: bool = False
    in_path: bool = False
    choices: tuple[str, ...] = ()
    least: int = 0
    most: int = 2**63 - 1

    def canonical(self, value: str) -> str:
        """Return the value as it is sent; raise `ValueError` saying what is wanted instead."""
        try:
            return _READERS[self.kind](self, value)
        except ValueError:
            raise ValueError(f"{self.name}={_shown(value)!r}: wanted {self.wanted}") from None

    @property
    def wanted(self) -> str:
        """Say what a value must be."""
        if self.kind is ValueKind.CHOICE:
            return f"one of {', '.join(self.choices)}"
        if self.kind is ValueKind.NUMBER and self.most < 2**63 - 1:
            return f"a number from {self.least} to {self.most}"
        return _WANTED[self.kind]


_WANTED = {
    ValueKind.TEXT: "a short printable text",
    ValueKind.IP: "an IP address",
    ValueKind.ADDRESS: "an IP address, ip:port, or nodekey:…",
    ValueKind.NUMBER: "a whole number",
    ValueKind.FLAG: "true or false",
    ValueKind.DNS_NAME: "a DNS name",
    ValueKind.WORD: "a word of letters, digits, - _ and .",
}

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_NODE_KEY = re.compile(r"nodekey:[0-9a-f]{64}")
_NAME = re.compile(r"(?=.{1,253}\.?\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?")
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_MOST_TEXT = 256


def _shown(value: str) -> str:
    return value if len(value) <= 60 else value[:59] + "…"


def _text(_: Parameter, value: str) -> str:
    if len(value) > _MOST_TEXT or not value.isprintable():
        raise ValueError
    return value


def _ip(_: Parameter, value: str) -> str:
    return str(_plain_ip(value))


def _plain_ip(value: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    address = ipaddress.ip_address(value)
    if getattr(address, "scope_id", None):
        raise ValueError
    return address


def _address(_: Parameter, value: str) -> str:
    if _NODE_KEY.fullmatch(value):
        return value
    bracketed = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\]:([0-9]{1,5})", value)
    plain = re.fullmatch(r"([0-9.]+):([0-9]{1,5})", value)
    if found := bracketed or plain:
        host, port = _plain_ip(found[1]), int(found[2])
        if not 0 < port < 65536:
            raise ValueError
        return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"
    return str(_plain_ip(value))


def _number(parameter: Parameter, value: str) -> str:
    if not (value.isascii() and value.isdecimal() and len(value) <= 19):
        raise ValueError
    if not parameter.least <= int(value) <= parameter.most:
        raise ValueError
    return str(int(value))


def _flag(_: Parameter, value: str) -> str:
    if value not in _TRUE | _FALSE:
        raise ValueError
    return "true" if value in _TRUE else "false"


def _choice(parameter: Parameter, value: str) -> str:
    by_folded = {choice.lower(): choice for choice in parameter.choices}
    if value.lower() not in by_folded:
        raise ValueError
    return by_folded[value.lower()]


def _matching(pattern: re.Pattern[str]) -> Callable[[Parameter, str], str]:
    def read(_: Parameter, value: str) -> str:
        if not pattern.fullmatch(value):
            raise ValueError
        return value

    return read


_READERS: dict[ValueKind, Callable[[Parameter, str], str]] = {
    ValueKind.TEXT: _text,
    ValueKind.IP: _ip,
    ValueKind.ADDRESS: _address,
    ValueKind.NUMBER: _number,
    ValueKind.FLAG: _flag,
    ValueKind.CHOICE: _choice,
    ValueKind.DNS_NAME: _matching(_NAME),
    ValueKind.WORD: _matching(_WORD),
}
