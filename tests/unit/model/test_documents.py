"""The JSON that scripts hold on to: keys, nulls, tailnets."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from tsym_agent.model.documents import (
    host_entry,
    hosts_document,
    node_entry,
    nodes_document,
    pair_entry,
    pairs_document,
)
from tsym_agent.model.hosts import Host, HostState, Rights
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import Hidden, Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_agent.model.snapshot import Snapshot

HOME = Tailnet("https://control.example", "home.example")
OTHER = Tailnet("https://headscale.example", "lab")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def ref(stable_id: str, tailnet: Tailnet = HOME) -> NodeRef:
    return NodeRef(tailnet, StableNodeID(stable_id))


def snapshot(*refs: NodeRef, pairs: tuple[Pair, ...] = (), hosts: tuple[Host, ...] = ()) -> Snapshot:
    nodes = {each: Node(ref=each, name=each.stable_id) for each in refs}
    return Snapshot(generated_at=NOW, nodes=nodes, pairs={pair.key: pair for pair in pairs}, hosts=hosts, hidden=3)


def test_a_pair_never_probed_has_nulls_and_no_zeros() -> None:
    assert pair_entry(Pair(source=ref("a"), target=ref("b"))) == {
        "from": "a",
        "to": "b",
        "path": "unknown",
        "state": "never",
        "ping": None,
        "latency_ms": None,
        "p50_ms": None,
        "p95_ms": None,
        "jitter_ms": None,
        "loss": None,
        "samples": 0,
        "age_s": None,
        "endpoint": None,
        "derp_region": None,
        "peer_relay": None,
        "error": None,
    }


def test_a_measured_pair_has_its_numbers_rounded() -> None:
    pair = Pair(
        source=ref("a"),
        target=ref("b"),
        path=PathKind.PEER_RELAY,
        state=SampleState.FRESH,
        ping=PingKind.TSMP,
        latency_ms=1.23456,
        loss=1 / 3,
        age_s=0.26,
        peer_relay="192.0.2.7:7777:vni:12",
    )

    entry = pair_entry(pair)

    assert (entry["path"], entry["ping"], entry["latency_ms"]) == ("peer-relay", "tsmp", 1.235)
    assert (entry["loss"], entry["age_s"], entry["peer_relay"]) == (0.333, 0.3, "192.0.2.7:7777:vni:12")


def test_a_loss_of_nothing_is_zero_not_null() -> None:
    assert pair_entry(Pair(source=ref("a"), target=ref("b"), loss=0.0))["loss"] == 0.0


def test_a_node_nobody_knows_much_about_has_nulls() -> None:
    entry = node_entry(Node(ref=ref("a"), name="nas.home.example"))

    unknown = {"owner", "os", "version", "online", "last_handshake", "last_seen", "key_expiry", "home_region", "site"}
    assert {key for key, value in entry.items() if value is None} == unknown | {"hidden"}
    assert (entry["addresses"], entry["standing"]) == ([], "ok")


def test_a_hidden_node_says_why() -> None:
    assert node_entry(Node(ref=ref("a"), name="a", hidden=Hidden.SHARED_IN))["hidden"] == "shared-in"


def test_a_host_that_never_answered_has_nulls() -> None:
    entry = host_entry(Host(spec="local", state=HostState.FAILED, error="nobody listens"))

    assert (entry["state"], entry["id"], entry["rights"], entry["age_s"]) == ("failed", None, None, None)
    assert entry["error"] == "nobody listens"


def test_a_host_says_what_it_lets_us_do() -> None:
    assert host_entry(Host(spec="local", rights=Rights.WRITE))["rights"] == "w"


def test_documents_name_their_shape_and_their_time() -> None:
    picture = snapshot(ref("a"))
    documents = [pairs_document(picture), nodes_document(picture), hosts_document((), NOW)]

    assert [document["schema"] for document in documents] == ["tsym/pairs/1", "tsym/nodes/1", "tsym/hosts/1"]
    assert {document["generated_at"] for document in documents} == {"2026-01-02T03:04:05.000Z"}


def test_pairs_come_with_their_nodes_and_hosts() -> None:
    pair = Pair(source=ref("a"), target=ref("b"))
    document = pairs_document(snapshot(ref("a"), ref("b"), pairs=(pair,), hosts=(Host(spec="local", ref=ref("a")),)))

    counts = {key: len(value) for key, value in document.items() if isinstance(value, list)}
    assert counts == {"nodes": 2, "pairs": 1, "hosts": 1}


def test_hidden_nodes_are_counted() -> None:
    assert nodes_document(snapshot(ref("a")))["hidden"] == 3


def test_one_tailnet_goes_without_saying() -> None:
    document = pairs_document(snapshot(ref("a"), ref("b"), pairs=(Pair(source=ref("a"), target=ref("b")),)))

    assert '"tailnet"' not in json.dumps(document)


def test_of_many_tailnets_each_entry_names_its_own() -> None:
    pair = Pair(source=ref("1"), target=ref("2"))
    picture = snapshot(
        ref("1"), ref("2"), ref("1", OTHER), pairs=(pair,), hosts=(Host(spec="local", ref=ref("1")), Host(spec="x"))
    )

    document = json.loads(json.dumps(pairs_document(picture)))

    tailnets = {key: [entry["tailnet"] for entry in document[key]] for key in ("nodes", "pairs", "hosts")}
    home, other = "home.example@https://control.example", "lab@https://headscale.example"
    assert tailnets == {"nodes": [home, home, other], "pairs": [home], "hosts": [home, None]}


def test_equal_ids_of_two_tailnets_are_two_nodes() -> None:
    assert len(snapshot(ref("1"), ref("1", OTHER)).nodes) == 2
