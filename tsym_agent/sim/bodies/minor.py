"""Answers that few ask for: DNS, metrics, exit nodes, endpoints' history, relay sessions."""

from __future__ import annotations

from tsym_agent.sim.bodies.documents import node_body
from tsym_agent.sim.bodies.peers import JSON, peer_api_urls
from tsym_agent.sim.facts import Facts
from tsym_agent.sim.network import RELAY_PORT
from tsym_agent.sim.world import World

NO_SERVE_ETAG = "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b"
"""SHA-256 of `null`: what a daemon that serves nothing calls its configuration."""

FEATURES = {"debug": True, "dns": True, "relayserver": True, "serve": True, "tailnetlock": True, "usermetrics": True}


def dns_config(world: World, host: str) -> JSON:
    """Return the DNS that control asks for."""
    suffix = world.scenario.suffix
    return {
        "Resolvers": [{"Addr": "192.0.2.53"}],
        "Routes": {f"{suffix}.": None},
        "Domains": [suffix],
        "Proxied": True,
        "CertDomains": [world.population[host].dns_name.rstrip(".")],
    }


def dns_os_config(world: World) -> JSON:
    """Return what the operating system asks."""
    return {"Nameservers": ["100.100.100.100"], "SearchDomains": [world.scenario.suffix], "MatchDomains": []}


def file_targets(world: World, host: str) -> list[JSON]:
    """Return the owner's other machines."""
    me = world.population[host]
    return [
        {"Node": node_body(world, host, facts), "PeerAPIURL": urls[0]}
        for facts in world.population.shown_to(host)
        if facts.identity.user_id == me.identity.user_id
        and not facts.node.tags
        and facts.is_online
        and (urls := peer_api_urls(facts))
    ]


def exit_node_suggestion(world: World, host: str) -> JSON | None:
    """Return the exit node whose home region is nearest to a host; None when nobody offers."""
    site = world.population[host].node.site
    offers = [
        (world.population.network.region_latency_ms(site, facts.region), facts.node.name, facts)
        for facts in world.population.shown_to(host)
        if facts.node.exit_node and facts.is_online
    ]
    if not offers:
        return None
    facts = min(offers)[2]
    return {"ID": facts.identity.stable_id, "Name": facts.dns_name.rstrip(".")}


def endpoint_changes(world: World, host: str, peer: str) -> list[JSON] | None:
    """Return what happened to a peer's endpoints: here, that they became known and that a path was found."""
    session = world.session(host, peer)
    if session is None:
        return None
    learnt: JSON = {"When": world.date(session.began_s), "What": "updateFromNode-new-Endpoints"}
    if world.path_in_use(host, peer) is None:
        return [learnt]
    return [learnt, {"When": world.date(session.last_write_s), "What": "handlePongConnLocked-bestAddr-update"}]


def relay_sessions(facts: Facts) -> JSON:
    """Return what a node relays for others: the sessions themselves are not simulated."""
    return {"UDPPort": RELAY_PORT if facts.node.relay_server else None, "Sessions": []}


def user_metrics(world: World, host: str) -> str:
    """Return a daemon's own counters as Prometheus text."""
    sent, received = world.bytes_by_path(host)
    lines = ["# TYPE tailscaled_home_derp_region_id gauge"]
    lines.append(f"tailscaled_home_derp_region_id {world.population[host].region.id}")
    for name, counts in (("outbound", sent), ("inbound", received)):
        lines.append(f"# TYPE tailscaled_{name}_bytes_total counter")
        lines += [f'tailscaled_{name}_bytes_total{{path="{path}"}} {count}' for path, count in sorted(counts.items())]
    lines += ["# TYPE tailscaled_health_messages gauge"]
    lines.append(f'tailscaled_health_messages{{type="warning"}} {len(world.population[host].health)}')
    return "\n".join(lines) + "\n"
