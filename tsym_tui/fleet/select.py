"""Which hosts a command runs on: `--on SELECTOR`, repeatable, in the filter language.

    all                  every host
    NAME                 the host of that name, spec, address or stable ID, or those with that tag of the hosts file
    tag:web os:linux     the filter language: all terms must hold
    web,db               either

A word that is nobody's whole name is a filter, too: then it need only be part of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import Node
from tsym_tui.fleet.filters import Filter, Sums, TypedTerm, read_terms, to_tests
from tsym_tui.fleet.specs import SpecKind
from tsym_tui.fleet.terms import Unmeasured

EVERYONE = "all"


class Candidate(Protocol):
    """A host that may be chosen."""

    @property
    def host(self) -> Host:
        """How it stands."""

    @property
    def node(self) -> Node | None:
        """The node it is; None until it has answered once."""

    @property
    def tags(self) -> tuple[str, ...]:
        """What the hosts file calls it."""


C = TypeVar("C", bound=Candidate)


class Selector(msgspec.Struct, frozen=True):
    """What was asked for."""

    text: str = EVERYONE
    alternatives: tuple[Filter, ...] = ()
    """None = every host."""

    @property
    def is_everyone(self) -> bool:
        """Whether no host is left out, so that nobody's name need be known."""
        return not self.alternatives

    def chosen(self, candidates: Sequence[C]) -> tuple[C, ...]:
        """Return those that are meant, in their order."""
        if self.is_everyone:
            return tuple(candidates)
        places = {place for wanted in self.alternatives for place in _matching(wanted, candidates)}
        return tuple(candidates[place] for place in sorted(places))


def parse_selector(texts: Iterable[str]) -> Selector:
    """Read what `--on` was given; nothing means every host. Raises `FilterError` for a term that cannot be read."""
    given = [text.strip() for text in texts if text.strip(" ,")]
    read = [terms for text in given for terms in read_terms(text)]
    if not read or any(_is_everyone(terms) for terms in read):
        return Selector()
    return Selector(", ".join(given), tuple(one for terms in read for one in _read(terms)))


def _is_everyone(terms: Sequence[TypedTerm]) -> bool:
    return len(terms) == 1 and any(choice.text.casefold() == EVERYONE for choice in terms[0].choices)


_SPECS = frozenset({*SpecKind, "http", "https"})


def _read(terms: Sequence[TypedTerm]) -> list[Filter]:
    """Read one alternative. A value that stands alone, or between commas, may be somebody's whole name."""
    if len(terms) > 1 or terms[0].is_not:
        return [Filter(" ".join(term.text for term in terms), (to_tests(terms, is_measured=False),))]
    return [
        _read_name(choice.text, msgspec.structs.replace(terms[0], choices=(choice,))) for choice in terms[0].choices
    ]


def _read_name(text: str, term: TypedTerm) -> Filter:
    if text.partition(":")[0].casefold() in _SPECS:
        return Filter(text, ((lambda *_: False,),))
    return Filter(text, (to_tests((term,), is_measured=False),))


def _matching(wanted: Filter, candidates: Sequence[Candidate]) -> list[int]:
    called = [place for place, one in enumerate(candidates) if wanted.text.casefold() in _names(one)]
    if called:
        return called
    return [place for place, one in enumerate(candidates) if wanted.matches(_node_of(one), _sums_of(one))]


def _names(one: Candidate) -> set[str]:
    """Return everything that means this host and no other one, in small letters."""
    names = {one.host.name, one.host.spec, *one.tags}
    if one.node is not None:
        node = one.node
        names |= {node.name, node.short_name, node.host_name, str(node.ref.stable_id), *node.addresses}
    return {name.casefold() for name in names if name}


_NOWHERE = NodeRef(Tailnet("", ""), StableNodeID(""))


def _node_of(one: Candidate) -> Node:
    """Return its node with the tags of the hosts file; one that never answered is known by its names alone."""
    node = one.node or Node(ref=_NOWHERE, name=one.host.name, host_name=one.host.spec)
    return msgspec.structs.replace(node, tags=(*node.tags, *one.tags)) if one.tags else node


def _sums_of(one: Candidate) -> Sums:
    return Unmeasured(one.host)
