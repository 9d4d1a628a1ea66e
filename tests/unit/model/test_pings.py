"""What a pong proves, and above all what it does not."""

from __future__ import annotations

import pytest

from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.pings import PingResult, parse_ping_result


@pytest.mark.parametrize(
    ("result", "path"),
    [
        (PingResult(endpoint="192.0.2.7:41641"), PathKind.DIRECT),
        (PingResult(endpoint="[2001:db8::7]:41641"), PathKind.DIRECT),
        (PingResult(peer_relay="192.0.2.7:7777:vni:12"), PathKind.PEER_RELAY),
        (PingResult(derp_region_id=901, derp_region_code="fra"), PathKind.DERP),
        (PingResult(endpoint="192.0.2.7:41641", derp_region_id=901), PathKind.DIRECT),
        (PingResult(latency_seconds=0.002), PathKind.UNKNOWN),
        (PingResult(peer_api_port=1234), PathKind.UNKNOWN),
        (PingResult(peer_api_url="http://100.64.0.2:1234"), PathKind.UNKNOWN),
        (PingResult(err="no matching peer"), PathKind.UNKNOWN),
        (PingResult(err="late", endpoint="192.0.2.7:41641", derp_region_id=1), PathKind.UNKNOWN),
        (PingResult(err="100.64.0.1 is local Tailscale IP", is_local_ip=True), PathKind.UNKNOWN),
    ],
    ids=[
        "endpoint",
        "endpoint-v6",
        "peer-relay",
        "derp",
        "endpoint-before-derp",
        "icmp",
        "tsmp",
        "peerapi",
        "error",
        "error-with-endpoint",
        "own-address",
    ],
)
def test_a_class_is_named_only_by_evidence(result: PingResult, path: PathKind) -> None:
    assert result.path is path


@pytest.mark.parametrize(
    ("body", "latency_ms"),
    [
        (b'{"LatencySeconds": 0.0125}', 12.5),
        (b'{"LatencySeconds": 0}', 0.0),
        (b'{"LatencySeconds": -1}', None),
        (b'{"LatencySeconds": 0.01, "Err": "no matching peer"}', None),
    ],
    ids=["pong", "at-once", "negative", "error"],
)
def test_a_round_trip_is_in_milliseconds_or_unknown(body: bytes, latency_ms: float | None) -> None:
    assert parse_ping_result(body).latency_ms == latency_ms


def test_an_error_is_no_pong() -> None:
    assert not PingResult(err="unknown peer").is_pong
    assert PingResult().is_pong


def test_a_pong_of_a_later_release_is_read() -> None:
    pong = parse_ping_result(b'{"IP": "100.64.0.2", "Endpoint": "192.0.2.7:1", "Hops": [{"New": null}]}')

    assert pong.path is PathKind.DIRECT


@pytest.mark.parametrize("number", [b"1e999", b'"fast"', b"NaN"])
def test_a_round_trip_that_is_no_number_is_refused(number: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_ping_result(b'{"LatencySeconds": %s}' % number)


def test_ping_kinds_are_spelled_as_the_daemon_wants_them() -> None:
    assert [kind.value for kind in PingKind] == ["disco", "TSMP", "ICMP", "peerapi"]
    assert [kind.json_name for kind in PingKind] == ["disco", "tsmp", "icmp", "peerapi"]
