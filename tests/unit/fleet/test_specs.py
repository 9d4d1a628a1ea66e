"""How hosts are named."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import DaemonNotFoundError
from tsym_tui.fleet.connecting import Connector, expand
from tsym_tui.fleet.specs import HostSpec, SpecError, SpecKind, parse_spec


@pytest.mark.parametrize(
    ("text", "kind", "address", "part"),
    [
        ("local", SpecKind.LOCAL, "", ""),
        ("unix:/run/x.sock", SpecKind.UNIX, "/run/x.sock", ""),
        ("sim:/tmp/s", SpecKind.SIM, "/tmp/s", ""),
        ("sim:/tmp/s#nas", SpecKind.SIM, "/tmp/s", "nas"),
        ("agent:web", SpecKind.AGENT, "web:3621", ""),
        ("agent:100.64.0.7:80", SpecKind.AGENT, "100.64.0.7:80", ""),
        ("agent:[fd7a::7]", SpecKind.AGENT, "[fd7a::7]:3621", ""),
        ("agent:[fd7a::7]:80", SpecKind.AGENT, "[fd7a::7]:80", ""),
        ("http://web:8080", SpecKind.AGENT, "web:8080", ""),
        ("http://[fd7a::7]/", SpecKind.AGENT, "[fd7a::7]:3621", ""),
        ("ssh:me@web", SpecKind.SSH, "me@web", ""),
        ("ssh:web:/run/x.sock", SpecKind.SSH, "web", "/run/x.sock"),
        ("kube:prod/web-0", SpecKind.KUBE, "prod/web-0", ""),
        ("kube:prod/web-0/ts", SpecKind.KUBE, "prod/web-0", "ts"),
    ],
)
def test_forms(text: str, kind: SpecKind, address: str, part: str) -> None:
    assert parse_spec(text) == HostSpec(text, kind, address, part)


@pytest.mark.parametrize(
    "text",
    [
        "", "nas", "unix:", "sim:", "sim:#nas", "sim:/tmp/s#../x", "agent:fd7a::7", "agent:[zz]", "agent:web:0",
        "agent:web:99999", "http://", "http://me@web", "http://web/path", "http://web:x", "http://a b", "https://web",
        "ssh:", "ssh:-oProxy=x", "ssh:web:22", "ssh:me@", "kube:web", "kube:a/b/c/d", "kube:A/b", "ftp:x",
        "unix:" + "x" * 200,
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused_in_words(text: str) -> None:
    with pytest.raises(SpecError, match=r"write|is not|longer|port"):
        parse_spec(text)


@pytest.mark.parametrize(
    ("text", "address"), [("unix:~nobody-here/x", "~nobody-here/x"), ("sim:~nobody-here", "~nobody-here")]
)
def test_the_home_of_nobody_is_left_as_it_was_written(text: str, address: str) -> None:
    assert parse_spec(text).address == address


async def connect(spec: HostSpec, env: dict[str, str]) -> LocalClient:
    return await Connector(env)(spec)


def write_index(folder: Path, *names: str) -> None:
    hosts = [{"name": name, "socket": str(folder / f"{name}.sock"), "id": f"n-{name}"} for name in names]
    (folder / "sim.json").write_text(json.dumps({"schema": "tsym/sim/1", "hosts": hosts}))


def test_a_simulated_tailnet_stands_for_all_its_hosts(tmp_path: Path) -> None:
    write_index(tmp_path, "nas", "desk")

    assert [spec.text for spec in expand(parse_spec(f"sim:{tmp_path}"))] == [
        f"sim:{tmp_path}#nas",
        f"sim:{tmp_path}#desk",
    ]


def test_a_simulated_tailnet_that_does_not_run_says_how_to_start_it(tmp_path: Path) -> None:
    (spec,) = expand(parse_spec(f"sim:{tmp_path}"))

    with pytest.raises(DaemonNotFoundError, match="tsym sim --dir"):
        asyncio.run(connect(spec, {}))


def test_a_broken_index_says_so(tmp_path: Path) -> None:
    (tmp_path / "sim.json").write_text("[]")
    (spec,) = expand(parse_spec(f"sim:{tmp_path}"))

    with pytest.raises(DaemonNotFoundError, match=r"sim\.json cannot be read"):
        asyncio.run(connect(spec, {}))


def test_an_unknown_host_of_a_simulated_tailnet_lists_the_known_ones(tmp_path: Path) -> None:
    write_index(tmp_path, "nas", "desk")

    with pytest.raises(DaemonNotFoundError, match="it has nas, desk"):
        asyncio.run(connect(parse_spec(f"sim:{tmp_path}#printer"), {}))


def test_local_is_where_the_environment_says() -> None:
    with pytest.raises(DaemonNotFoundError, match=r"/nowhere/x\.sock"):
        asyncio.run(connect(parse_spec("local"), {"TS_SOCKET": "/nowhere/x.sock"}))
