"""Every endpoint a simulated daemon answers, as one table.

Reads are answered, those that need the right to write too; what changes a daemon is not simulated and answers 404, or
403 where a real one checks rights first.
Which endpoint needs which right, method and version was read from ipn/localapi and feature/* of tailscale 1.102.3.
"""

from __future__ import annotations

import ipaddress

from tsym_agent.model.status import BackendState
from tsym_agent.sim.bodies import documents, inner, minor
from tsym_agent.sim.bodies.status import user_profiles
from tsym_agent.sim.calls import Call, Endpoint, RefusedError, daemon_headers
from tsym_agent.sim.facts import Facts
from tsym_agent.sim.network import RELAYS_SINCE
from tsym_agent.sim.pinging import ping
from tsym_agent.wire.exchange import Header, Reply, Response, StreamingResponse

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_WANT_GET = (400, "want GET")
_WANT_POST = (400, "want POST")


def _status(call: Call) -> Reply:
    wanted = call.parameters.get("peers") or "true"
    if wanted not in _TRUE | _FALSE:
        raise RefusedError(400, "invalid 'peers' parameter")
    return call.encoded(call.world.status_body(call.host, peers=wanted in _TRUE))


def _prefs(call: Call) -> Reply:
    if call.request.method == "PATCH":
        raise RefusedError(403, "prefs write access denied")
    return call.json(documents.prefs(call.world, call.host))


def _who_is(call: Call) -> Reply:
    address = call.parameters.get("addr", "")
    if not address:
        raise RefusedError(400, "missing 'addr' parameter")
    facts = _node_of(call, address)
    if facts is None:
        raise RefusedError(404, "no match for IP:port")
    return call.json(documents.who_is(call.world, call.host, facts))


def _node_of(call: Call, address: str) -> Facts | None:
    """Find a node by its key (from 1.70), its address, or address and port."""
    if address.startswith("nodekey:") and call.era >= (1, 70):
        name = next(
            (facts.node.name for facts in call.world.population.all() if facts.identity.node_key == address), ""
        )
    else:
        bare = address[1:].partition("]")[0] if address.startswith("[") else address
        bare = bare.partition(":")[0] if bare.count(":") == 1 else bare
        try:
            name = call.world.population.by_address.get(str(ipaddress.ip_address(bare)), "")
        except ValueError as error:
            raise RefusedError(400, "invalid 'addr' parameter") from error
    return call.world.population.seen_by(call.host, name)


def _peer_by_id(call: Call) -> Reply:
    number = _number(call)
    found = (facts for facts in call.world.population.all() if facts.identity.node_id == number)
    name = next((facts.node.name for facts in found), "")
    facts = call.world.population.seen_by(call.host, name)
    if facts is None:
        raise RefusedError(404, "no peer with that NodeID")
    return call.json(documents.node_body(call.world, call.host, facts))


def _user_profile(call: Call) -> Reply:
    profile = user_profiles(call.world.scenario).get(str(_number(call)))
    if profile is None:
        raise RefusedError(404, "no user with that UserID")
    return call.json(profile)


def _number(call: Call) -> int:
    text = call.parameters.get("id", "")
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        raise RefusedError(400, "invalid 'id' parameter")
    return int(text)


def _profiles(call: Call) -> Reply:
    profile = documents.profile(call.world, call.host)
    if call.rest == "":
        return call.json([profile])
    if call.rest in {"current", profile["ID"]}:
        return call.json(profile)
    raise RefusedError(404, "Profile not found")


def _watch(call: Call) -> Reply:
    text = call.parameters.get("mask") or "0"
    if not (text.isascii() and text.isdecimal()):
        raise RefusedError(400, "bad mask")
    mask = int(text)
    if problem := call.bus.refusal(mask, call.era):
        raise RefusedError(400, problem)
    headers = (("Content-Type", "application/json"), *daemon_headers(call.facts.version))
    return StreamingResponse(call.bus.watch(call.host, mask), headers=headers)


def _needs_netmap(call: Call) -> None:
    if not call.facts.has_netmap:
        raise RefusedError(503, "no netmap")


def _dns_config(call: Call) -> Reply:
    _needs_netmap(call)
    return call.json(minor.dns_config(call.world, call.host))


def _services(call: Call) -> Reply:
    _needs_netmap(call)
    return call.json({})


def _file_targets(call: Call) -> Reply:
    if call.facts.state is not BackendState.RUNNING:
        return call.json({"error": "not connected to the tailnet"}, 500)
    return call.json(minor.file_targets(call.world, call.host))


def _exit_node(call: Call) -> Reply:
    suggestion = minor.exit_node_suggestion(call.world, call.host)
    if suggestion is None:
        return call.json({"error": "no suggestion available"}, 500)
    return call.json(suggestion)


def _endpoint_changes(call: Call) -> Reply:
    name = call.world.population.by_address.get(call.parameters.get("ip", ""), "")
    if call.world.population.seen_by(call.host, name) is None or name == call.host:
        raise RefusedError(500, "unknown peer")
    return call.json(minor.endpoint_changes(call.world, call.host, name))


def _relay_sessions(call: Call) -> Reply:
    return call.json(minor.relay_sessions(call.facts))


def _dns_query(call: Call) -> Reply:
    name, kind = call.parameters.get("name", ""), call.parameters.get("type") or "A"
    if not name:
        raise RefusedError(400, "missing 'name' parameter")
    if kind not in inner.DNS_TYPES:
        raise RefusedError(400, "invalid 'type' parameter")
    return call.json(inner.dns_answer(call.world, call.host, name, kind))


def _packet_filter_rules(call: Call) -> Reply:
    if not call.facts.has_netmap:
        raise RefusedError(404, "no netmap")
    return call.json(inner.packet_filter_rules(call.world, call.host))


def _packet_filter_matches(call: Call) -> Reply:
    if not call.facts.has_netmap:
        raise RefusedError(404, "no netmap")
    return call.json(inner.packet_filter_matches(call.world, call.host))


async def _pprof(call: Call) -> Reply:
    name = call.parameters.get("name", "")
    if name not in _PROFILES:
        raise RefusedError(404, f"Unknown profile: {name}")
    if name == "profile":
        seconds = call.parameters.get("seconds") or "30"
        await call.clock.sleep(float(seconds) if seconds.isdecimal() else 30.0)
    return Response(200, inner.profile(), (("Content-Type", "application/octet-stream"), *_headers(call)))


_PROFILES = ("profile", "heap", "allocs", "goroutine", "block", "mutex", "threadcreate")


def _derp_region(call: Call) -> Reply:
    report = inner.derp_report(call.world, call.host, call.parameters.get("region", ""))
    if report is None:
        return call.json({"Info": None, "Warnings": None, "Errors": ["no such region"]})
    return call.json(report)


def _log(call: Call) -> Reply:
    return StreamingResponse(call.taps.log(call.host), headers=(("Content-Type", "text/plain"), *_headers(call)))


def _inner_events(call: Call) -> Reply:
    kind = ("Content-Type", "application/json")
    return StreamingResponse(call.taps.inner_events(call.host), headers=(kind, *_headers(call)))


def _debug(call: Call) -> Reply:
    """Answer the actions that only read, and the two that look at the network again: nothing here is to be found."""
    match call.parameters.get("action", ""):
        case "control-knobs":
            return call.json(inner.control_knobs())
        case "peer-relay-servers" if call.era >= RELAYS_SINCE:
            return call.json(inner.peer_relays(call.world, call.host))
        case "restun" | "rebind":
            return call.text("done\n")
        case action:
            raise RefusedError(400, f"unknown action {action!r}" if action else "missing parameter 'action'")


def _drive_shares(call: Call) -> Reply:
    del call  # the policy of no simulated tailnet grants it
    raise RefusedError(403, "taildrive sharing not enabled, please add the attribute 'drive:share' to this node")


def _headers(call: Call) -> tuple[Header, ...]:
    return daemon_headers(call.facts.version)


ENDPOINTS: dict[str, Endpoint] = {
    "status": Endpoint(_status),
    "prefs": Endpoint(_prefs, methods=("GET", "HEAD", "PATCH")),
    "derpmap": Endpoint(
        lambda call: call.json(documents.derp_map(call.world, call.host)), "", ("GET",), wrong_method=_WANT_GET
    ),
    "whois": Endpoint(_who_is),
    "peer-by-id": Endpoint(_peer_by_id, since=(1, 98)),
    "user-profile": Endpoint(_user_profile, since=(1, 100)),
    "ping": Endpoint(ping, "", ("POST",), wrong_method=_WANT_POST),
    "watch-ipn-bus": Endpoint(_watch),
    "tka/status": Endpoint(lambda call: call.json(documents.lock_status(call.world, call.host)), methods=("GET",)),
    "tka/log": Endpoint(lambda call: call.json([]), "", ("GET",)),
    "profiles/": Endpoint(_profiles, "write", ("GET",)),
    "serve-config": Endpoint(lambda call: call.json(None, headers=(("Etag", minor.NO_SERVE_ETAG),)), methods=("GET",)),
    "cert-domains": Endpoint(lambda call: call.json([call.facts.dns_name.rstrip(".")]), since=(1, 98)),
    "dns-config": Endpoint(_dns_config, since=(1, 98)),
    "dns-osconfig": Endpoint(lambda call: call.json(minor.dns_os_config(call.world)), "write", ("GET",), since=(1, 74)),
    "services": Endpoint(_services, "", ("GET",), since=(1, 98)),
    "appc-route-info": Endpoint(lambda call: call.json({}), "", ("GET",), since=(1, 90)),
    "usermetrics": Endpoint(
        lambda call: call.text(minor.user_metrics(call.world, call.host), "text/plain; version=0.0.4"),
        "",
        since=(1, 74),
    ),
    "metrics": Endpoint(lambda call: call.text(minor.user_metrics(call.world, call.host)), "write"),
    "check-ip-forwarding": Endpoint(lambda call: call.json({"Warning": ""})),
    "check-udp-gro-forwarding": Endpoint(lambda call: call.json({"Warning": ""}), since=(1, 54)),
    "check-so-mark-in-use": Endpoint(lambda call: call.json({"UseSOMark": True}), since=(1, 92)),
    "check-reverse-path-filtering": Endpoint(lambda call: call.json({"Warning": ""}), since=(1, 86), until=(1, 94)),
    "update/check": Endpoint(lambda call: call.json({"RunningLatest": True}), "", ("GET",), since=(1, 54)),
    "update/progress": Endpoint(lambda call: call.json([]), "", ("GET",), since=(1, 54)),
    "file-targets": Endpoint(_file_targets, methods=("GET",), wrong_method=_WANT_GET),
    "prefs/service-clients": Endpoint(lambda call: call.json({}), methods=("GET",), since=(1, 102)),
    "policy/": Endpoint(lambda call: call.json({"Summary": {}, "Settings": None}), methods=("GET",), since=(1, 78)),
    "suggest-exit-node": Endpoint(_exit_node, "", ("GET", "POST"), since=(1, 66)),
    "routecheck": Endpoint(lambda _: Response.text(503, "routecheck is not enabled"), "", ("POST",), since=(1, 100)),
    "debug-peer-endpoint-changes": Endpoint(_endpoint_changes),
    "debug-optional-features": Endpoint(lambda call: call.json({"Features": minor.FEATURES}), "", since=(1, 92)),
    "dns-query": Endpoint(_dns_query, "write", ("GET",), since=(1, 76)),
    "debug-packet-filter-rules": Endpoint(_packet_filter_rules, "write", since=(1, 36)),
    "debug-packet-filter-matches": Endpoint(_packet_filter_matches, "write", since=(1, 36)),
    "debug-derp-region": Endpoint(_derp_region, "write", ("POST",)),
    "debug": Endpoint(_debug, "write", ("POST",)),
    "goroutines": Endpoint(lambda call: call.text(inner.goroutines(call.facts)), "write"),
    "pprof": Endpoint(_pprof, "write"),
    "logtap": Endpoint(_log, "write", ("GET",), since=(1, 36)),
    "debug-bus-events": Endpoint(_inner_events, "write", ("GET",), since=(1, 86)),
    "debug-bus-graph": Endpoint(lambda call: call.json(inner.bus_graph()), "", ("GET",), since=(1, 86)),
    "debug-bus-queues": Endpoint(lambda call: call.json(inner.bus_queues()), "", ("GET",), since=(1, 96)),
    "drive/shares": Endpoint(_drive_shares, "", ("GET",), since=(1, 64)),
    "debug-peer-relay-sessions": Endpoint(_relay_sessions, "", ("GET",), since=(1, 90)),
}
