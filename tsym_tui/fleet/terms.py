"""The terms of the filter language, each with what it asks, an example, and the values that it knows.

The one place where the language is written down: reading, help, completion and the reference page are all made from
`TERMS` and `WORDS`. Pure: a node and its sums in, yes or no out. Everything is case-blind.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Protocol

import msgspec

from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PathKind, SampleState

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class FilterError(ValueError):
    """A filter that cannot be read; its text says which term and what there is instead."""


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

    @property
    def loss(self) -> float | None:
        """Share of unanswered probes, 0 to 1."""


class Unmeasured(msgspec.Struct, frozen=True):
    """What is known of a node where nothing is probed: whether it is a host."""

    host: object | None
    paths: frozenset[PathKind] = frozenset()
    state: SampleState = SampleState.NEVER
    failed: int = 0
    median_ms: float | None = None
    loss: float | None = None


Test = Callable[[Node, Sums], bool]


class Term(msgspec.Struct, frozen=True):
    """One `key:value` of the language."""

    key: str
    example: str
    words: str
    """What a node must have, half a sentence."""
    read: Callable[[str], Test]
    """Make a test of a value, given in small letters; raise `FilterError`."""
    values: Callable[[Node], Iterable[str]] = lambda _: ()
    """What a node would be found by, for completion."""
    choices: tuple[str, ...] = ()
    """Values that do not depend on nodes."""
    is_measured: bool = False
    """Whether it asks what probes found out."""


def text_test(value: str, plain: Callable[[str, str], bool]) -> Callable[[str], bool]:
    """Compare texts: with `*` and `?` the whole of it, else as the term does."""
    if "*" in value or "?" in value:
        return lambda text: fnmatchcase(text.casefold(), value)
    return lambda text: plain(text.casefold(), value)


def _starts(text: str, value: str) -> bool:
    return text.startswith(value)


def _texts(texts: Callable[[Node], Iterable[str]], plain: Callable[[str, str], bool]) -> Callable[[str], Test]:
    """Read a term that holds when one of a node's texts fits."""

    def read(value: str) -> Test:
        fits = text_test(value, plain)
        return lambda node, _: any(fits(text) for text in texts(node))

    return read


def _tags(node: Node) -> list[str]:
    return [tag.removeprefix("tag:") for tag in node.tags]


def _owners(node: Node) -> tuple[str, ...]:
    return (node.owner,) if node.owner else ()


def _sites(node: Node) -> tuple[str, ...]:
    return (node.site,) if node.site else ()


def _routes(node: Node) -> tuple[str, ...]:
    return (*node.routes, *(("exit",) if node.is_exit_node_option else ()))


def short_version(node: Node) -> str:
    """Return the version that people speak of: without commit and build."""
    return (node.version or "").partition("-")[0]


# numbers


_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


def _split_sign(value: str, default: str) -> tuple[str, str]:
    sign = next((sign for sign in _SIGNS if value.startswith(sign)), "")
    return sign or default, value[len(sign) :]


def _number(key: str, unit: str, example: str, figure: Callable[[Sums], float | None]) -> Callable[[str], Test]:
    """Read a term about a measured number; without a sign it means more than that."""

    def read(value: str) -> Test:
        sign, number = _split_sign(value, ">")
        if not number:
            return anything
        try:
            limit = float(number.removesuffix(unit).strip())
        except ValueError:
            raise FilterError(f"{key}: wants a number of {unit}, as in {example}, not {number}") from None
        compare = _SIGNS[sign]
        return lambda _, sums: (found := figure(sums)) is not None and compare(found, limit)

    return read


def anything(_node: Node, _sums: Sums) -> bool:
    """Pass every node: the test of a term half typed, since a list must not empty while a person writes."""
    return True


def _percent(sums: Sums) -> float | None:
    return None if sums.loss is None else 100 * sums.loss


def _read_version(value: str) -> Test:
    """Read `version:1.92`, its beginning part by part, or `version:<1.90`."""
    sign, number = _split_sign(value, "")
    if not number:
        return anything
    wanted = _parts(number)
    if wanted is None:
        raise FilterError(f"version: wants a version, as in version:<1.90, not {number}")
    if sign in {"", "="}:
        return lambda node, _: (parts := _parts(short_version(node))) is not None and parts[: len(wanted)] == wanted
    compare = _SIGNS[sign]

    def test(node: Node, _sums: Sums) -> bool:
        parts = _parts(short_version(node))
        if parts is None:
            return False
        return compare(_order(parts[: len(wanted)], wanted), 0)

    return test


def _order(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return (one > other) - (one < other)


@lru_cache(maxsize=1 << 10)
def _parts(version: str) -> tuple[int, ...] | None:
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else None


# paths

PATH_WORDS = {
    "direct": PathKind.DIRECT,
    "relay": PathKind.PEER_RELAY,
    "peer-relay": PathKind.PEER_RELAY,
    "derp": PathKind.DERP,
    "unknown": PathKind.UNKNOWN,
}
STATE_WORDS = {"dead": SampleState.FAILED, "stale": SampleState.STALE, "never": SampleState.NEVER}


def _read_path(value: str) -> Test:
    """Read the value of `path:`; a word still being typed counts as the first one it begins."""
    word = next((word for word in (*PATH_WORDS, *STATE_WORDS) if word.startswith(value)), None)
    if word is None:
        raise FilterError(f"no such path {value} (there are {', '.join((*PATH_WORDS, *STATE_WORDS))})")
    if word in PATH_WORDS:
        return lambda _, sums: PATH_WORDS[word] in sums.paths
    if word == "dead":
        return lambda _, sums: sums.failed > 0
    return lambda _, sums: sums.state is STATE_WORDS[word]


# places


def network_of(text: str) -> Network | None:
    """Read an address or a network with its slash; None where it is neither."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def subnets(node: Node) -> tuple[str, ...]:
    """Return the networks that a node stands in or serves, as it is known for."""
    places = [word for word in (node.site or "").split() if network_of(word)]
    return tuple(dict.fromkeys((*places, *node.routes)))


def _read_subnet(value: str) -> Test:
    """Read `subnet:10.0.0.0/24`: who stands in it or serves it; also the beginning of one."""
    wanted = network_of(value) if "/" in value or value.count(".") == 3 else None
    if wanted is None:
        return lambda node, _: any(text.startswith(value) for text in subnets(node))
    return lambda node, _: any(
        _overlaps(wanted, network) for text in subnets(node) if (network := network_of(text)) is not None
    )


def _overlaps(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _read_address(value: str) -> Test:
    """Read `ip:`: the beginning of a Tailscale address, or a network with its slash."""
    wanted = network_of(value) if "/" in value else None
    if wanted is None:
        return _texts(lambda node: node.addresses, _starts)(value)
    return lambda node, _: any(
        _overlaps(wanted, network) for text in node.addresses if (network := network_of(text)) is not None
    )


_HAS = operator.contains

TERMS: tuple[Term, ...] = (
    Term("tag", "tag:db", "carries the tag", _texts(_tags, operator.eq), _tags),
    Term("owner", "owner:ann", "its owner's login has it", _texts(_owners, _HAS), _owners),
    Term("os", "os:linux", "its system begins so", _texts(lambda node: (node.os,), _starts), lambda n: (n.os,)),
    Term("version", "version:<1.90", "of its tailscaled, our hosts only", _read_version, lambda n: (short_version(n),)),
    Term("site", "site:office", "the place it stands at has it", _texts(_sites, _HAS), _sites),
    Term("subnet", "subnet:10.1.0.0/16", "stands in it or serves it", _read_subnet, subnets),
    Term("region", "region:fra", "its home DERP region", _texts(lambda n: (n.home_region or "",), operator.eq),
         lambda n: (n.home_region or "",)),
    Term("route", "route:10.5.0.0/24", "serves it; route:exit offers an exit", _texts(_routes, _starts), _routes),
    Term("name", "name:web-*", "its name has it; * and ? fit anything",
         _texts(lambda n: (n.short_name, n.name, n.host_name), _HAS), lambda n: (n.short_name,)),
    Term("ip", "ip:100.64.0.7", "a Tailscale address begins so", _read_address),
    Term("path", "path:derp", "somebody reaches it so", _read_path, choices=(*PATH_WORDS, *STATE_WORDS),
         is_measured=True),
    Term("rtt", "rtt:>100", "its typical round trip in ms",
         _number("rtt", "ms", "rtt:>100", lambda sums: sums.median_ms), is_measured=True),
    Term("loss", "loss:>5", "unanswered probes in %", _number("loss", "%", "loss:>5", _percent), is_measured=True),
)  # fmt: skip
"""Every key there is, in the order of the help."""

BY_KEY = {term.key: term for term in TERMS}

WORDS: dict[str, tuple[str, Test]] = {
    "online": ("control says so", lambda node, _: node.online is True),
    "offline": ("control says so", lambda node, _: node.online is False),
    "host": ("we can look from it", lambda _, sums: sums.host is not None),
}
"""Words that mean something of their own; in quotes they are part of a name like any other."""

KEYS_LINE = " ".join(f"{term.key}:" for term in TERMS)


def has_text(text: str) -> Test:
    """Test whether a person would find this text on the node: name, host name, address."""
    if "*" in text or "?" in text:
        fits = text_test(text, _HAS)
        return lambda node, _: any(fits(field) for field in (node.short_name, *_names(node)))
    return lambda node, _: text in "\n".join(_names(node)).casefold()  # one test a node: there may be thousands


def _names(node: Node) -> tuple[str, ...]:
    return (node.name, node.host_name, *node.addresses)
