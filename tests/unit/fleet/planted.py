"""A tailnet with a secret in every field that can hold one, and a way to find what is left of them."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.ui.pictures import host, node, pair, snapshot
from tsym_agent.model.hosts import HostState
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind
from tsym_agent.model.snapshot import Snapshot

SECRETS = (
    "zebrafish",
    "quokka",
    "wolverine-home",
    "wolverine-home.ts.net",
    "marisol",
    "marisol@quokka-corp.example",
    "tag:narwhal",
    "100.71.72.73",
    "fd7a:115c:a1e0::4748:4950",
    "203.0.113.177",
    "10.77.78.0/24",
    "Platypus Hall",
    "nSECRETKANGAROOCNTRL",
    "head.quokka-corp.example",
    "vault.internal-quokka.lan",
    "198.51.100.99",
    "02:42:de:ad:be:ef",
)
"""What is planted, and may be found nowhere."""


def secret_tailnet() -> Snapshot:
    """Return a picture with a secret in every field that can hold one."""
    tailnet = Tailnet(control_url="https://head.quokka-corp.example", name="wolverine-home.ts.net")
    own = NodeRef(tailnet, StableNodeID("nSECRETKANGAROOCNTRL"))
    other = NodeRef(tailnet, StableNodeID("nOTHER11CNTRL"))
    nodes = [
        node(
            "zebrafish",
            ref=own,
            name="zebrafish.wolverine-home.ts.net",
            host_name="Zebrafish",
            addresses=("100.71.72.73", "fd7a:115c:a1e0::4748:4950"),
            owner="marisol@quokka-corp.example",
            tags=("tag:narwhal",),
            routes=("10.77.78.0/24",),
            site="Platypus Hall",
            key_expiry="2025-03-04T12:00:00Z",
        ),
        node("b", ref=other, name="quokka.wolverine-home.ts.net", host_name="quokka", site="203.0.113.177"),
    ]
    error = "dial zebrafish (203.0.113.177:41641): vault.internal-quokka.lan refused"
    pairs = [
        _between(own, other, endpoint="203.0.113.177:41641", error=error),
        _between(other, own, path=PathKind.PEER_RELAY, peer_relay="198.51.100.99:7777:vni:3"),
    ]
    health = ("DNS server vault.internal-quokka.lan at 10.77.78.9 does not answer on zebrafish, ask marisol",)
    hosts = [
        host("a", spec="ssh:marisol@zebrafish", ref=own, name="zebrafish", via="/home/marisol/x.sock", health=health),
        host("b", spec="agent:quokka:3621", ref=other, name="quokka", state=HostState.FAILED, error=error),
        host("c", spec="kube:wolverine-home/ts-zebrafish-0", ref=None, name="", state=HostState.DENIED),
    ]
    return snapshot(nodes, pairs, hosts)


def _between(source: NodeRef, target: NodeRef, **fields: Any) -> Pair:  # noqa: ANN401 - whatever a pair has
    return msgspec.structs.replace(pair("a", "b", ms=12.0), source=source, target=target, **fields)


def leaks(text: str) -> list[str]:
    """Return the secrets that a text still has."""
    return [secret for secret in SECRETS if secret.casefold() in text.casefold()]
