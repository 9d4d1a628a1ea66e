"""A command line to call, hosts to ask: a simulated tailnet, and daemons that misbehave as a test says."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.fake_daemon import FakeDaemon, Script, answer
from tsym_agent.sim.process import SimProcess
from tsym_tui.cli.main import main


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Tsym = Callable[..., Result]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home of its own, and an environment that says nothing."""
    for name in list(os.environ):
        if name.startswith(("TSYM_", "TS_", "XDG_")) or name in {"NO_COLOR", "COLUMNS", "COLORTERM", "TERM"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TS_SOCKET", str(tmp_path / "no-tailscaled.sock"))
    return tmp_path


@pytest.fixture
def tsym(capfd: pytest.CaptureFixture[str]) -> Tsym:
    """Run a command in this process; no command may ever show a traceback."""

    def call(*arguments: str) -> Result:
        code = main(arguments)
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return Result(code, out, err)

    return call


def _simulate(scenario: str) -> Iterator[str]:
    sim = SimProcess(scenario)
    with asyncio.Runner() as runner:
        runner.run(sim.__aenter__())
        try:
            yield sim.spec
        finally:
            runner.run(sim.aclose())


@pytest.fixture(scope="session")
def household() -> Iterator[str]:
    """Run the simulated home and return the spec of all its hosts."""
    yield from _simulate("home")


@pytest.fixture(scope="session")
def faults() -> Iterator[str]:
    """Run the simulated tailnet with one of each fault."""
    yield from _simulate("broken")


class Daemon:
    """A scripted daemon in a thread of its own, since a command runs a loop of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="daemon")
        self._thread.start()
        self._fake = FakeDaemon()
        self._do(self._fake.start())
        self.on("prefs", answer(json.dumps({"ControlURL": "https://control.example"})))
        self.on("profiles/current", answer("profile access denied\n", 403))

    @property
    def spec(self) -> str:
        return f"unix:{self._fake.path}"

    def on(self, name: str, *scripts: bytes | Script) -> None:
        """Say what to answer about `name`."""
        self._fake.on(name, *scripts)

    def say_status(self, *peers: dict[str, object], **fields: object) -> None:
        """Answer a status with these peers."""
        own = {"ID": "n-me", "HostName": "me", "DNSName": "me.example.", "TailscaleIPs": ["100.64.0.1"], "Online": True}
        body = {
            "Version": "1.102.3",
            "BackendState": "Running",
            "Self": own,
            "CurrentTailnet": {"Name": "example"},
            "Peer": {f"nodekey:{peer['ID']}": peer for peer in peers},
        }
        self.on("status", answer(json.dumps(body | fields)))

    def say_pong(self, **fields: object) -> None:
        """Answer every ping at once."""
        self.on("ping", answer(json.dumps({"LatencySeconds": 0.005, "Endpoint": "192.0.2.7:41641"} | fields)))

    def pinged(self) -> list[str]:
        """Return the addresses that were pinged, in order."""
        return [request.params["ip"] for request in self._fake.requests if request.name == "ping"]

    def asked(self, name: str) -> list[dict[str, str]]:
        """Return the parameters of every question of that name, in order."""
        return [dict(request.params) for request in self._fake.requests if request.name == name]

    def stop(self) -> None:
        """Stop listening; the socket file stays."""
        self._do(self._fake.stop())

    def close(self) -> None:
        """End the daemon and its thread."""
        # A server of Python 3.11 leaks a connection that it is accepting while it closes, and aborted connections
        # close on a later turn of the loop: let both happen.
        self._do(asyncio.sleep(0.01))
        self._do(self._fake.__aexit__(None, None, None))
        self._do(asyncio.sleep(0.01))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)  # type: ignore[arg-type]  # all are


def peer(name: str, number: int = 2, **fields: object) -> dict[str, object]:
    """Return one peer of a status."""
    plain: dict[str, object] = {
        "ID": f"n-{name}",
        "HostName": name,
        "DNSName": f"{name}.example.",
        "OS": "linux",
        "TailscaleIPs": [f"100.64.{number // 250}.{number % 250 + 2}"],
        "Online": True,
    }
    return plain | fields


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """Run one scripted daemon that has a peer called nas and answers its pings."""
    made = Daemon()
    made.say_status(peer("nas"))
    made.say_pong()
    yield made
    made.close()
