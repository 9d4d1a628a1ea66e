"""The filter language."""

from __future__ import annotations

import pytest

from tests.ui import pictures
from tsym_tui.fleet.filters import FilterError, complete, known_values, language_lines, parse_filter, quoted
from tsym_tui.fleet.terms import TERMS, Term
from tsym_tui.ui.digests import digest

HOME = digest(pictures.home())


def names(text: str) -> set[str]:
    """Filter the home tailnet."""
    wanted = parse_filter(text)
    return {HOME.name_of(ref) for ref, node in HOME.snapshot.nodes.items() if wanted.matches(node, HOME.sum_of(ref))}


ALL = {"laptop", "nas", "pi-kitchen", "vps-fra", "tv", "phone", "work-mbp", "old-mac"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ALL),
        ("mac", {"old-mac"}),
        ("MAC", {"old-mac"}),
        ("100.64.0.2", {"nas"}),
        ("fd7a:115c", {"nas"}),
        ("tag:server", {"vps-fra"}),
        ("tag:serv", set()),
        ("owner:ann", ALL - {"vps-fra"}),
        ("os:mac", {"laptop", "work-mbp", "old-mac"}),
        ("offline", {"old-mac"}),
        ("!offline os:mac", {"laptop", "work-mbp"}),
        ("path:derp", {"work-mbp"}),
        ("path:relay", {"phone"}),
        ("path:dead", {"old-mac", "pi-kitchen"}),
        ("rtt:>40", {"phone", "work-mbp"}),
        ("rtt:<3", {"tv"}),
        ("host", {"laptop", "nas", "pi-kitchen", "vps-fra"}),
        ("!host !os:mac", {"tv", "phone"}),
        ("tag:", ALL),
        ("rtt:>", ALL),
        ("tag:SERV*", {"vps-fra"}),
        ("os:mac,tvos", {"laptop", "work-mbp", "old-mac", "tv"}),
        ("path:derp,relay", {"work-mbp", "phone"}),
        ("!os:mac,tvos", {"nas", "pi-kitchen", "vps-fra", "phone"}),
        ("os:mac path:derp, tag:server", {"work-mbp", "vps-fra"}),
        ("tv,phone", {"tv", "phone"}),
        ("tv,tag:server", {"tv", "vps-fra"}),
        ("tv,", {"tv"}),
        ("tv, ", {"tv"}),
        (", ,", ALL),
        ('site:"hetz', {"vps-fra"}),
        ('site:"fra hetzner"', {"vps-fra"}),
        ('"host"', set()),
        ("version:1.90", {"pi-kitchen"}),
        ("version:<1.92", {"pi-kitchen"}),
        ("version:>=1.92.3", {"laptop", "nas", "vps-fra"}),
        ("subnet:192.0.2.0/24", {"laptop", "nas", "pi-kitchen", "tv"}),
        ("subnet:192.0.0.0/16", {"laptop", "nas", "pi-kitchen", "tv"}),
        ("subnet:192.0.2", {"laptop", "nas", "pi-kitchen", "tv"}),
        ("route:exit", {"vps-fra"}),
        ("name:*-mbp", {"work-mbp"}),
        ("ip:100.64.0.2", {"nas"}),
        ("ip:fd7a:115c", {"nas"}),
        ("ip:100.64.0.0/30", {"nas"}),
        ("loss:>90", {"old-mac"}),
    ],
)
def test_a_filter_keeps_what_every_term_says(text: str, expected: set[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("colour:red", "colour:"),
        ("path:sideways", "sideways"),
        ("rtt:>fast", "fast"),
        ("nas !", "!"),
        ("tag:a,!b", "before a whole term"),
        ("version:new", "version:<1.90"),
    ],
)
def test_a_term_that_cannot_be_read_is_named(text: str, word: str) -> None:
    with pytest.raises(FilterError, match=word):
        parse_filter(text)


def completed(text: str) -> list[str]:
    """Complete a line in the home tailnet; whole lines."""
    found = complete(text, HOME.snapshot.nodes.values())
    return [text[: found.start] + choice for choice in found.choices]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("o", ["owner:", "os:", "online", "offline"]),
        ("nas !re", ["nas !region:"]),
        ("tag:", ["tag:server"]),
        ("TAG:s", ["TAG:server"]),
        ("os:", ["os:iOS", "os:linux", "os:macOS", "os:tvOS"]),
        ("os:mac,l", ["os:mac,linux"]),
        ("path:d", ["path:dead", "path:derp", "path:direct"]),
        ("site:f", ['site:"fra hetzner"']),
        ('site:"fra', ['site:"fra hetzner"']),
        ("os:macOS ", []),
        ("colour:r", []),
        ("", []),
    ],
)
def test_what_is_half_typed_is_completed(text: str, expected: list[str]) -> None:
    assert completed(text) == expected


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.key)
def test_every_completed_value_finds_the_node_it_came_from(term: Term) -> None:
    lost = [
        (value, node.name)
        for node in HOME.snapshot.nodes.values()
        for value in term.values(node)
        if value and HOME.name_of(node.ref) not in names(f"{term.key}:{quoted(value)}")
    ]

    assert lost == []


def test_the_values_there_are_can_be_named() -> None:
    assert list(known_values("tv os:solaris", HOME.snapshot.nodes.values())) == ["iOS", "linux", "macOS", "tvOS"]


@pytest.mark.parametrize("example", [example for example, _ in language_lines()])
def test_each_example_of_the_language_can_be_read(example: str) -> None:
    assert parse_filter(example)
