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
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from textual import events
from textual.app import App, ComposeResult
from textual.filter import LineFilter
from textual.message import Message
from textual.screen import ModalScreen

from tsym_tui.graph.themes import THEMES
from tsym_tui.ui import crashes
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.desk import Desk, local_time
from tsym_tui.ui.dressing import change, repaint, wear
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.pens import Pen
from tsym_tui.ui.settings import Settings, choose_level, choose_theme
from tsym_tui.ui.widgets.firstframe import FirstFrame
from tsym_tui.ui.widgets.panes import Pane

if sys.platform != "win32":
    from tsym_tui.ui.driver import TerminalDriver

if TYPE_CHECKING:
    from tsym_tui.ui.screens.base import TailnetScreen
    from tsym_tui.ui.source import SnapshotSource
    from tsym_tui.ui.views import Picture
    from tsym_tui.ui.walk import Walk

SourceOpener: TypeAlias = "Callable[[], Awaitable[SnapshotSource]]"
"""Opens the source when the first frame is on screen; whatever it raises becomes a sentence on the failed face."""

CLOSE_TIMEOUT_S = 5.0
"""How long leaving waits for hosts to close; the terminal is given back before."""

GC_THRESHOLDS = (50_000, 20, 100)
"""Rarer collections than Python's own: drawing makes many short-lived objects and hardly a cycle."""

SWITCH_INTERVAL_S = 0.0005
"""How long the drawing thread may keep the event loop waiting at each system call. Python's 5 ms make a burst of a
hundred probes, with a map being drawn beside it, a stall of half a second."""


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
    BINDINGS: ClassVar = bindings_of(Scope.EVERYWHERE)
    CSS = "TailnetScreen { background: $background; }"

    def __init__(
        self,
        source: SnapshotSource | SourceOpener,
        *,
        settings: Settings | None = None,
        commands: object = None,
        env: Mapping[str, str] = os.environ,
        clock: Callable[[], datetime] = local_time,
    ) -> None:
        super().__init__(driver_class=None if sys.platform == "win32" else TerminalDriver)
        self._open = source
        self.env = env
        self.settings = settings if settings is not None else Settings()
        self.commands = commands
        """The command tree, for the screen that starts what is in it."""
        theme = choose_theme(self.settings.theme, env)
        level = choose_level(self.settings.glyphs, env, getattr(sys.__stdout__, "encoding", None) or "utf-8")
        self.desk = Desk(self.settings, Pen(THEMES[theme], level, self.settings.thresholds_ms), clock=clock)
        self.desk.backlog = self._terminal_backlog
        self.desk.state = crashes.state_folder(env)
        wear(self, theme)
        self.newest: Picture | None = None
        """The last picture that came, shown or not."""
        self._screens: dict[str, TailnetScreen] = {}
        self.current = ""
        """Name of the screen that a number opened last."""
        self._last = ""
        self._walk: Walk | None = None

    # life

    def compose(self) -> ComposeResult:
        """Show a first frame that needs none of the screens."""
        yield FirstFrame(self.desk, Scope(self.settings.start_screen))

    def on_mount(self) -> None:
        """Begin in earnest once the first frame is painted."""
        self._handle_signals()
        if self.settings.keys:
            from tsym_tui.ui.keymaps import keymap_of

            self.set_keymap(keymap_of(self.desk.keys))
        if not self.is_headless:
            sys.setswitchinterval(SWITCH_INTERVAL_S)
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.run_worker(self._get_going(), group="start", description="loads the screens", exit_on_error=False)

    async def _get_going(self) -> None:
        """Load the screens, show the first one, open the source, load what draws maps; each as soon as it can be."""
        if not self.is_headless:
            gc.disable()  # a collection in the middle of loading is a stall, and finds nothing
        await asyncio.to_thread(load_screens)
        from tsym_tui.ui.screens import SCREENS

        self.action_show(self.settings.start_screen if self.settings.start_screen in SCREENS else "map")
        self._look()
        await asyncio.to_thread(load_drawing)
        if not self.is_headless:
            gc.freeze()  # modules stay: no later collection needs to look at them
            gc.enable()
            gc.set_threshold(*GC_THRESHOLDS)

    def _look(self) -> None:
        """Start to read the source, or start again."""
        self.run_worker(
            self._read_source(), group="source", description="reads the source", exclusive=True, exit_on_error=False
        )

    async def _read_source(self) -> None:
        """Open the source and turn its changes into messages until it ends."""
        from tsym_tui.ui.hiding import VeiledSource
        from tsym_tui.ui.watching import watch

        try:
            if callable(self._open):
                await self._close_source()  # the one before, when this is another try
                source = await self._open()
            else:
                source = self._open
            veiled = VeiledSource(source, self.desk.veil)
            self.desk.source = veiled
            await veiled.start()
            await watch(veiled, lambda picture: void(self.post_message(PictureTaken(picture))))
        except Exception as error:  # noqa: BLE001 - the edge where a broken source becomes a sentence
            self.log(error)
            self.post_message(LookingEnded(crashes.words_of(error) or type(error).__name__))

    async def on_unmount(self) -> None:
        """Close the source; leaves no task, socket or child behind."""
        await self._close_source()

    async def _close_source(self) -> None:
        source, self.desk.source = self.desk.source, None
        if source is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await source.aclose()

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
        error = sys.exception()
        failure = error if error is not None else RuntimeError("no cause known")
        report = crashes.write_report(failure, crashes.state_folder(self.env))
        self.exit(return_code=crashes.EXIT_CODE, message=crashes.say(failure, report))

    # news

    def on_picture_taken(self, message: PictureTaken) -> None:
        """Draw the newer picture, unless the display is held, or names were hidden or shown since it was taken."""
        if self.desk.veil.is_on != self.desk.veil.hides(message.picture.snapshot):
            return
        self.newest = message.picture
        self.desk.view.trouble = None
        if not self.desk.view.is_paused:
            self.desk.view.take(message.picture)
            self._front.show()

    def on_looking_ended(self, message: LookingEnded) -> None:
        """Say that there will be no newer picture."""
        self.desk.view.trouble = self.desk.veil.words(message.words)
        self._front.show()

    def _tick(self) -> None:
        driver = self._driver
        if isinstance(driver, TerminalDriver) and driver.dropped and not driver.backlog:
            driver.dropped = False
            for screen in self.screen_stack:
                repaint(screen)
        if self.current:
            self._front.tick()

    # screens

    @property
    def front(self) -> TailnetScreen:
        """The screen that shows the tailnet, below any overlay."""
        return self._front

    @property
    def _front(self) -> TailnetScreen:
        """The screen that shows the tailnet, below any overlay."""
        from tsym_tui.ui.screens.base import TailnetScreen

        for screen in reversed(self.screen_stack):
            if isinstance(screen, TailnetScreen):
                return screen
        return self._screens[self.current]

    def action_show(self, name: str) -> None:
        """Bring a screen to the front; what was opened over the old one closes."""
        from tsym_tui.ui.screens import SCREENS

        if name not in SCREENS:
            self._front.say(f"there is no screen {name}: there are {', '.join(SCREENS)}")
            return
        self.walk.note()
        if name not in self._screens:
            self._screens[name] = SCREENS[name](self.desk)
            self.install_screen(self._screens[name], name)
        while len(self.screen_stack) > 2:
            self.pop_screen()
        if name != self.current:
            self._last, self.current = self.current, name
            if len(self.screen_stack) == 2:
                self.switch_screen(name)
            else:
                self.push_screen(name)
        self.walk.note()

    def action_last_screen(self) -> None:
        """Go to the screen before this one."""
        if self._last:
            self.action_show(self._last)

    def action_open(self) -> None:
        """Show the selection over the whole screen."""
        from tsym_tui.ui.screens.detail import DetailScreen

        if self.desk.view.node is not None and not isinstance(self.screen, DetailScreen):
            self.walk.note()
            self.push_screen(DetailScreen(self.desk))
            self.walk.note()

    def on_moved(self) -> None:
        """Take note of where a person went on within a screen."""
        self.walk.note()

    def action_history(self, step: int) -> None:
        """Go back to the view before (-1), or forward again (1)."""
        if not self.walk.step(step):
            self._front.say(f"there is no view {'before' if step < 0 else 'after'} this one")

    @property
    def walk(self) -> Walk:
        """Where the person was."""
        if self._walk is None:
            from tsym_tui.ui.walk import Walk

            self._walk = Walk(self)
        return self._walk

    def action_line(self) -> None:
        """Type a command."""
        self._front.open_line()

    def action_calls(self) -> None:
        """Show the calls that were made and what they cost, and what was said."""
        from tsym_tui.ui import commanding

        commanding.show_calls(self)

    def action_save(self) -> None:
        """Save this view."""
        self._front.open_saving()

    def action_help(self) -> None:
        """Show the keys of the screen in front."""
        from tsym_tui.ui.screens.help import HelpScreen

        front = self._front
        self.push_screen(HelpScreen(self.desk, front.SCOPE, front.TITLE))

    def action_palette(self) -> None:
        """Choose something to run."""
        if isinstance(self.screen, ModalScreen):
            return
        from tsym_tui.ui import commanding

        commanding.open_palette(self)

    def action_follow(self, name: str) -> None:
        """Follow logs or events of the marked hosts."""
        from tsym_tui.ui import commanding

        commanding.follow(self, name)

    # what keys do everywhere

    def on_key(self, event: events.Key) -> None:
        """Hand keys that were typed ahead to the prompt they were meant for.

        A key comes here when nobody took it, to be looked up in the bindings. By then a prompt may have opened: what
        was typed right behind `/` must be text and not act.
        """
        prompt = self.focused
        if prompt is not None and isinstance(prompt, Pane) and prompt.can_focus:
            from tsym_tui.ui.widgets.prompt import Prompt

            if isinstance(prompt, Prompt) and prompt.takes(event.key):
                event.prevent_default()
                prompt.press(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Let only leaving and suspending act before the first screen is there."""
        return bool(self.current) or action in {"leave", "suspend_process"}

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
        self._front.say("probing every pair" if pair is None else "probing this pair")

    def _look_again(self) -> None:
        """Open the source again after it could not be opened."""
        if self.desk.view.trouble is None:
            return
        self.desk.view.trouble = None
        self._front.show()
        self._look()

    def action_theme(self) -> None:
        """Take the next theme."""
        names = list(THEMES)
        self.dress(names[(names.index(self.desk.pen.theme.name) + 1) % len(names)])

    def dress(self, theme: str) -> None:
        """Wear a theme."""
        name = wear(self, theme)
        self._draw_anew()
        self._front.say(f"theme: {name}")

    def action_hide_names(self) -> None:
        """Show pseudonyms instead of names, or names again."""
        self.change("hide_names", not self.desk.veil.is_on)

    def forget_ways(self) -> None:
        """Forget where the person was and what they typed: it may hold names."""
        self._walk = None
        self.desk.forget_lines()

    @property
    def every_screen(self) -> set[TailnetScreen]:
        """All screens there are, shown or not."""
        from tsym_tui.ui.screens.base import TailnetScreen

        return {*self._screens.values(), *(one for one in self.screen_stack if isinstance(one, TailnetScreen))}

    def change(self, name: str, value: object) -> None:
        """Change a setting from now on."""
        change(self, name, value)
        for screen in self.every_screen:
            screen.take_setting(name)
        self._draw_anew()

    def _draw_anew(self) -> None:
        for screen in self.every_screen:
            repaint(screen)
            screen.show()

    def action_leave(self) -> None:
        """End the app."""
        self.exit()


def load_screens() -> None:
    """Import the screens and what reads the source."""
    import tsym_tui.ui.screens
    import tsym_tui.ui.watching  # noqa: F401 - loading is the point


def load_drawing() -> None:
    """Import numpy and the drawing of maps."""
    from tsym_tui.ui import maps

    maps.load_drawing()


def void(_: object) -> None:
    """Drop a value."""
