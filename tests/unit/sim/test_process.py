"""The simulator as a process: ready when it says so, gone when it should be, and nothing left behind."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.sim.serving import until
from tests.unit.sim.tailnets import HEAD, node, site
from tests.unit.sim.test_events import event
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import DaemonUnreachableError
from tsym_agent.sim.__main__ import run
from tsym_agent.sim.errors import StartError
from tsym_agent.sim.process import SimProcess
from tsym_agent.wire.openers import UnixOpener


@asynccontextmanager
async def asking(path: Path) -> AsyncGenerator[LocalClient, None]:
    client = LocalClient(UnixOpener(str(path)))
    try:
        yield client
    finally:
        await client.aclose()


async def is_answering(path: Path) -> bool:
    async with asking(path) as client:
        try:
            await client.status()
        except DaemonUnreachableError:
            return False
        return True


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def is_running(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_the_household_answers_over_its_sockets() -> None:
    async with SimProcess("home") as sim:
        assert sim.hosts == ("laptop", "nas", "pi-kitchen", "vps-fra")
        async with asking(sim.socket("nas")) as client:
            status = await client.status()

    assert status.self_node is not None
    assert status.self_node.host_name == "nas"


async def test_nothing_is_left_behind() -> None:
    async with SimProcess("home") as sim:
        pid, directory = sim.pid, sim.directory
        assert pid is not None
        assert {path.name for path in directory.iterdir()} == {
            *(f"{host}.sock" for host in sim.hosts),
            "sim.json",
            "sim.lock",
        }

    assert not directory.exists()
    assert not is_running(pid)
    assert sim.pid is None


async def test_a_given_folder_stays(tmp_path: Path) -> None:
    async with SimProcess("home", directory=tmp_path) as sim:
        assert sim.spec == f"sim:{tmp_path}"
        assert json.loads((tmp_path / "sim.json").read_text())["scenario"] == "home"

    assert names_in(tmp_path) == []


async def test_a_folder_in_use_is_refused_with_the_simulators_words(tmp_path: Path) -> None:
    async with SimProcess("home", directory=tmp_path) as sim:
        with pytest.raises(StartError, match=rf"runs here already \(process {sim.pid}\)"):
            await SimProcess("home", directory=tmp_path).__aenter__()

        assert await is_answering(sim.socket("nas"))


async def test_an_unknown_scenario_is_refused_with_the_simulators_words() -> None:
    with pytest.raises(StartError, match="no such scenario; expected broken"):
        await SimProcess("nonsense").__aenter__()


async def test_a_simulator_that_is_not_ready_in_time_is_ended() -> None:
    sim = SimProcess("home", ready_timeout_s=0.0)

    with pytest.raises(StartError, match="not ready after 0 s"):
        await sim.__aenter__()
    assert not sim.directory.exists()


async def test_epoch_and_seed_make_it_repeat() -> None:
    async def look() -> list[object]:
        epoch = datetime(2026, 2, 3, tzinfo=UTC)
        async with SimProcess("home", seed=3, epoch=epoch) as sim, asking(sim.socket("vps-fra")) as client:
            peers = (await client.status()).peers
            pongs = [await client.ping((peer.tailscale_ips or ("",))[0]) for peer in peers if peer.host_name == "nas"]
            return [[peer.created for peer in peers], pongs]

    assert await look() == await look()


async def test_a_daemon_stops_and_starts_as_the_scenario_says(tmp_path: Path) -> None:
    scenario = tmp_path / "s.toml"
    stop = event("daemon-stopped", 'on = "there"', at=100, lasts=400)
    scenario.write_text(
        HEAD
        + site("a", "easy", number=1)
        + site("b", "easy", number=2)
        + node("here", "a", "vantage = true")
        + node("there", "b", "vantage = true")
        + stop
    )
    heard: list[bool] = []
    async with SimProcess(scenario, speed=500) as sim, asyncio.timeout(20):
        while len(heard) < 3:
            if (is_up := await is_answering(sim.socket("there"))) not in heard[-1:]:
                heard.append(is_up)

    assert heard == [True, False, True]


async def test_a_stopped_daemons_socket_is_there_and_refuses() -> None:
    async with SimProcess("company") as sim:
        assert sim.socket("nyc-db-2").is_socket()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_unix_connection(sim.socket("nyc-db-2"))


@asynccontextmanager
async def started(folder: Path, *more: str) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """Start the simulator as a person would, and wait until it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tsym_agent.sim", "--dir", str(folder), *more,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 20) == f"sim:{folder}\n".encode()
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        process.stdin.close()
        await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda s: s.name)
async def test_signals_end_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    async with started(tmp_path / "sim") as process:
        process.send_signal(number)

        assert await asyncio.wait_for(process.wait(), 10) == 0

    assert names_in(tmp_path) == []


async def test_a_closed_stdin_ends_it_only_when_asked_to(tmp_path: Path) -> None:
    async with started(tmp_path / "bound", "--with-parent") as bound, started(tmp_path / "free") as free:
        for process in (bound, free):
            assert process.stdin is not None
            process.stdin.close()

        assert await asyncio.wait_for(bound.wait(), 10) == 0
        assert free.returncode is None

    assert not (tmp_path / "bound").exists()


PARENT = """
import asyncio, sys
from pathlib import Path
from tsym_agent.sim.process import SimProcess

async def main():
    async with SimProcess("home", directory=Path(sys.argv[1]) if sys.argv[1:] else None) as sim:
        print(sim.pid, sim.directory, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def orphaned(*directory: str) -> tuple[int, Path]:
    """Kill a simulator's parent; return the simulator's process ID and its folder."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, *directory, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid, folder = (await asyncio.wait_for(parent.stdout.readline(), 20)).decode().split()
    parent.kill()
    await parent.wait()
    return int(pid), Path(folder)


async def test_it_dies_with_a_killed_parent(tmp_path: Path) -> None:
    pid, _ = await orphaned(str(tmp_path / "sim"))

    await until(lambda: not is_running(pid), 10)
    assert names_in(tmp_path) == []


async def test_a_folder_made_for_it_goes_when_the_parent_is_killed() -> None:
    pid, folder = await orphaned()

    await until(lambda: not is_running(pid), 10)
    assert not folder.exists()


def test_the_end_of_the_thread_that_started_it_does_not_end_it(tmp_path: Path) -> None:
    children: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        command = [sys.executable, "-m", "tsym_agent.sim", "--dir", str(tmp_path / "sim"), "--with-parent"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        children.append(child)
        assert child.stdout is not None
        child.stdout.readline()  # ready, and so bound to this thread

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(20)

    with children[0] as child:
        with pytest.raises(subprocess.TimeoutExpired):  # the kernel has told it of the thread's end long before
            child.wait(0.3)
        child.terminate()
        assert child.wait(10) == 0


def test_a_bad_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["--dir", "/tmp/x", "--speed", "fast"])

    assert ended.value.code == 2
    assert "--speed" in capsys.readouterr().err


def test_a_bad_scenario_ends_with_two_and_a_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["--dir", str(tmp_path), "--scenario", "nonsense"]) == 2

    assert capsys.readouterr().err.startswith("tsym sim: nonsense: no such scenario")
