"""The filter language: words and `key:value` terms, all of which must hold. The app's filter line, and `--on`.

    web            the name, host name or an address contains it
    tag:db         carries the tag (with or without its `tag:`)
    owner:ann      the owner's login name contains it
    os:linux       the operating system starts with it
    path:derp      somebody reaches it so: direct, relay, derp, dead, stale, unknown
    rtt:>100       its typical round trip in ms; also `<`
    online offline what control says
    host           we can look from it
    !TERM          the opposite

Pure: a node and its sums in, yes or no out. The whole language is case-blind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PathKind, SampleState


class Sums(Protocol):
    """How a node is reached from everywhere we can look from, as far as filters ask."""

    @property
    def host(self) -> object | None:
        """What we can look from this node with; None = nothing."""

    @property
    def paths(self) -> frozenset[PathKind]:
        """Classes by which somebody reaches it now."""

    @property
    def state(self) -> SampleState:
        """What is known of reaching it."""

    @property
    def failed(self) -> int:
        """How many hosts do not reach it."""

    @property
    def median_ms(self) -> float | None:
        """Its typical round trip."""


Test = Callable[[Node, Sums], bool]

PATH_WORDS = {
    "direct": PathKind.DIRECT,
    "relay": PathKind.PEER_RELAY,
    "peer-relay": PathKind.PEER_RELAY,
    "derp": PathKind.DERP,
    "unknown": PathKind.UNKNOWN,
}
STATE_WORDS = {"dead": SampleState.FAILED, "stale": SampleState.STALE, "never": SampleState.NEVER}
KEYS = ("tag", "owner", "os", "path", "rtt")
MEASURED = frozenset({"path", "rtt"})
"""Terms that ask what probes found out."""


class FilterError(ValueError):
    """A filter that cannot be read; its text says which term and what there is instead."""


class Filter(msgspec.Struct, frozen=True):
    """A filter as it was typed, and its tests."""

    text: str = ""
    tests: tuple[Test, ...] = ()

    def __bool__(self) -> bool:
        """Whether it filters anything."""
        return bool(self.tests)

    def matches(self, node: Node, sums: Sums) -> bool:
        """Whether every term holds for the node."""
        return all(test(node, sums) for test in self.tests)


def parse_filter(text: str, *, is_measured: bool = True) -> Filter:
    """Read a filter line; raises FilterError for a term that cannot be read.

    `is_measured` says whether there are probes to ask; without any, a term about them is refused, not false.
    """
    terms = text.lower().split()
    if not is_measured and (found := next((term for term in terms if _key_of(term) in MEASURED), None)):
        raise FilterError(f"{found} asks for measurements, and nothing is probed here")
    return Filter(text=text.strip(), tests=tuple(_parse_term(term) for term in terms))


def _key_of(term: str) -> str:
    return term.lstrip("!").partition(":")[0] if ":" in term else ""


def _parse_term(term: str) -> Test:
    """Read one term."""
    if term.startswith("!"):
        if term == "!":
            raise FilterError("nothing after !")
        inner = _parse_term(term[1:])
        return lambda node, sums: not inner(node, sums)
    if term in {"online", "offline"}:
        wanted = term == "online"
        return lambda node, _: node.online is wanted
    if term == "host":
        return lambda _, sums: sums.host is not None
    key, colon, value = term.partition(":")
    if colon and key.isalpha() and ":" not in value:
        return _parse_keyed(key, value)
    return lambda node, _: _has_text(node, term)


def _parse_keyed(key: str, value: str) -> Test:
    """Read a `key:value` term."""
    if key not in KEYS:
        raise FilterError(f"no such term {key}: (there are {' '.join(name + ':' for name in KEYS)})")
    if not value:
        return lambda *_: True  # half typed: the list must not empty while a person writes
    if key == "tag":
        return lambda node, _: any(tag.lower().removeprefix("tag:") == value for tag in node.tags)
    if key == "owner":
        return lambda node, _: value in (node.owner or "").lower()
    if key == "os":
        return lambda node, _: node.os.lower().startswith(value)
    return _parse_path(value) if key == "path" else _parse_rtt(value)


def _parse_path(value: str) -> Test:
    """Read the value of `path:`; a word still being typed counts as the first one it begins."""
    word = next((word for word in (*PATH_WORDS, *STATE_WORDS) if word.startswith(value)), None)
    if word is None:
        raise FilterError(f"no such path {value} (there are {', '.join((*PATH_WORDS, *STATE_WORDS))})")
    if word in PATH_WORDS:
        return lambda _, sums: PATH_WORDS[word] in sums.paths
    if word == "dead":
        return lambda _, sums: sums.failed > 0
    return lambda _, sums: sums.state is STATE_WORDS[word]


def _parse_rtt(value: str) -> Test:
    """Read the value of `rtt:`."""
    sign, number = (value[0], value[1:]) if value[0] in "<>" else (">", value)
    if not number:
        return lambda *_: True
    try:
        limit = float(number)
    except ValueError:
        raise FilterError(f"rtt: wants a number of ms, as in rtt:>100, not {value}") from None
    if sign == "<":
        return lambda _, sums: sums.median_ms is not None and sums.median_ms < limit
    return lambda _, sums: sums.median_ms is not None and sums.median_ms > limit


def _has_text(node: Node, text: str) -> bool:
    """Whether a person would find this text on the node."""
    return any(text in field.lower() for field in (node.name, node.host_name, *node.addresses))
