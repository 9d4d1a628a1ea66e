"""What a packet filter lets in to a node beside the one port it is there for."""

from __future__ import annotations

import json

import pytest

from tsym_agent.model.payload import PayloadError
from tsym_agent.tailscaled.exposure import PortRange, describe_exposure, parse_open_ports

OWN = ("100.64.0.9", "fd7a:115c:a1e0::9")


def rule(net: str, first: int, last: int, protocols: list[int] | None = None) -> dict[str, object]:
    return {
        "IPProto": protocols,
        "Srcs": ["0.0.0.0/0"],
        "Dsts": [{"Net": net, "Ports": {"First": first, "Last": last}}],
    }


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([rule("100.64.0.9/32", 3621, 3621)], []),
        ([rule("0.0.0.0/0", 0, 65535)], ["all"]),
        ([rule("fd7a:115c:a1e0::9/128", 22, 22)], ["22"]),
        ([rule("100.64.0.0/10", 8000, 8999), rule("100.64.0.9/32", 22, 22)], ["22", "8000-8999"]),
        ([rule("100.64.0.8/32", 0, 65535)], []),
        ([rule("100.64.0.9/32", 0, 65535, [17])], []),
        ([rule("100.64.0.9/32", 53, 53, [6, 17])], ["53"]),
        ([{"Srcs": ["*"], "Caps": [{}]}], []),
        (None, []),
    ],
    ids=["ours", "all", "ipv6", "two", "another-node", "udp", "both", "capability", "none"],
)
def test_open_ports_are_read_off_the_filter(rules: object, words: list[str]) -> None:
    assert [str(ports) for ports in parse_open_ports(json.dumps(rules).encode(), OWN, besides=3621)] == words


@pytest.mark.parametrize("body", [b"", b"{}", b'[{"Dsts": [{"Net": "nowhere"}]}]'])
def test_what_is_no_filter_is_a_payload_error(body: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_open_ports(body, OWN, besides=3621)


def test_nothing_open_needs_no_words() -> None:
    assert describe_exposure((), 3621) is None


def test_what_is_open_is_said_with_what_to_do() -> None:
    words = describe_exposure((PortRange(22, 22), PortRange()), 3621) or ""

    assert "22, all" in words
    assert "tcp:3621 alone" in words
