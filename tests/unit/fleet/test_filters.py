"""The filter language."""

from __future__ import annotations

import pytest

from tests.ui import pictures
from tsym_tui.fleet.filters import FilterError, parse_filter
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
    ],
)
def test_a_filter_keeps_what_every_term_says(text: str, expected: set[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [("colour:red", "colour:"), ("path:sideways", "sideways"), ("rtt:>fast", "fast"), ("nas !", "!")],
)
def test_a_term_that_cannot_be_read_is_named(text: str, word: str) -> None:
    with pytest.raises(FilterError, match=word):
        parse_filter(text)
