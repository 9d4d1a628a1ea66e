"""`POST ping` of a simulated daemon: it answers a pong or a refusal, and on silence not at all."""

from __future__ import annotations

import asyncio
import ipaddress

from tsym_agent.model.paths import PingKind
from tsym_agent.model.pings import PingResult
from tsym_agent.sim.calls import Call, RefusedError
from tsym_agent.sim.eras import Era
from tsym_agent.sim.network import RELAYS_SINCE
from tsym_agent.wire.exchange import Reply

MAX_BYTES = 65_467
"""Largest `size` that a Linux daemon takes."""

_KINDS = {kind.value: kind for kind in PingKind}


async def ping(call: Call) -> Reply:
    """Answer one ping; without a pong, wait until the client gives up. So does a kind of ping nobody knows."""
    ip, kind, size = _parameters(call)
    answer = call.world.ping(call.host, ip, kind, call.clock.now_s(), size=size) if kind else None
    if answer is None:
        silence: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        return await silence
    await call.clock.sleep(answer.after_s)
    return call.json(ping_body(answer.result, call.era))


def _parameters(call: Call) -> tuple[str, PingKind | None, int]:
    given = call.parameters
    if not given.get("ip"):
        raise RefusedError(400, "missing 'ip' parameter")
    try:
        ip = str(ipaddress.ip_address(given["ip"]))
    except ValueError as error:
        raise RefusedError(400, "invalid IP") from error
    kind = given.get("type", "")
    if not kind:
        raise RefusedError(400, "missing 'type' parameter")
    size = given.get("size") or "0"
    if not (size.isascii() and size.isdecimal()):
        raise RefusedError(400, "invalid 'size' parameter")
    if int(size) and kind != PingKind.DISCO:
        raise RefusedError(400, "'size' parameter is only supported with disco pings")
    if int(size) > MAX_BYTES:
        raise RefusedError(400, f"maximum value for 'size' is {MAX_BYTES}")
    return ip, _KINDS.get(kind), int(size)


def ping_body(result: PingResult, era: Era) -> dict[str, object]:
    """Return a ping's result with the keys a daemon of that era sends."""
    fields: dict[str, object] = {
        "IP": result.ip,
        "NodeIP": result.node_ip,
        "NodeName": result.node_name,
        "Err": result.err,
        "LatencySeconds": result.latency_seconds,
        "Endpoint": result.endpoint,
    }
    if era >= RELAYS_SINCE:
        fields["PeerRelay"] = result.peer_relay
    fields |= {"DERPRegionID": result.derp_region_id, "DERPRegionCode": result.derp_region_code}
    if result.peer_api_port:
        fields["PeerAPIPort"] = result.peer_api_port
    if result.peer_api_url:
        fields["PeerAPIURL"] = result.peer_api_url
    if result.is_local_ip:
        fields["IsLocalIP"] = True
    return fields
