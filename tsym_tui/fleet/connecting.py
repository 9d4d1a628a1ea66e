"""From a host's name to a client that asks it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import DaemonNotFoundError
from tsym_agent.localapi.find import find_daemon
from tsym_agent.probe import limits
from tsym_agent.wire.openers import UnixOpener
from tsym_tui.fleet.specs import HostSpec, SpecKind, refuse_unsupported


def expand(spec: HostSpec) -> list[HostSpec]:
    """Return the single hosts that a spec stands for; a simulated tailnet without its index stands for itself."""
    if spec.kind is not SpecKind.SIM or spec.part:
        return [spec]
    try:
        names = read_sim_index(Path(spec.address))
    except DaemonNotFoundError:
        return [spec]
    return [
        HostSpec(f"sim:{spec.address}#{name}", SpecKind.SIM, spec.address, name, spec.label, spec.tags)
        for name in names
    ]


def read_sim_index(folder: Path) -> list[str]:
    """Return the names of the hosts in a simulated tailnet's folder."""
    where = f"sim:{folder}"
    try:
        index = json.loads((folder / "sim.json").read_text(encoding="utf-8"))
        return [str(host["name"]) for host in index["hosts"]]
    except FileNotFoundError as error:
        hint = f"start one with `tsym sim --dir {folder}`"
        raise DaemonNotFoundError(where, "no simulated tailnet runs there", hint) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DaemonNotFoundError(where, f"its index sim.json cannot be read: {error}") from error


async def connect(spec: HostSpec, env: Mapping[str, str]) -> LocalClient:
    """Return a client for a single host; raise `LocalAPIError` when its place cannot be found."""
    match spec.kind:
        case SpecKind.LOCAL:
            endpoint = await find_daemon(env)
            return LocalClient(endpoint.opener, auth=endpoint.auth, max_pings=limits.IN_FLIGHT_PER_HOST)
        case SpecKind.UNIX:
            return LocalClient(UnixOpener(spec.address), max_pings=limits.IN_FLIGHT_PER_HOST)
        case SpecKind.SIM:
            folder = Path(spec.address)
            names = read_sim_index(folder)
            if spec.part not in names:
                known = ", ".join(names[:20])
                raise DaemonNotFoundError(spec.text, f"this simulated tailnet has no such host; it has {known}")
            return LocalClient(UnixOpener(str(folder / f"{spec.part}.sock")), max_pings=limits.IN_FLIGHT_PER_HOST)
        case SpecKind.AGENT | SpecKind.SSH | SpecKind.KUBE:
            refuse_unsupported(spec)
            raise AssertionError(spec)
        case _:
            assert_never(spec.kind)
