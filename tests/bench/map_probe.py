"""The app in a terminal, telling in its output how far its map is: `python -m tests.bench.map_probe FLAGS`.

Behind each painted map it writes a mark, an escape sequence that terminals ignore: how many keys had their effect, and
the worst lag of the event loop since the mark before. Whoever reads the terminal takes the time.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from textual.app import App

from tests.bench.crowds import crowd, later
from tests.ui.fake_source import FakeSource
from tsym_tui.fleet.fleet import Fleet, FleetOptions
from tsym_tui.fleet.specs import parse_spec
from tsym_tui.ui.app import TsymApp
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.source import SnapshotSource
from tsym_tui.ui.widgets.mappane import MapPane
from tsym_tui.ui.widgets.panes import Pane

TICK_S = 0.001
NEWS_S = 0.1


class LoopWatch:
    """Notes how late the loop lets a task run."""

    def __init__(self) -> None:
        self.worst_s = 0.0

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(TICK_S)
            self.worst_s = max(self.worst_s, time.perf_counter() - began - TICK_S)

    def take_ms(self) -> float:
        """Return the worst lag since the last time."""
        worst, self.worst_s = self.worst_s, 0.0
        return worst * 1000


def watch_maps(app: App[None], watch: LoopWatch) -> None:
    """Write a mark behind each painted map that shows the effect of every key so far."""
    keys, last = 0, None
    wanted = MapPane._wanted
    shown = Pane.show_rows
    pressed = TsymApp.on_event

    async def count(self: TsymApp, event: object) -> None:
        nonlocal keys, last
        if type(event).__name__ == "Key" and event is not last:  # it comes again when no screen took it
            keys, last = keys + 1, event
        await pressed(self, event)  # type: ignore[arg-type]  # an event

    def mark(self: Pane, rows: object, *, fills: bool = False) -> None:
        shown(self, rows, fills=fills)  # type: ignore[arg-type]  # rows
        if not isinstance(self, MapPane) or self.drawn is None:
            return
        now, was = wanted(self), self.drawn.request
        names = ("viewport", "selected", "layout", "rotation", "size", "hover", "focus", "attempt")
        if now is None or any(getattr(now, name) != getattr(was, name) for name in names):
            return
        is_settled = self.drawn.survey is None
        self.call_after_refresh(_write, app, keys, watch, is_settled)

    TsymApp.on_event = count  # type: ignore[method-assign,assignment]  # only here
    Pane.show_rows = mark  # type: ignore[method-assign]  # only here


def _write(app: App[None], keys: int, watch: LoopWatch, is_settled: bool) -> None:
    driver = app._driver
    if driver is not None:
        driver.write(f"\x1b]7777;{keys};{watch.take_ms():.1f};{int(is_settled)}\x07")


async def _news(source: FakeSource, pairs: int) -> None:
    """Let the tailnet change."""
    number = 0
    while True:
        await asyncio.sleep(NEWS_S)
        number += 1
        source.show(later(source.snapshot(), pairs, number))


def main() -> None:
    """Run the app as told."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--crowd", default="8x3", help="NODESxHOSTS of an invented picture")
    parser.add_argument("--news", type=int, default=0, help="pairs that change ten times a second")
    parser.add_argument("--agents", nargs="*", default=[], help="ports of agents, instead of an invented picture")
    parser.add_argument("--layout", default="auto")
    parser.add_argument("--lines", type=int, default=300, help="bundles above so many lines")
    wishes = parser.parse_args()
    watch = LoopWatch()
    tasks = []

    async def opened() -> SnapshotSource:
        tasks.append(asyncio.create_task(watch.run(), name="watch"))
        if wishes.agents:
            specs = [parse_spec(f"agent:127.0.0.1:{port}") for port in wishes.agents]
            return Fleet(specs, options=FleetOptions(is_probing=False))
        nodes, hosts = map(int, wishes.crowd.split("x"))
        source = FakeSource(await asyncio.to_thread(crowd, nodes, hosts))
        if wishes.news:
            tasks.append(asyncio.create_task(_news(source, wishes.news), name="news"))
        return source

    app = TsymApp(opened, settings=Settings(layout=wishes.layout, bundles_above=wishes.lines, start_screen="map"))
    watch_maps(app, watch)
    app.run()


if __name__ == "__main__":
    main()
