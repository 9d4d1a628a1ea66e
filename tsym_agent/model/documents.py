"""The JSON that scripts hold on to: `tsym/pairs/1`, `tsym/nodes/1`, `tsym/hosts/1`.

snake_case keys with units, unknown is null and never 0, times are RFC 3339 in UTC. Nodes, pairs and hosts carry
`tailnet` when there is more than one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.pairs import Pair
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.model.times import format_time

JSON = dict[str, object]


def pairs_document(snapshot: Snapshot) -> JSON:
    """Describe pairs, nodes and hosts together: what `matrix`, `ping` and `map --format json` print."""
    many = _has_many_tailnets(snapshot)
    return {
        "schema": "tsym/pairs/1",
        "generated_at": format_time(snapshot.generated_at),
        "nodes": [node_entry(node, many_tailnets=many) for node in snapshot.nodes.values()],
        "pairs": [pair_entry(pair, many_tailnets=many) for pair in snapshot.pairs.values()],
        "hosts": [host_entry(host, many_tailnets=many) for host in snapshot.hosts],
    }


def nodes_document(snapshot: Snapshot) -> JSON:
    """Describe the nodes."""
    many = _has_many_tailnets(snapshot)
    return {
        "schema": "tsym/nodes/1",
        "generated_at": format_time(snapshot.generated_at),
        "nodes": [node_entry(node, many_tailnets=many) for node in snapshot.nodes.values()],
        "hidden": snapshot.hidden,
    }


def hosts_document(hosts: Iterable[Host], generated_at: datetime, *, many_tailnets: bool = False) -> JSON:
    """Describe the hosts."""
    return {
        "schema": "tsym/hosts/1",
        "generated_at": format_time(generated_at),
        "hosts": [host_entry(host, many_tailnets=many_tailnets) for host in hosts],
    }


def node_entry(node: Node, *, many_tailnets: bool = False) -> JSON:
    """Describe one node."""
    entry: JSON = {
        "id": node.ref.stable_id,
        "name": node.name,
        "host_name": node.host_name,
        "addresses": list(node.addresses),
        "tags": list(node.tags),
        "owner": node.owner,
        "os": node.os or None,
        "version": node.version,
        "online": node.online,
        "last_handshake": node.last_handshake,
        "last_seen": node.last_seen,
        "key_expiry": node.key_expiry,
        "home_region": node.home_region,
        "routes": list(node.routes),
        "exit_node_option": node.is_exit_node_option,
        "standing": node.standing.value,
        "hidden": None if node.hidden.value == "no" else node.hidden.value,
        "site": node.site,
    }
    return _with_tailnet(entry, node.ref, many_tailnets=many_tailnets)


def pair_entry(pair: Pair, *, many_tailnets: bool = False) -> JSON:
    """Describe one ordered pair."""
    entry: JSON = {
        "from": pair.source.stable_id,
        "to": pair.target.stable_id,
        "path": pair.path.value,
        "state": pair.state.value,
        "ping": pair.ping.json_name if pair.ping else None,
        "latency_ms": _rounded(pair.latency_ms),
        "p50_ms": _rounded(pair.p50_ms),
        "p95_ms": _rounded(pair.p95_ms),
        "jitter_ms": _rounded(pair.jitter_ms),
        "loss": _rounded(pair.loss),
        "samples": pair.samples,
        "age_s": _rounded(pair.age_s, 1),
        "endpoint": pair.endpoint,
        "derp_region": pair.derp_region,
        "peer_relay": pair.peer_relay,
        "error": pair.error,
    }
    return _with_tailnet(entry, pair.source, many_tailnets=many_tailnets)


def host_entry(host: Host, *, many_tailnets: bool = False) -> JSON:
    """Describe one host."""
    entry: JSON = {
        "spec": host.spec,
        "id": host.ref.stable_id if host.ref else None,
        "name": host.name or None,
        "state": host.state.value,
        "via": host.via or None,
        "version": host.version,
        "rights": host.rights.value if host.rights else None,
        "age_s": _rounded(host.age_s, 1),
        "error": host.error,
        "health": list(host.health),
        "agent": host.agent,
        "mode": host.mode or None,
        "followed": host.is_followed,
    }
    return _with_tailnet(entry, host.ref, many_tailnets=many_tailnets)


def _rounded(number: float | None, digits: int = 3) -> float | None:
    return None if number is None else round(number, digits)


def _with_tailnet(entry: JSON, ref: NodeRef | None, *, many_tailnets: bool) -> JSON:
    return entry | {"tailnet": str(ref.tailnet) if ref else None} if many_tailnets else entry


def _has_many_tailnets(snapshot: Snapshot) -> bool:
    return len(snapshot.tailnets) > 1
