"""Every stored body is read, and what a release did not have yet is empty rather than wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.fake_daemon import STREAM_HEAD, FakeDaemon, Request, answer, chunk
from tsym_agent.localapi import reads
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import NotSupportedError
from tsym_agent.model.derp import parse_derp_map
from tsym_agent.model.lock import parse_lock_status
from tsym_agent.model.notify import Notify, parse_notify
from tsym_agent.model.paths import PathKind
from tsym_agent.model.pings import parse_ping_result
from tsym_agent.model.prefs import parse_prefs
from tsym_agent.model.status import BackendState, parse_status, parse_sweep_status
from tsym_agent.model.times import parse_time
from tsym_agent.model.whois import parse_whois
from tsym_agent.wire.openers import UnixOpener

HERE = Path(__file__).parent
FOLDERS = sorted((path for path in HERE.iterdir() if path.name[0].isdigit()), key=lambda path: path.name)
WRITTEN = [folder for folder in FOLDERS if folder.name in {"1.56", "1.62", "1.70", "1.74", "1.78"}]

READERS: dict[str, Callable[[bytes], object]] = {
    "status": parse_status,
    "whois": parse_whois,
    "prefs": parse_prefs,
    "derpmap": parse_derp_map,
    "ping": parse_ping_result,
    "tka-status": parse_lock_status,
}

every_body = pytest.mark.parametrize(
    "path",
    [path for folder in FOLDERS for path in sorted(folder.glob("*.json"))],
    ids=lambda path: str(path.relative_to(HERE)),
)
each_release = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
each_written = pytest.mark.parametrize("folder", WRITTEN, ids=lambda folder: folder.name)


def body(folder: Path, name: str) -> bytes:
    return (folder / name).read_bytes()


def notices(folder: Path) -> list[Notify]:
    return [parse_notify(line) for line in body(folder, "bus.ndjson").splitlines()]


def reader_of(path: Path) -> Callable[[bytes], object]:
    return next(read for name, read in READERS.items() if path.name.startswith(name))


@every_body
def test_each_body_is_read(path: Path) -> None:
    assert reader_of(path)(path.read_bytes()) is not None


@every_body
def test_each_body_means_the_same_with_a_field_of_tomorrow(path: Path) -> None:
    known = path.read_bytes()
    tomorrow = known.replace(b"{", b'{"FromTomorrow": {"Deep": [null, 1.5, {"x": "y"}]},', 1)

    assert reader_of(path)(tomorrow) == reader_of(path)(known)


@every_body
def test_each_body_is_read_without_its_nulls(path: Path) -> None:
    fields = json.loads(path.read_bytes())

    assert reader_of(path)(json.dumps(without_nulls(fields)).encode()) is not None


@each_release
def test_a_sweep_finds_the_peers_the_whole_status_has(folder: Path) -> None:
    whole, sweep = parse_status(body(folder, "status.json")), parse_sweep_status(body(folder, "status.json"))

    assert [peer.id for peer in sweep.peers] == [peer.id for peer in whole.peers]
    assert sweep.self_node is not None
    assert sweep.state is BackendState.RUNNING


@each_release
def test_each_notice_is_read(folder: Path) -> None:
    assert notices(folder)[0].session_id


@each_written
def test_an_old_status_proves_the_one_live_path(folder: Path) -> None:
    peers = parse_status(body(folder, "status.json")).peers

    paths = {peer.dns_name: peer.passive_path for peer in peers}
    assert paths.pop("nas.example.ts.net.") is PathKind.DIRECT
    assert set(paths.values()) == {PathKind.UNKNOWN}


@each_written
def test_what_came_later_is_empty(folder: Path) -> None:
    peers = parse_status(body(folder, "status.json")).peers

    assert {(peer.node_id, peer.peer_relay, peer.taildrop_target) for peer in peers} == {(0, "", 0)}


@each_written
def test_large_numbers_of_old_daemons_stay_exact(folder: Path) -> None:
    status = parse_status(body(folder, "status.json"))

    nas = status.peers[0]
    assert (nas.user_id, nas.rx_bytes, nas.tx_bytes) == (3458764513820540929, 9007199254740993, 18014398509481985)
    assert status.user is not None
    assert status.user["9112345678901234567"].id == 9112345678901234567


@each_written
def test_nine_digits_and_a_zone_make_a_time(folder: Path) -> None:
    handshake = parse_time(parse_status(body(folder, "status.json")).peers[0].last_handshake)

    assert handshake is not None
    assert (handshake.hour, handshake.microsecond) == (5, 123456)


@each_written
def test_an_old_node_has_its_home_region_in_the_old_field(folder: Path) -> None:
    assert parse_whois(body(folder, "whois.json")).node.home_derp == 4


@each_written
def test_the_pongs_of_old_daemons_name_their_path(folder: Path) -> None:
    paths = {path.stem: parse_ping_result(path.read_bytes()).path for path in folder.glob("ping-*.json")}

    assert paths == {
        "ping-direct": PathKind.DIRECT,
        "ping-derp": PathKind.DERP,
        "ping-tsmp": PathKind.UNKNOWN,
        "ping-error": PathKind.UNKNOWN,
    }


@each_written
def test_a_logged_out_daemon_has_a_state_and_nobody_around(folder: Path) -> None:
    status = parse_sweep_status(body(folder, "status-needs-login.json"))

    assert (status.state, status.peers, status.current_tailnet) == (BackendState.NEEDS_LOGIN, (), None)


@each_written
def test_health_is_on_the_bus_from_1_70(folder: Path) -> None:
    warned = [notice.health for notice in notices(folder) if notice.health is not None]

    assert bool(warned) is (folder.name >= "1.70")


@each_written
def test_secrets_of_bodies_are_not_kept(folder: Path) -> None:
    kept = f"{parse_status(body(folder, 'status-needs-login.json'))} {parse_prefs(body(folder, 'prefs.json'))}"

    assert "login.tailscale.com" not in kept + str([notice.session_id for notice in notices(folder)])
    assert "privkey" not in kept


@each_written
async def test_a_client_gets_along_with_an_old_daemon(folder: Path) -> None:
    async with FakeDaemon() as daemon:
        serve(daemon, folder)
        client = LocalClient(UnixOpener(daemon.path))

        assert len((await client.sweep_status()).peers) == 5
        assert (await client.who_is("100.64.0.2")).node.stable_id == "n2DOCUMENTEDCNTRL"
        assert (await client.prefs()).operator_user == "amelie"
        assert (await client.ping("100.64.0.2")).path is PathKind.DIRECT
        assert [peer.stable_id for peer in (await client.lock_status()).filtered_peers or ()] == ["n9DOCUMENTEDCNTRL"]
        with pytest.raises(NotSupportedError):
            await client.peer_by_id(1)
        with pytest.raises(NotSupportedError):
            await reads.dns_config(client)
        await client.aclose()


@each_written
async def test_the_bus_of_an_old_daemon_is_watched(folder: Path) -> None:
    async def bus(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(body(folder, "bus.ndjson")))
        await asyncio.Event().wait()

    async with FakeDaemon() as daemon:
        daemon.on("watch-ipn-bus", bus)
        client = LocalClient(UnixOpener(daemon.path))
        watching = client.watch_ipn_bus()

        seen = [await anext(watching) for _ in notices(folder)]

        await watching.aclose()
        await client.aclose()
    assert [notice.state for notice in seen if notice.state] == [
        BackendState.RUNNING,
        BackendState.NEEDS_LOGIN,
        BackendState.STOPPED,
    ]


def serve(daemon: FakeDaemon, folder: Path) -> None:
    daemon.on("status", answer(body(folder, "status.json")))
    daemon.on("whois", answer(body(folder, "whois.json")))
    daemon.on("prefs", answer(body(folder, "prefs.json")))
    daemon.on("ping", answer(body(folder, "ping-direct.json")))
    daemon.on("tka/status", answer(body(folder, "tka-status.json")))


def without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    return [without_nulls(member) for member in value] if isinstance(value, list) else value
