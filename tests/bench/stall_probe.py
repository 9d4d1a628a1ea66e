"""The app on an invented household, with a task that notes how late the loop lets it run.

`python -m tests.bench.stall_probe OUT` writes the worst lag in milliseconds between the first frame and the drawn map;
a map that does not come writes nothing and ends with 1;
with `--on-the-loop` numpy and networkx are imported by the loop itself, which is what the app must not do.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from pathlib import Path

from tests.ui import pictures
from tests.ui.fake_source import FakeSource
from tsym_tui.ui.app import TsymApp
from tsym_tui.ui.widgets.mappane import MapPane

TICK_S = 0.001
PATIENCE_S = 20.0


class ProbedApp(TsymApp):
    """The app, watched."""

    def watch_the_loop(self, out: Path, *, on_the_loop: bool) -> None:
        """Start the task once the first frame is painted."""
        self.call_after_refresh(self._start_watching, out, on_the_loop=on_the_loop)

    def _start_watching(self, out: Path, *, on_the_loop: bool) -> None:
        """Return nothing: the screen would await what it is given, and stand still meanwhile."""
        self.run_worker(self._watch(out, on_the_loop=on_the_loop), group="probe")

    async def _watch(self, out: Path, *, on_the_loop: bool) -> None:
        worst = 0.0
        deadline = time.perf_counter() + PATIENCE_S
        if on_the_loop:
            start = time.perf_counter()
            for name in ("numpy", "networkx", "tsym_tui.graph.draw", "tsym_tui.graph.layouts"):
                importlib.import_module(name)
            worst = time.perf_counter() - start
        while not self._is_drawn():
            if time.perf_counter() > deadline:
                self.exit(return_code=1, message=f"no map within {PATIENCE_S:.0f} s")
                return
            start = time.perf_counter()
            await asyncio.sleep(TICK_S)
            worst = max(worst, time.perf_counter() - start - TICK_S)
        self.exit()
        out.write_text(f"{worst * 1000:.2f}", encoding="utf-8")  # noqa: ASYNC240 - measuring is over

    def _is_drawn(self) -> bool:
        return any(pane.drawn is not None for pane in self.screen.query(MapPane))


def main(out: str, *flags: str) -> None:
    """Run the app until its map stands."""
    app = ProbedApp(FakeSource(pictures.home()))
    app.call_later(app.watch_the_loop, Path(out), on_the_loop="--on-the-loop" in flags)
    app.run()
    sys.exit(app.return_code)


if __name__ == "__main__":
    main(*sys.argv[1:])
