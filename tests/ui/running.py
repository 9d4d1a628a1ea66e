"""Running the app for a test: on a fake source, with a clock that stands still, waited for instead of slept for."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.pilot import Pilot

from tests.ui import pictures
from tests.ui.fake_source import FakeSource
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.ui.app import TsymApp
from tsym_tui.ui.rows.faces import Face
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.widgets.mappane import MapPane

DEADLINE_S = 20.0


@dataclass
class Running:
    """The app, the hand that drives it, and the source it looks at."""

    app: TsymApp
    pilot: Pilot[None]
    source: FakeSource

    async def until(self, is_so: Callable[[], bool], what: str = "it") -> None:
        """Let the app run until something holds."""
        deadline = time.monotonic() + DEADLINE_S
        while not is_so():
            assert time.monotonic() < deadline, f"{what} did not happen within {DEADLINE_S} s"
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys and let them take effect."""
        await self.pilot.press(*keys)
        await self.settled()

    async def settled(self) -> None:
        """Wait for the map to be what was asked for, if there is one on screen."""
        await self.pilot.pause()
        for pane in self.app.screen.query(MapPane):
            if pane.display and pane.size.area and self.app.desk.view.face is Face.DATA:
                await self.until(lambda pane=pane: pane.is_up_to_date, "the map")  # type: ignore[misc]  # bound now
        await self.pilot.pause()

    async def show(self, snapshot: Snapshot) -> None:
        """Change the picture and wait until it is drawn."""
        self.source.show(snapshot)
        await self.until(lambda: _shown(self.app) is snapshot, "the picture")
        await self.settled()

    def text(self) -> str:
        """Return what is on screen, without colours."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)


def _shown(app: TsymApp) -> Snapshot | None:
    picture = app.desk.view.picture
    return None if picture is None else picture.snapshot


def quiet_app(source: FakeSource, settings: Settings | None = None) -> TsymApp:
    """Make an app whose clock stands still and whose looks do not depend on the machine."""
    chosen = settings if settings is not None else Settings(theme="dark", glyphs="braille")
    env = {"TERM": "xterm-256color", "XDG_STATE_HOME": "/dev/null"}
    return TsymApp(source, settings=chosen, env=env, clock=lambda: pictures.NOW)


@asynccontextmanager
async def running(
    snapshot: Snapshot, *, size: tuple[int, int] = (120, 36), settings: Settings | None = None
) -> AsyncIterator[Running]:
    """Run the app until the block ends."""
    source = FakeSource(snapshot)
    app = quiet_app(source, settings)
    async with app.run_test(size=size) as pilot:
        run = Running(app, pilot, source)
        await run.until(lambda: app.desk.view.picture is not None, "the first picture")
        await run.settled()
        yield run
