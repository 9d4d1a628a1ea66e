"""A sweep of 50 hosts times their peers over real sockets, against the same requests by hand on bare streams.

All machines stand on one LAN, so the simulator's own waiting is small beside what asking costs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterator, Sequence
from pathlib import Path

from tests.bench.harness import Figure, alternate, compare
from tsym_agent.localapi.client import LocalClient
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.probe.sweep import Round, Sender
from tsym_agent.sim.process import SimProcess
from tsym_agent.wire.openers import UnixOpener

SCENARIO = Path(__file__).with_name("mesh.toml")
TAILNET = Tailnet("https://control.example", "bench")


def measure() -> Iterator[Figure]:
    """Sweep once a round, one probe a pair."""
    with asyncio.Runner() as runner:
        sim = runner.run(SimProcess(SCENARIO).__aenter__())
        try:
            sockets = [sim.socket(name) for name in sim.hosts]
            addresses = runner.run(_addresses(sockets[0]))
            bare, ours = alternate(
                lambda: runner.run(_timed(_bare(sockets, addresses))),
                lambda: runner.run(_timed(_ours(sockets, addresses))),
                rounds=5,
            )
        finally:
            runner.run(sim.aclose())
    yield compare("sweep-50x50", ours, "ms", ("the same pings on bare streams", bare), "<= 2.5")


async def _addresses(socket: Path) -> list[str]:
    """Return peers that answer: silence would measure a timeout."""
    client = LocalClient(UnixOpener(str(socket)))
    try:
        status = await client.sweep_status()
    finally:
        await client.aclose()
    return [peer.tailscale_ips[0] for peer in status.peers if peer.online and peer.tailscale_ips]


async def _timed(work: Coroutine[None, None, None]) -> float:
    start = time.perf_counter()
    await work
    return (time.perf_counter() - start) * 1000


async def _ours(sockets: Sequence[Path], addresses: Sequence[str]) -> None:
    clients = [LocalClient(UnixOpener(str(socket))) for socket in sockets]
    rounds = [
        (Round(source=_ref(host), target=_ref(1000 + peer), ip=address, probes=1), client)
        for host, client in enumerate(clients)
        for peer, address in enumerate(addresses)
    ]
    try:
        async for _ in Sender().sweep(rounds):
            pass
    finally:
        for client in clients:
            await client.aclose()


def _ref(number: int) -> NodeRef:
    return NodeRef(TAILNET, StableNodeID(str(number)))


async def _bare(sockets: Sequence[Path], addresses: Sequence[str]) -> None:
    async with asyncio.TaskGroup() as group:
        for socket in sockets:
            for lane in range(8):
                group.create_task(_bare_lane(socket, addresses[lane::8]))


async def _bare_lane(socket: Path, addresses: Sequence[str]) -> None:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    for address in addresses:
        writer.write(
            f"POST /localapi/v0/ping?ip={address}&type=disco HTTP/1.1\r\n"
            "Host: local-tailscaled.sock\r\nContent-Length: 0\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(length.split(b":")[1]))
    writer.close()
    await writer.wait_closed()
