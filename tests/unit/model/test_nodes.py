"""Nodes, pairs and snapshots as screens speak of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot

REF = NodeRef(Tailnet("https://control.example", "home"), StableNodeID("n1"))


@pytest.mark.parametrize(
    ("name", "host_name", "short"),
    [("nas.home.example", "synology", "nas"), ("nas", "", "nas"), ("", "synology", "synology"), ("", "", "n1")],
    ids=["fqdn", "bare", "host-name", "nothing"],
)
def test_a_short_name_is_the_first_label_or_the_next_best(name: str, host_name: str, short: str) -> None:
    assert Node(ref=REF, name=name, host_name=host_name).short_name == short


@pytest.mark.parametrize(("system", "is_phone"), [("iOS", True), ("android", True), ("linux", False), ("", False)])
def test_a_phone_is_known_by_its_system(system: str, is_phone: bool) -> None:
    assert Node(ref=REF, name="x", os=system).is_phone is is_phone


@pytest.mark.parametrize(
    ("path", "state", "is_relayed"),
    [
        (PathKind.DERP, SampleState.FRESH, True),
        (PathKind.PEER_RELAY, SampleState.FRESH, True),
        (PathKind.DIRECT, SampleState.FRESH, False),
        (PathKind.UNKNOWN, SampleState.FRESH, False),
        (PathKind.DERP, SampleState.STALE, False),
        (PathKind.DERP, SampleState.FAILED, False),
    ],
)
def test_a_pair_is_relayed_only_by_a_fresh_sample(
    path: PathKind,
    state: SampleState,
    is_relayed: bool,
) -> None:
    assert Pair(source=REF, target=REF, path=path, state=state).is_relayed is is_relayed


def test_a_snapshot_knows_its_tailnets_and_vantages() -> None:
    snapshot = Snapshot(
        generated_at=datetime(2026, 1, 2, tzinfo=UTC),
        nodes={REF: Node(ref=REF, name="a")},
        hosts=(Host(spec="local", ref=REF), Host(spec="unix:/x")),
    )

    assert (snapshot.tailnets, snapshot.vantages) == ((REF.tailnet,), frozenset({REF}))


def test_snapshots_share_no_dict_by_default() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)

    assert Snapshot(generated_at=now).nodes is not Snapshot(generated_at=now).nodes
