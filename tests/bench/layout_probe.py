"""How long an event loop stands still while a layout works in a thread beside it.

`python -m tests.bench.layout_probe NAME` places the largest tailnet up to a thousand nodes that the layout takes, in a
fresh interpreter, so that loading networkx and scipy is part of it, and prints the worst lag and the whole time in
milliseconds. `--on-the-loop` places it on the loop itself, which is what an app must not do.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time

from tests.bench.tailnets import full, tree
from tsym_tui.graph.layouts import LAYOUTS, place
from tsym_tui.ui.app import GC_THRESHOLDS, SWITCH_INTERVAL_S

TICK_S = 0.001
MOST_NODES, HOSTS = 1000, 50


async def probe(name: str, *, on_the_loop: bool) -> tuple[float, float]:
    """Return the worst lag of the loop and how long placing took, in milliseconds."""
    count = min(LAYOUTS[name].most_nodes or MOST_NODES, MOST_NODES)
    graph = tree(count, HOSTS) if name == "planar" else full(count, HOSTS)
    worst = 0.0
    began = time.perf_counter()
    if on_the_loop:
        place(graph, name)
        worst = time.perf_counter() - began
        return worst * 1000, worst * 1000
    placing = asyncio.create_task(asyncio.to_thread(place, graph, name))
    while not placing.done():
        start = time.perf_counter()
        await asyncio.sleep(TICK_S)
        worst = max(worst, time.perf_counter() - start - TICK_S)
    await placing
    return worst * 1000, (time.perf_counter() - began) * 1000


def main(name: str, *flags: str) -> None:
    """Print both figures; collections and switches between threads are as the app has them."""
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    print(*asyncio.run(probe(name, on_the_loop="--on-the-loop" in flags)))


if __name__ == "__main__":
    main(*sys.argv[1:])
