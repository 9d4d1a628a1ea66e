"""The LocalAPI client against real daemons of two releases: what it reads, and what each refusal becomes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

import pytest

from tsym_agent.localapi import errors
from tsym_agent.model.hosts import Rights
from tsym_agent.model.notify import RESUMED, Notify
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.status import BackendState

from .clients import NOBODY, OLD, RELEASES, as_user, client_of
from .node import Node
from .tailnet import Lab
from .topology import HOSTS, HostSpec

NOTICE_DEADLINE_S = 30.0
UNASSIGNED_ADDRESS = "100.99.99.99"


def is_any(_notice: Notify) -> bool:
    return True


async def next_notice(notices: AsyncIterator[Notify], is_wanted: Callable[[Notify], bool] = is_any) -> Notify:
    async with asyncio.timeout(NOTICE_DEADLINE_S):
        async for notice in notices:
            if is_wanted(notice):
                return notice
    raise AssertionError("the bus ended")


async def test_status_names_the_node_and_all_its_peers(daemon: Node, release: str) -> None:
    async with client_of(daemon) as client:
        status = await client.status()

        assert status.state is BackendState.RUNNING
        assert status.version == client.daemon_version == release
        assert status.self_node
        assert status.self_node.dns_name == "x.lab.internal."
        assert {peer.host_name for peer in status.peers} == {spec.name for spec in HOSTS}
        assert all(peer.online for peer in status.peers)


async def test_owners_and_tags_are_told_apart(daemon: Node) -> None:
    async with client_of(daemon) as client:
        status = await client.status()

    owners = {peer.host_name: status.owner_of(peer) for peer in status.peers}
    tags = {peer.host_name: peer.tags for peer in status.peers}
    assert (owners["a"], owners["d"], owners["p"]) == ("alice", "bob", None)
    assert (tags["a"], tags["p"]) == (None, ("tag:relay",))


async def test_a_sweep_reads_the_same_peers(daemon: Node) -> None:
    async with client_of(daemon) as client:
        whole, sweep = await client.status(), await client.sweep_status()

    assert [(peer.id, peer.tailscale_ips, peer.online) for peer in sweep.peers] == [
        (peer.id, peer.tailscale_ips, peer.online) for peer in whole.peers
    ]


@pytest.mark.parametrize("kind", PingKind)
async def test_every_kind_of_ping_brings_a_pong(lab: Lab, daemon: Node, kind: PingKind) -> None:
    async with client_of(daemon) as client:
        pong = await client.ping(lab.nodes["p"].address, kind, timeout_s=10)

    assert pong.is_pong
    assert pong.latency_ms
    assert (pong.path is not PathKind.UNKNOWN) == (kind is PingKind.DISCO)


async def test_a_ping_between_public_hosts_soon_names_the_direct_path(lab: Lab, daemon: Node) -> None:
    async with client_of(daemon) as client, asyncio.timeout(NOTICE_DEADLINE_S):
        while (pong := await client.ping(lab.nodes["p"].address)).path is not PathKind.DIRECT:
            assert pong.path is PathKind.DERP

    assert pong.endpoint.startswith(f"{lab.nodes['p'].host.address}:")


async def test_a_ping_behind_blocked_udp_names_the_relay_region(lab: Lab, daemon: Node) -> None:
    async with client_of(daemon) as client:
        pong = await client.ping(lab.nodes["u"].address)

    assert pong.path is PathKind.DERP
    assert pong.derp_region_code in {"lab1", "lab2"}


async def test_a_ping_of_nobody_says_so_at_once(daemon: Node) -> None:
    async with client_of(daemon) as client:
        answer = await client.ping(UNASSIGNED_ADDRESS)

    assert (answer.err, answer.path) == ("no matching peer", PathKind.UNKNOWN)


async def test_a_ping_of_the_node_itself_says_so_at_once(daemon: Node) -> None:
    async with client_of(daemon) as client:
        answer = await client.ping(daemon.address)

    assert answer.is_local_ip
    assert not answer.is_pong


async def test_a_ping_of_a_dead_peer_is_a_timeout(lab: Lab, daemon: Node) -> None:
    address = lab.nodes["b"].address
    with lab.stopped("b"):
        async with client_of(daemon) as client:
            with pytest.raises(errors.AnswerTimeoutError):
                await client.ping(address, timeout_s=1)


async def test_whois_names_node_and_owner(lab: Lab, daemon: Node) -> None:
    async with client_of(daemon) as client:
        answer = await client.who_is(lab.nodes["d"].address)

    assert answer.node.name == "d.lab.internal."
    assert answer.user_profile.login_name == "bob"


async def test_whois_of_nobodys_address_is_no_such_object(daemon: Node) -> None:
    async with client_of(daemon) as client:
        with pytest.raises(errors.NoSuchObjectError):
            await client.who_is(UNASSIGNED_ADDRESS)


async def test_prefs_tell_the_wishes(daemon: Node) -> None:
    async with client_of(daemon) as client:
        prefs = await client.prefs()

    assert (prefs.want_running, prefs.corp_dns, prefs.hostname) == (True, False, "x")
    assert prefs.relay_server_port is None


async def test_the_relay_map_has_both_regions(daemon: Node) -> None:
    async with client_of(daemon) as client:
        derp_map = await client.derp_map()

    assert derp_map
    assert {derp_map.code_of(901), derp_map.code_of(902)} == {"lab1", "lab2"}


async def test_tailnet_lock_is_off(daemon: Node) -> None:
    async with client_of(daemon) as client:
        lock = await client.lock_status()

    assert not lock.enabled


async def test_what_an_old_daemon_does_not_know_is_not_supported(daemon: Node, release: str) -> None:
    async with client_of(daemon) as client:
        status = await client.status()
        if release == OLD:
            with pytest.raises(errors.NotSupportedError, match="too old"):
                await client.peer_by_id(1)
        else:
            assert status.self_node
            assert (await client.peer_by_id(status.self_node.node_id)).name == "x.lab.internal."


async def test_root_may_write(daemon: Node) -> None:
    async with client_of(daemon) as client:
        assert await client.rights() is Rights.WRITE


async def test_another_user_may_read_only(daemon: Node) -> None:
    async with client_of(daemon) as client:
        with as_user(NOBODY):
            rights = await client.rights()

        assert rights is Rights.READ
        assert (await client.status()).state is BackendState.RUNNING


async def test_what_another_user_may_not_do_says_how_to_be_allowed(daemon: Node) -> None:
    async with client_of(daemon) as client:
        with as_user(NOBODY), pytest.raises(errors.AccessDeniedError, match="--operator"):
            await client.ask("profiles/")


async def test_a_closed_folder_says_to_use_sudo(lab: Lab, daemon: Node) -> None:
    mode = lab.folder.stat().st_mode
    lab.folder.chmod(0o700)
    try:
        async with client_of(daemon) as client:
            with as_user(NOBODY), pytest.raises(errors.AccessDeniedError, match="sudo"):
                await client.status()
    finally:
        lab.folder.chmod(mode)


async def test_a_stopped_daemon_says_which_socket_and_how_to_start_it(daemon: Node) -> None:
    daemon.stop()
    try:
        async with client_of(daemon) as client:
            with pytest.raises((errors.DaemonNotFoundError, errors.DaemonUnreachableError)) as raised:
                await client.status()
    finally:
        daemon.start()
        daemon.wait_state("Running")

    assert str(daemon.socket) in str(raised.value)
    assert "start" in raised.value.hint


async def test_the_bus_begins_with_the_state(daemon: Node) -> None:
    async with client_of(daemon) as client, aclosing(client.watch_ipn_bus()) as notices:
        first = await next_notice(notices)

    assert first.state is BackendState.RUNNING
    assert first.touches_topology


async def test_reading_status_whenever_the_bus_says_so_shows_a_peer_leave(lab: Lab, daemon: Node) -> None:
    async with client_of(daemon) as client, aclosing(client.watch_ipn_bus()) as notices:
        await next_notice(notices)
        with lab.stopped("b"):
            online = {"b"}
            while "b" in online:
                await next_notice(notices, lambda notice: notice.touches_topology)
                online = {peer.host_name for peer in (await client.status()).peers if peer.online}

    assert online == {spec.name for spec in HOSTS} - {"b"}


async def test_the_bus_resumes_after_the_daemon_restarts(daemon: Node) -> None:
    async with client_of(daemon) as client, aclosing(client.watch_ipn_bus()) as notices:
        await next_notice(notices)
        daemon.stop()
        daemon.start()

        await next_notice(notices, lambda notice: notice is RESUMED)
        await next_notice(notices, lambda notice: notice.state is BackendState.RUNNING)


async def test_a_daemon_that_was_told_to_stop_says_stopped(daemon: Node) -> None:
    daemon.cli("down")
    try:
        async with client_of(daemon) as client:
            assert (await client.status()).state is BackendState.STOPPED
    finally:
        daemon.cli("up")
        daemon.wait_state("Running")


@pytest.mark.parametrize("release", RELEASES, indirect=True)
async def test_a_daemon_that_never_logged_in_needs_login(lab: Lab, release: str) -> None:
    with lab.extra_node(HostSpec("y", None, "alice"), RELEASES[release], logged_in=False) as node:
        async with client_of(node) as client:
            status = await client.status()

            assert status.state is BackendState.NEEDS_LOGIN
            assert status.peers == ()
            assert await client.derp_map() is None
            with pytest.raises(errors.NoSuchObjectError):
                await client.who_is(UNASSIGNED_ADDRESS)


async def test_an_expired_key_is_seen_by_the_node_and_by_its_peers(lab: Lab) -> None:
    with lab.extra_node(HostSpec("y", None, "alice")) as node:
        async with client_of(lab.nodes["a"]) as peer, client_of(node) as client:
            async with aclosing(client.watch_ipn_bus()) as notices:
                lab.headscale.expire(node.stable_id)
                await next_notice(notices, lambda notice: notice.state is BackendState.NEEDS_LOGIN)
            async with asyncio.timeout(NOTICE_DEADLINE_S), aclosing(peer.watch_ipn_bus()) as notices:
                async for _ in notices:
                    seen = {known.host_name: known.expired for known in (await peer.status()).peers}
                    if seen["y"]:
                        break

    assert not seen["b"]
