"""When a first look may be believed."""

from __future__ import annotations

import pytest

from tests.unit.probe.fakes import sample
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.probe.limits import DEAD_AFTER_S, SETTLE_RELAYED_S
from tsym_agent.probe.settle import is_judged, is_settled
from tsym_agent.probe.window import Sample

DERP, RELAY, UNKNOWN = PathKind.DERP, PathKind.PEER_RELAY, PathKind.UNKNOWN
LATE_S = SETTLE_RELAYED_S
SILENT_S = DEAD_AFTER_S


@pytest.mark.parametrize(
    ("samples", "settled"),
    [
        ([], False),
        ([sample(0.0)], True),
        ([sample(0.0, 30.0, DERP)], False),
        ([sample(0.0, 30.0, DERP), sample(1.0)], True),
        ([sample(0.0, 30.0, DERP), sample(1.0, 30.0, DERP)], False),
        ([sample(0.0, 30.0, DERP), sample(LATE_S, 30.0, DERP)], True),
        ([sample(0.0, 30.0, DERP), sample(LATE_S, 9.0, RELAY)], False),
        ([sample(0.0, 30.0, DERP), sample(LATE_S, 9.0, RELAY), sample(LATE_S + 1, 9.0, RELAY)], True),
        ([sample(0.0, None), sample(1.0, None)], False),
        ([sample(0.0, None), sample(1.0, None), sample(2.0, None)], False),
        ([sample(0.0, None), sample(1.0, None), sample(SILENT_S, None)], True),
        ([sample(0.0, None), sample(1.0, None), sample(2.0, 30.0, DERP)], False),
        ([sample(at_s, 9.0, UNKNOWN, kind=PingKind.TSMP) for at_s in (0.0, 1.0)], True),
    ],
    ids=[
        "nothing sent", "direct at once", "one pong by DERP", "DERP, then direct", "DERP twice, too early for better",
        "DERP twice, late enough", "changed just now", "the new class twice", "two lost",
        "lost while a broken path is still trusted", "dead", "answered late",
        "inside the tunnel",
    ],
)  # fmt: skip
def test_settled(samples: list[Sample], settled: bool) -> None:
    assert is_settled(samples) is settled


def test_an_error_needs_no_patience() -> None:
    assert is_settled([Sample(at_s=at_s, error="no matching peer") for at_s in (0.0, 0.4, 0.8)])


def test_an_offline_peer_is_settled_after_one_lost_probe() -> None:
    assert is_settled([sample(0.0, None)], lost_enough=1)


@pytest.mark.parametrize(
    ("samples", "judged"),
    [
        ([sample(0.0, None), sample(1.0, 30.0, DERP), sample(2.0, None)], True),
        ([sample(0.0, None), sample(1.0, None), sample(2.0, None)], False),
        ([sample(0.0, None), sample(1.0, None), sample(SILENT_S, None)], True),
    ],
    ids=["one answer", "silent while a broken path is still trusted", "silent"],
)
def test_a_later_sweep_is_judged(samples: list[Sample], judged: bool) -> None:
    assert is_judged(samples) is judged
