"""What a fleet of agents costs its reader, measured in a process of its own.

`python -m tests.bench.fleet_probe WAY PEERS PORT…` prints the percentage of a core that its best window took. WAY is
`streams` or `polls` for the fleet with a reader that takes every picture it is offered, collecting garbage as the app
does; `bare-streams` or `bare-polls` for the same answers read by hand and decoded.
"""

from __future__ import annotations

import asyncio
import gc
import re
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from tsym_agent.model.status import parse_sweep_status
from tsym_agent.model.watch import parse_line
from tsym_agent.wire.openers import READ_AHEAD_BYTES
from tsym_tui.fleet.fleet import Fleet, FleetOptions
from tsym_tui.fleet.specs import parse_spec

WINDOW_S = 5.0
WINDOWS = 4
WARM_UP_S = 8.0
READY_S = 180.0
POLL_S = 5.0
GC_THRESHOLDS = (50_000, 20, 100)
"""As the app sets them."""


async def _best_window() -> float:
    """Return the least share of a core that a window took, in percent: other work on the machine only ever adds."""
    shares = []
    for _ in range(WINDOWS):
        began_s, used_s = time.perf_counter(), time.process_time()
        await asyncio.sleep(WINDOW_S)
        shares.append(100 * (time.process_time() - used_s) / (time.perf_counter() - began_s))
    return min(shares)


async def _fleet(ports: Sequence[int], peers: int) -> float:
    fleet = Fleet([parse_spec(f"agent:127.0.0.1:{port}") for port in ports], options=FleetOptions(is_probing=False))

    async def read() -> None:
        async for _ in fleet.changes():
            fleet.snapshot()

    async with fleet:
        await fleet.ready(READY_S)
        reader = asyncio.create_task(read(), name="reader")
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        await asyncio.sleep(WARM_UP_S)
        share = await _best_window()
        shown = fleet.snapshot()
        reader.cancel()
    if len(shown.nodes) != peers or any(host.error for host in shown.hosts):
        raise SystemExit(f"the picture is not whole: {len(shown.nodes)} nodes, {shown.hosts[0]}")
    return share


async def _bare(ports: Sequence[int], *, polls: bool) -> float:
    tasks = [asyncio.create_task(_poll(port) if polls else _stream(port), name=f"port {port}") for port in ports]
    await asyncio.sleep(WARM_UP_S)
    share = await _best_window()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return share


async def _stream(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=READ_AHEAD_BYTES * 8)
    writer.write(b"GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n")
    with suppress(asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        while size := int(await reader.readline(), 16):
            parse_line(await reader.readexactly(size))
            await reader.readline()
    writer.close()


async def _poll(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=READ_AHEAD_BYTES * 8)
    await asyncio.sleep(POLL_S * (port % 100) / 100)
    while True:
        writer.write(b"GET /localapi/v0/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head.lower())
        assert found is not None
        parse_sweep_status(await reader.readexactly(int(found[1])))
        await asyncio.sleep(POLL_S)


def main(way: str, peers: str, *ports: str) -> None:
    """Measure and print."""
    numbers = [int(port) for port in ports]
    measuring = _bare(numbers, polls=way == "bare-polls") if way.startswith("bare-") else _fleet(numbers, int(peers))
    print(f"{asyncio.run(measuring):.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
