"""The app: makes the desk, opens the source after the first frame, routes pictures to the screen in front.

Behaviour belongs to the screens; nothing heavier than Textual is imported before the first frame.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias

from textual.app import App
from textual.filter import LineFilter
from textual.message import Message
from textual.theme import BUILTIN_THEMES
from textual.theme import Theme as TextualTheme
from textual.worker import Worker, WorkerState

from tsym_tui.graph.looks import Role
from tsym_tui.graph.themes import THEMES, Theme
from tsym_tui.ui import crashes, maps
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.driver import TerminalDriver
from tsym_tui.ui.rows.pens import Pen
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.screens.detail import DetailScreen
from tsym_tui.ui.screens.help import HelpScreen
from tsym_tui.ui.screens.map import MapScreen
from tsym_tui.ui.screens.matrix import MatrixScreen
from tsym_tui.ui.screens.nodes import NodesScreen
from tsym_tui.ui.settings import Settings, choose_level, choose_theme
from tsym_tui.ui.source import SnapshotSource
from tsym_tui.ui.views import Picture
from tsym_tui.ui.watching import watch

SourceOpener: TypeAlias = Callable[[], Awaitable[SnapshotSource]]
"""Opens the source when the first frame is on screen; whatever it raises becomes a sentence on the failed face."""

CLOSE_TIMEOUT_S = 5.0
"""How long leaving waits for hosts to close; the terminal is given back before."""

NOTICE_S = 4.0

SWITCH_INTERVAL_S = 0.0005
"""How long the drawing thread may keep the event loop waiting at each system call. Python's 5 ms make a burst of a
hundred probes, with a map being drawn beside it, a stall of half a second."""

SCREENS: dict[str, type[TailnetScreen]] = {"nodes": NodesScreen, "matrix": MatrixScreen, "map": MapScreen}


class PictureTaken(Message):
    """A newer picture is there."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture

    def can_replace(self, message: Message) -> bool:
        """Only the newest one matters."""
        return isinstance(message, PictureTaken)


class LookingEnded(Message):
    """The source could not be opened, or broke."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class TsymApp(App[None], inherit_bindings=False):
    """The app on a source."""

    TITLE = "tsym"
    ENABLE_COMMAND_PALETTE = False
    CSS = "TailnetScreen { background: $background; }"

    def __init__(
        self,
        source: SnapshotSource | SourceOpener,
        *,
        settings: Settings | None = None,
        commands: object = None,
        env: Mapping[str, str] = os.environ,
    ) -> None:
        super().__init__(driver_class=None if sys.platform == "win32" else TerminalDriver)
        self._open = source
        self._env = env
        self.settings = settings if settings is not None else Settings()
        self.commands = commands
        """The command tree, for the screen that will list it; nothing here reads it yet."""
        theme = choose_theme(self.settings.theme, env)
        level = choose_level(self.settings.glyphs, env, getattr(sys.__stdout__, "encoding", None) or "utf-8")
        self.desk = Desk(settings=self.settings, pen=Pen(THEMES[theme], level), backlog=self._terminal_backlog)
        for each in THEMES.values():
            self.register_theme(textual_theme(each))
        self.theme = f"tsym-{theme}"
        self.newest: Picture | None = None
        """The last picture that came, shown or not."""
        self._screens: dict[str, TailnetScreen] = {}
        self._current = ""
        self._last = ""

    # life

    def on_mount(self) -> None:
        """Show the first screen, and begin to look once it is painted."""
        self._handle_signals()
        if not self.is_headless:
            sys.setswitchinterval(SWITCH_INTERVAL_S)
        self.action_show(self.settings.start_screen)
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.run_worker(self._look(), group="source", description="reads the source", exit_on_error=False)
        self.run_worker(self._warm_up(), group="drawing", description="loads the drawing", exit_on_error=False)

    async def _look(self) -> None:
        """Open the source and turn its changes into messages until it ends."""
        try:
            source = await self._open() if callable(self._open) else self._open
            self.desk.source = source
            await source.start()
            await watch(source, lambda picture: void(self.post_message(PictureTaken(picture))))
        except Exception as error:  # noqa: BLE001 - the edge where a broken source becomes a sentence
            self.log(error)
            self.post_message(LookingEnded(str(error) or type(error).__name__))

    async def _warm_up(self) -> None:
        """Load numpy and networkx while a person reads the first frame, then spare the collector what stays anyway."""
        await asyncio.to_thread(maps.load_drawing)
        if not self.is_headless:
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 100)

    async def on_unmount(self) -> None:
        """Close the source; leaves no task, socket or child behind."""
        if self.desk.source is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self.desk.source.aclose()

    def _handle_signals(self) -> None:
        """End in order when told to, or when the terminal hangs up."""
        if self.is_headless or sys.platform == "win32":
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(number, self.exit, None, 128 + number)

    def _terminal_backlog(self) -> int:
        driver = self._driver
        return driver.backlog if isinstance(driver, TerminalDriver) else 0

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Apply none: our pen writes in the terminal's own colours already, and NO_COLOR is a theme of ours."""
        return ()

    def _fatal_error(self) -> None:
        """Replace Textual's traceback by a sentence; the traceback goes to a file."""
        error = sys.exception() if sys.version_info >= (3, 11) else None
        failure = error if error is not None else RuntimeError("no cause known")
        report = crashes.write_report(failure, crashes.state_folder(self._env))
        self.exit(return_code=crashes.EXIT_CODE, message=crashes.say(failure, report))

    # news

    def on_picture_taken(self, message: PictureTaken) -> None:
        """Draw the newer picture, unless the display is held."""
        self.newest = message.picture
        self.desk.view.trouble = None
        if not self.desk.view.is_paused:
            self.desk.view.take(message.picture)
            self._front.show()

    def on_looking_ended(self, message: LookingEnded) -> None:
        """Say that there will be no newer picture."""
        self.desk.view.trouble = message.words
        self._front.show()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Say that the drawing could not be loaded; other workers tell themselves."""
        if event.state is WorkerState.ERROR and event.worker.group == "drawing":
            self._front.say(f"the map cannot be drawn: {event.worker.error}")

    def _tick(self) -> None:
        driver = self._driver
        if isinstance(driver, TerminalDriver) and driver.dropped and not driver.backlog:
            driver.dropped = False
            self._front.forget()
        self._front.tick()

    # screens

    @property
    def _front(self) -> TailnetScreen:
        """The screen that shows the tailnet, below any overlay."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, TailnetScreen):
                return screen
        return self._screens[self._current]

    def action_show(self, name: str) -> None:
        """Bring a screen to the front; what was opened over the old one closes."""
        if name not in SCREENS:
            return
        if name not in self._screens:
            self._screens[name] = SCREENS[name](self.desk)
            self.install_screen(self._screens[name], name)
        while len(self.screen_stack) > 2:
            self.pop_screen()
        if name != self._current:
            self._last, self._current = self._current, name
            if len(self.screen_stack) == 2:
                self.switch_screen(name)
            else:
                self.push_screen(name)

    def action_last_screen(self) -> None:
        """Go to the screen before this one."""
        if self._last:
            self.action_show(self._last)

    def action_open(self) -> None:
        """Show the selection over the whole screen."""
        if self.desk.view.node is not None and not isinstance(self.screen, DetailScreen):
            self.push_screen(DetailScreen(self.desk))

    def action_help(self) -> None:
        """Show the keys of the screen in front."""
        front = self._front
        self.push_screen(HelpScreen(self.desk, front.SCOPE, front.TITLE))

    # what keys do everywhere

    def action_pause(self) -> None:
        """Hold the picture, or let it go on."""
        view = self.desk.view
        view.is_paused = not view.is_paused
        if not view.is_paused and self.newest is not None:
            view.take(self.newest)
        self._front.show()

    def action_probe_now(self) -> None:
        """Probe the selected pair, else every pair."""
        source, view = self.desk.source, self.desk.view
        if source is None or view.trouble is not None:
            self._look_again()
            return
        pair = view.pair
        source.probe_now(None if pair is None else (pair, (pair[1], pair[0])))
        self.notify_briefly("probing every pair" if pair is None else "probing this pair")

    def _look_again(self) -> None:
        """Open the source again after it could not be opened."""
        if self.desk.view.trouble is None:
            return
        self.desk.view.trouble = None
        self._front.show()
        self.run_worker(self._look(), group="source", exclusive=True, exit_on_error=False)

    def action_theme(self) -> None:
        """Take the next theme."""
        names = list(THEMES)
        name = names[(names.index(self.desk.pen.theme.name) + 1) % len(names)]
        self.desk.pen = Pen(THEMES[name], self.desk.pen.level)
        self.theme = f"tsym-{name}"
        for screen in self.screen_stack:
            if isinstance(screen, TailnetScreen):
                screen.forget()
        self.notify_briefly(f"theme: {name}")

    def action_leave(self) -> None:
        """End the app."""
        self.exit()

    def notify_briefly(self, words: str) -> None:
        """Show a sentence for a few seconds."""
        self._front.say(words)

        def clear() -> None:
            if self.desk.notice == words:
                self._front.say("")

        self.set_timer(NOTICE_S, clear)


def textual_theme(theme: Theme) -> TextualTheme:
    """Say to Textual which background and letters a theme has; everything else is drawn by our pen.

    A theme without colours of its own borrows Textual's for 16 colours, whose style sheets want more than we name.
    """
    name = f"tsym-{theme.name}"
    background = theme.colour(Role.BG)
    if background is None:
        return replace(BUILTIN_THEMES["ansi-dark"], name=name)
    return TextualTheme(
        name=name,
        primary=theme.colour(Role.ACCENT) or background,
        foreground=theme.colour(Role.TEXT),
        background=background,
        surface=background,
        panel=background,
        dark=not theme.is_light,
    )


def void(_: object) -> None:
    """Drop a value."""
