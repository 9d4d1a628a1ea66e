"""The pictures of the docs: every screen on simulated tailnets, drawn by the app itself.

    python -m tests.docs.pictures [FOLDER] [NAME…]

writes them to `docs/pictures`, or only those whose names begin with one of NAME. Each scenario runs in the simulator,
a fleet looks at it until its pairs are settled, and the app is driven on that picture by its keys.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.color import Color
from rich.style import Style as RichStyle
from textual.pilot import Pilot

from tests.ui.running import Running
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.cli.demo_source import simulate
from tsym_tui.cli.root import tsym
from tsym_tui.fleet.calls import CallLog
from tsym_tui.fleet.fleet import Asked
from tsym_tui.graph.export.page import page
from tsym_tui.graph.frame import Frame, Run
from tsym_tui.graph.themes import PLAIN, THEMES, Style
from tsym_tui.ui.app import TsymApp
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.source import PairKey, Sample

if TYPE_CHECKING:
    from PIL.Image import Image

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SETTLE_S = {"home": 15.0, "company": 25.0, "broken": 25.0, "large": 60.0}

SMALL, USUAL, WIDE = (80, 24), (120, 40), (200, 60)


class Shot(NamedTuple):
    """One picture."""

    name: str
    screen: str
    scenario: str = "company"
    size: tuple[int, int] = USUAL
    theme: str = "dark"
    glyphs: str = "braille"
    keys: tuple[str, ...] = ()


def shots() -> Iterable[Shot]:
    """Name every picture."""
    yield from SCREENS
    for screen in ("map", "matrix", "overview"):
        yield Shot(f"{screen}-small", screen, size=SMALL)
        yield Shot(f"{screen}-wide", screen, size=WIDE)
        yield Shot(f"{screen}-light", screen, theme="light")
        for scenario in ("home", "broken", "large"):
            yield Shot(f"{screen}-{scenario}", screen, scenario)
    yield Shot("map-ascii", "map", "home", theme="mono", glyphs="ascii")
    yield Shot("map-deuteranopia", "map", theme="deuteranopia")
    yield Shot("matrix-tritanopia", "matrix", theme="tritanopia")
    yield Shot("map-high-contrast", "map", "home", theme="high-contrast")


SCREENS = (
    Shot("overview", "overview"),
    Shot("nodes", "nodes"),
    Shot("nodes-groups", "nodes", keys=("b",)),
    Shot("matrix", "matrix"),
    Shot("matrix-groups", "matrix", keys=("b",)),
    Shot("map", "map"),
    Shot("map-focus", "map", keys=("f",)),
    Shot("map-rings", "map", keys=("L", "L", "L")),
    Shot("map-hidden-names", "map", keys=("H",)),
    Shot("node", "nodes", keys=("j", "enter")),
    Shot("pair", "map", keys=("tab", "enter")),
    Shot("pair-one-way", "overview", keys=("j", "j", "enter")),
    Shot("tree", "nodes", keys=("j", "enter", "t")),
    Shot("launch", "overview", keys=("9",)),
    Shot("calls", "map", keys=("@",)),
    Shot("help", "map", keys=("?",)),
    Shot("palette", "map", keys=("ctrl+p",)),
)


class StillSource:
    """A picture that stands still, with the probes that made it."""

    def __init__(
        self,
        snapshot: Snapshot,
        samples: Mapping[PairKey, tuple[Sample, ...]],
        asked: tuple[Asked, ...],
        calls: CallLog,
    ) -> None:
        self._snapshot = snapshot
        self._samples = samples
        self._asked = asked
        self.calls = calls
        self._never = asyncio.Event()

    async def start(self) -> None:
        """Have nothing to begin."""

    def snapshot(self) -> Snapshot:
        return self._snapshot

    async def changes(self) -> AsyncIterator[int]:
        await self._never.wait()
        yield 0

    def look_at(self, pairs: Iterable[PairKey]) -> None:
        """Look no closer."""

    def probe_now(self, pairs: Iterable[PairKey] | None = None) -> None:
        """Probe nothing."""

    def history(self, key: PairKey) -> tuple[Sample, ...]:
        return self._samples.get(key, ())

    def asked(self) -> tuple[Asked, ...]:
        return self._asked

    async def aclose(self) -> None:
        """Have nothing to end."""


async def draw(wanted: Sequence[Shot], folder: Path) -> None:
    """Draw pictures, one scenario after the other."""
    for scenario in dict.fromkeys(shot.scenario for shot in wanted):
        fleet = await simulate(scenario, 1, everything=False)
        async with fleet:
            await fleet.settle(SETTLE_S[scenario])
            snapshot = fleet.snapshot()
            samples = {key: fleet.history(key) for key in snapshot.pairs}
            source = StillSource(snapshot, samples, fleet.asked(), fleet.calls)
            for shot in wanted:
                if shot.scenario == scenario:
                    (folder / f"{shot.name}.png").write_bytes(smaller(await take(shot, source)))
                    print(shot.name, flush=True)


async def take(shot: Shot, source: StillSource) -> bytes:
    """Drive the app to where a picture is taken, and draw what is on screen."""
    settings = Settings(theme=shot.theme, glyphs=shot.glyphs, start_screen="map")
    at: datetime = source.snapshot().generated_at
    env = {"TERM": "xterm-256color", "XDG_STATE_HOME": "/dev/null"}
    app = TsymApp(source, settings=settings, commands=tsym, env=env, clock=lambda: at)
    async with app.run_test(size=shot.size) as pilot:
        await prepare(Running(app, pilot, source), shot)  # type: ignore[arg-type]  # it asks no more of a source
        return page(on_screen(app), THEMES[shot.theme], "png", title="", at=None)


def on_screen(app: TsymApp) -> Frame:
    """Return every cell that the app shows, overlays included."""
    rows = [[Run(text, _style(style)) for text, style, _ in strip] for strip in app.screen._compositor.render_strips()]
    return Frame(app.size.width, app.size.height, rows)


def _style(style: RichStyle | None) -> Style:
    """Return a look as our pictures spell it."""
    if style is None:
        return PLAIN
    fg, bg = (None if colour is None or colour.is_default else _hex(colour) for colour in (style.color, style.bgcolor))
    return Style(fg=fg, bg=bg, bold=bool(style.bold), dim=bool(style.dim), reverse=bool(style.reverse))


def _hex(colour: Color) -> str:
    return colour.get_truecolor().hex


async def prepare(run: Running, shot: Shot) -> None:
    """Wait for the picture, go to the screen, press keys."""
    pilot: Pilot[None] = run.pilot
    await run.until(lambda: run.app.desk.view.picture is not None, "the first picture")
    await run.settled()
    run.app.action_show(shot.screen)
    await run.settled()
    for key in shot.keys:
        await run.press(key)
    await pilot.pause()


COLOURS = 128


def _keep_ground(image: Image, colour: bytes) -> None:
    """Give the ground its own colour back: rare colours were more to the palette than a shade of what is everywhere."""
    palette = image.getpalette() or []
    place = image.tobytes()[0] * 3
    image.putpalette([*palette[:place], *colour, *palette[place + 3 :]])


def smaller(png: bytes) -> bytes:
    """Write a picture at the size that it is read at, with as few colours as it needs: a tenth of the bytes."""
    from PIL import Image as Images

    full = Images.open(BytesIO(png)).convert("RGB")
    image = full.resize((full.width // 2, full.height // 2), Images.Resampling.LANCZOS)
    small = image.quantize(COLOURS, Images.Quantize.MAXCOVERAGE, dither=Images.Dither.NONE)
    _keep_ground(small, image.tobytes()[:3])
    file = BytesIO()
    small.save(file, "PNG", optimize=True)
    return file.getvalue()


def main(arguments: Sequence[str]) -> None:
    """Draw all, or those that are named."""
    folder = Path(arguments[0]) if arguments else FOLDER
    names = tuple(arguments[1:])
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # commands without their folder
    asyncio.run(draw([shot for shot in shots() if not names or shot.name.startswith(names)], folder))


if __name__ == "__main__":
    main(sys.argv[1:])
