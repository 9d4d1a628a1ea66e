"""LocalAPI of a simulated host over a real socket: guards, methods, rights, errors, and what our client makes of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.unit.sim.serving import question, raw, served, until
from tests.unit.sim.tailnets import address, node, tailnet
from tests.unit.sim.test_events import ON_THERE, event
from tsym_agent.localapi.commands import Command, Form
from tsym_agent.localapi.errors import AccessDeniedError, AnswerTimeoutError, NoSuchObjectError, NotSupportedError
from tsym_agent.localapi.registry import READS
from tsym_agent.model.hosts import Rights
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.sim.loading import load_scenario
from tsym_agent.sim.world import World

STATUS = "/localapi/v0/status"
PING = "/localapi/v0/ping"


async def test_answers_carry_version_and_guards(tmp_path: Path) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        status, headers, _ = await raw(host.path, question(STATUS))

    assert status == 200
    assert headers["tailscale-version"].startswith("1.102.3-t")
    assert headers["tailscale-cap"] == "142"
    assert headers["x-frame-options"] == "DENY"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(question(STATUS, host="localhost"), id="other host"),
        pytest.param(question(STATUS, host="local-tailscaled.sock:80"), id="host with port"),
        pytest.param(question(STATUS, more="Origin: http://evil\r\n"), id="origin"),
        pytest.param(question(STATUS, more="Referer: http://evil\r\n"), id="referer"),
        pytest.param(question(f"http://evil{STATUS}"), id="absolute target"),
    ],
)
async def test_browsers_are_turned_away(tmp_path: Path, asked: bytes) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        status, headers, body = await raw(host.path, asked)

    assert (status, body) == (403, b"invalid localapi request\n")
    assert "tailscale-version" not in headers


async def test_http_1_0_needs_no_host(tmp_path: Path) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        status, _, _ = await raw(host.path, f"GET {STATUS} HTTP/1.0\r\n\r\n".encode())

    assert status == 200


@pytest.mark.parametrize("target", ["/localapi/v0/nothing", "/localapi/v0/", "/localapi/v1/status", "//", "/x"])
async def test_unknown_pages_answer_as_go_does(tmp_path: Path, target: str) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        status, _, body = await raw(host.path, question(target))

    assert (status, body) == (404, b"404 page not found\n")


async def test_paths_are_percent_decoded(tmp_path: Path) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        status, _, _ = await raw(host.path, question("/localapi/v0/st%61tus"))

    assert status == 200


@pytest.mark.parametrize(
    ("method", "name", "status", "words"),
    [
        ("GET", "ping?ip=100.64.0.1&type=disco", 400, "want POST"),
        ("POST", "derpmap", 400, "want GET"),
        ("POST", "prefs", 405, "unsupported method"),
        ("PATCH", "prefs", 403, "prefs write access denied"),
        ("GET", "profiles/current", 403, "profiles access denied"),
        ("GET", "dns-osconfig", 403, "dns-osconfig access denied"),
        ("GET", "status?peers=maybe", 400, "invalid 'peers' parameter"),
        ("GET", "whois", 400, "missing 'addr' parameter"),
        ("GET", "whois?addr=nobody", 400, "invalid 'addr' parameter"),
        ("GET", "whois?addr=100.127.1.1", 404, "no match for IP:port"),
        ("GET", "peer-by-id?id=1", 404, "no peer with that NodeID"),
        ("GET", "peer-by-id?id=x", 400, "invalid 'id' parameter"),
        ("GET", "watch-ipn-bus?mask=x", 400, "bad mask"),
        ("GET", "watch-ipn-bus?mask=65536", 400, "in-process"),
        ("GET", "watch-ipn-bus?mask=4352", 400, "rate limiting"),
    ],
)
async def test_refusals_use_the_daemons_words(tmp_path: Path, method: str, name: str, status: int, words: str) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        answered, _, body = await raw(host.path, question(f"/localapi/v0/{name}", method=method))

    assert answered == status
    assert words in body.decode()


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "missing 'ip' parameter"),
        ("?ip=x&type=disco", "invalid IP"),
        ("?ip=100.64.0.1", "missing 'type' parameter"),
        ("?ip=100.64.0.1&type=disco&size=x", "invalid 'size' parameter"),
        ("?ip=100.64.0.1&type=TSMP&size=200", "only supported with disco pings"),
        ("?ip=100.64.0.1&type=disco&size=70000", "maximum value for 'size' is 65467"),
    ],
)
async def test_a_ping_put_wrongly_is_refused(tmp_path: Path, query: str, words: str) -> None:
    async with served(World(tailnet()), tmp_path) as host:
        status, _, body = await raw(host.path, question(PING + query, method="POST"))

    assert status == 400
    assert words in body.decode()


async def test_a_form_overrides_the_query(tmp_path: Path) -> None:
    world = World(tailnet(b="none"))
    form = f"ip={address(world, 'there')}"
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    async with served(world, tmp_path) as host:
        asked = question(f"{PING}?ip=100.127.1.1&type=disco", method="POST", more=kind, body=form)
        _, _, body = await raw(host.path, asked)

    assert json.loads(body)["NodeName"] == "there"


async def test_a_pong_has_every_key_of_a_real_one(tmp_path: Path) -> None:
    world = World(tailnet(b="none"))
    target = f"{PING}?ip={address(world, 'there')}&type=disco"
    async with served(world, tmp_path) as host:
        _, _, body = await raw(host.path, question(target, method="POST"))

    always = {"IP", "NodeIP", "NodeName", "Err", "LatencySeconds", "Endpoint", "PeerRelay"}
    assert json.loads(body).keys() == always | {"DERPRegionID", "DERPRegionCode"}


@pytest.mark.parametrize("kind", ["disco", "nonsense"])
async def test_silence_ends_when_the_client_leaves(tmp_path: Path, kind: str) -> None:
    world = World(tailnet(node("dead", "b", "up = false")))
    target = f"{PING}?ip={address(world, 'dead')}&type={kind}"
    async with served(world, tmp_path) as host:
        before = asyncio.all_tasks()
        reader, writer = await asyncio.open_unix_connection(host.path)
        writer.write(question(target, method="POST"))
        await until(lambda: host.server.connections == 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(), 0.05)
        writer.close()
        await until(lambda: host.server.connections == 0)

        assert asyncio.all_tasks() == before


async def test_our_client_reads_it_all(tmp_path: Path) -> None:
    world = World(tailnet(b="none"))
    async with served(world, tmp_path) as host:
        status, prefs, regions = await host.client.status(), await host.client.prefs(), await host.client.derp_map()
        who = await host.client.who_is(f"{address(world, 'there')}:443")
        pong = await host.client.ping(address(world, "there"))
        peer = await host.client.peer_by_id(status.peers[0].node_id)
        lock = await host.client.lock_status()

    assert status.self_node is not None
    assert status.self_node.host_name == "here"
    assert prefs.control_url == "https://controlplane.tailscale.com"
    assert regions is not None
    assert regions.code_of(2) == "two"
    assert (who.node.name, who.user_profile.login_name) == ("there.t.ts.net.", "kim@example.com")
    assert pong.path is PathKind.DIRECT
    assert peer.home_derp == 2
    assert not lock.enabled
    assert host.client.daemon_version is not None


async def test_our_client_calls_silence_a_timeout(tmp_path: Path) -> None:
    world = World(tailnet(node("dead", "b", "up = false")))
    async with served(world, tmp_path) as host:
        with pytest.raises(AnswerTimeoutError):
            await host.client.ping(address(world, "dead"), timeout_s=0.05)


@pytest.mark.parametrize(("granted", "rights"), [("read", Rights.READ), ("write", Rights.WRITE)])
async def test_rights_are_as_the_scenario_says(tmp_path: Path, granted: str, rights: Rights) -> None:
    scenario = tailnet(node("host", "a", "vantage = true", f'rights = "{granted}"'))
    async with served(World(scenario), tmp_path, "host") as host:
        assert await host.client.rights() is rights


async def test_without_rights_every_read_is_denied(tmp_path: Path) -> None:
    async with served(World(load_scenario("broken")), tmp_path, "denied") as host:
        with pytest.raises(AccessDeniedError, match="status access denied"):
            await host.client.status()


async def test_an_old_daemon_lacks_later_endpoints(tmp_path: Path) -> None:
    async with served(World(load_scenario("broken")), tmp_path, "aged") as host:
        status = await host.client.status()
        with pytest.raises(NotSupportedError):
            await host.client.peer_by_id(1)
        who = await host.client.who_is((status.tailscale_ips or ("",))[0])

    assert status.version.startswith("1.56.1")
    assert who.node.legacy_derp == "127.3.3.40:901"


async def test_a_logged_out_host_knows_no_regions(tmp_path: Path) -> None:
    async with served(World(load_scenario("broken")), tmp_path, "logged-out") as host:
        assert await host.client.derp_map() is None


async def test_whois_takes_node_keys_and_ipv6(tmp_path: Path) -> None:
    world = World(tailnet())
    there = world.population["there"].identity
    async with served(world, tmp_path) as host:
        found = [await host.client.who_is(key) for key in (there.node_key, f"[{there.ipv6}]:80", there.ipv6)]

    assert {who.node.stable_id for who in found} == {there.stable_id}


async def test_whois_does_not_know_the_locked_out(tmp_path: Path) -> None:
    world = World(tailnet(node("out", "b", 'standing = "locked-out"')))
    async with served(world, tmp_path) as host:
        with pytest.raises(NoSuchObjectError):
            await host.client.who_is(address(world, "out"))


@pytest.mark.parametrize("name", ["logged-out", "starting", "unapproved", "expired-host"])
async def test_a_host_without_a_netmap_knows_nobody(tmp_path: Path, name: str) -> None:
    world = World(load_scenario("broken"))
    async with served(world, tmp_path, name) as host:
        with pytest.raises(NoSuchObjectError):
            await host.client.who_is(address(world, "anchor"))
        lock = await host.client.lock_status()

    assert not lock.filtered_peers


async def test_whois_tells_who_waits_for_approval(tmp_path: Path) -> None:
    world = World(tailnet(node("new", "b", 'standing = "not-approved"')))
    async with served(world, tmp_path) as host:
        new, old = [await host.client.who_is(address(world, name)) for name in ("new", "there")]

    assert (new.node.machine_authorized, old.node.machine_authorized) == (None, True)


NOT_SIMULATED = {
    "app-connector-state",
    "pins",
    "lock-affected-signatures",
    "lock-verify-link",
}
"""Reads a simulated daemon has no answer to: it says 404, as a build without the feature does."""


PLAIN = [read for read in READS.values() if read.form is not Form.STREAM and read.right is not Rights.WRITE]


@pytest.mark.parametrize("read", PLAIN, ids=lambda r: r.name)
async def test_every_plain_read_is_answered(tmp_path: Path, read: Command) -> None:
    world = World(tailnet(node("exit", "c", "exit_node = true"), b="none"))
    there = world.population["there"].identity
    values = {"ip": there.ipv4, "addr": there.ipv4, "type": "disco", "id": str(there.node_id)}
    if read.name == "user-profile":
        values["id"] = str(there.user_id)
    method, path, params = read.question({p.name: values[p.name] for p in read.parameters if p.is_required})
    async with served(world, tmp_path) as host:
        status, _, _ = await raw(host.path, question(f"/localapi/v0/{path}?{urlencode(params)}", method=method))

    if read.name == "check-reverse-path-filtering" or read.name in NOT_SIMULATED:
        assert status == 404
    else:
        assert status == {"route-check": 503, "drive-shares": 403}.get(read.name, 200)


async def test_metrics_count_bytes_by_path(tmp_path: Path) -> None:
    world = World(tailnet(b="none"))
    async with served(world, tmp_path) as host:
        await host.client.ping(address(world, "there"), PingKind.TSMP)
        _, _, body = await raw(host.path, question("/localapi/v0/usermetrics"))

    assert 'tailscaled_outbound_bytes_total{path="direct_ipv4"} 212' in body.decode()
    assert "tailscaled_home_derp_region_id 1" in body.decode()


async def test_metrics_count_steady_traffic_though_nobody_asks_for_a_status(tmp_path: Path) -> None:
    world = World(tailnet('[[link]]\nbetween = ["here", "there"]\ntraffic_kbps = 8', b="none"))
    async with served(world, tmp_path) as host:
        host.clock.at_s = 500
        _, _, body = await raw(host.path, question("/localapi/v0/usermetrics"))

    before_and_since = (3600 + 500) * 1000
    assert f'tailscaled_outbound_bytes_total{{path="direct_ipv4"}} {before_and_since}' in body.decode()


async def test_every_answer_knows_what_has_happened_by_now(tmp_path: Path) -> None:
    world = World(tailnet(event("node-removed", ON_THERE)))
    async with served(world, tmp_path) as host:
        host.clock.at_s = 11
        with pytest.raises(NoSuchObjectError):
            await host.client.who_is(address(world, "there"))


async def test_endpoint_changes_tell_of_a_found_path(tmp_path: Path) -> None:
    world = World(tailnet(b="none"))
    target = f"/localapi/v0/debug-peer-endpoint-changes?ip={address(world, 'there')}"
    async with served(world, tmp_path) as host:
        await host.client.ping(address(world, "there"))
        _, _, body = await raw(host.path, question(target))

    assert json.loads(body)[-1]["What"] == "handlePongConnLocked-bestAddr-update"
