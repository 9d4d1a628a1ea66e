"""Read a large snapshot into a graph and print the MiB that the snapshot and the graph take."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from tests.bench.scenes import ring
from tsym_tui.graph.model import TailnetGraph


def resident_mib() -> float:
    """Return what of this process is in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def main() -> None:
    """Measure as many nodes and hosts as the command line says."""
    nodes, hosts = (int(word) for word in sys.argv[1:3])
    before = resident_mib()
    scene = ring(nodes, hosts)
    with_scene = resident_mib()
    graph = TailnetGraph.from_snapshot(scene)
    print(f"{with_scene - before:.1f} {resident_mib() - with_scene:.1f} {len(graph.lines)}")


if __name__ == "__main__":
    main()
