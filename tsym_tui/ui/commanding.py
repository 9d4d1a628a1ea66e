"""Running commands from the app: which hosts, what there is to run, and which screen shows what comes of it.

Loaded when it is first asked for: a first frame needs none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tsym_agent.localapi.registry import COMMANDS
from tsym_tui.fleet.fanout import Job
from tsym_tui.fleet.fleet import Asked
from tsym_tui.ui.choices import Choice, ChoiceKind, choices_for
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.screens.calls import CallsScreen
from tsym_tui.ui.screens.palette import Chosen, PaletteScreen
from tsym_tui.ui.screens.results import ResultsScreen
from tsym_tui.ui.screens.stream import StreamScreen
from tsym_tui.ui.screens.tools import ToolScreen

if TYPE_CHECKING:
    from tsym_tui.ui.app import TsymApp


def chosen_hosts(desk: Desk) -> tuple[Asked, ...]:
    """Return the hosts that commands run on: those marked, else all."""
    marked = desk.view.marked
    hosts = everybody(desk)
    return tuple(one for one in hosts if one.host.ref in marked) if marked else hosts


def everybody(desk: Desk) -> tuple[Asked, ...]:
    """Return every host, with who asks it."""
    return desk.source.asked() if desk.source is not None else ()


def where_words(desk: Desk, asked: Sequence[Asked]) -> str:
    """Say which hosts those are."""
    if not asked:
        return "no host to run on"
    if len(asked) == 1:
        return f"on {asked[0].host.name}"
    return f"on {len(asked)} {'marked' if desk.view.marked else 'hosts: mark some with space'}"


def open_palette(app: TsymApp) -> None:
    """Let a person choose what to run."""
    desk, asked = app.desk, chosen_hosts(app.desk)
    screen = PaletteScreen(desk, choices(app), where_words(desk, asked), addresses(desk))
    app.push_screen(screen, lambda chosen: _run(app, asked, chosen))


def choices(app: TsymApp) -> tuple[Choice, ...]:
    """List what there is to run on the chosen hosts and the screen in front."""
    return choices_for(chosen_hosts(app.desk), app.front.SCOPE, dict(COMMANDS), app.desk.keys)


def addresses(desk: Desk) -> dict[str, str]:
    """Return an address of each node by what people call it."""
    if desk.view.digest is None:
        return {}
    nodes = desk.view.digest.snapshot.nodes.values()
    return {
        name.casefold(): node.addresses[0]
        for node in nodes
        if node.addresses
        for name in (node.name, desk.view.digest.name_of(node.ref))
    }


def _run(app: TsymApp, asked: Sequence[Asked], chosen: Chosen | None) -> None:
    if chosen is None:
        return
    choice = chosen.choice
    if choice.kind is ChoiceKind.ASK and choice.command is not None:
        run_job(app, Job(command=choice.command, values=chosen.values), asked)
    else:
        run_choice(app, choice)


def run_choice(app: TsymApp, choice: Choice) -> None:
    """Do what a key does, or follow hosts."""
    if choice.kind is ChoiceKind.ACT:
        app.call_later(app.run_action, choice.action, app if choice.action.startswith("app.") else app.front)
    elif choice.kind is ChoiceKind.FOLLOW:
        follow(app, choice.name)


def run_job(app: TsymApp, job: Job, asked: Sequence[Asked]) -> None:
    """Ask hosts, and show their answers."""
    lay_over(app, ResultsScreen(app.desk, job, asked))


def follow(app: TsymApp, name: str) -> None:
    """Follow logs or events of the chosen hosts; a screen that follows already turns to them."""
    source = app.desk.source
    if isinstance(app.screen, StreamScreen):
        app.screen.turn_to(name)
    elif source is not None:
        lay_over(app, StreamScreen(app.desk, name, chosen_hosts(app.desk), source.asked))


def show_calls(app: TsymApp) -> None:
    """Show the calls that were made, what they cost, and what was said here."""
    source = app.desk.source
    if source is not None and not isinstance(app.screen, CallsScreen):
        lay_over(app, CallsScreen(app.desk, source.calls))


def lay_over(app: TsymApp, screen: ToolScreen) -> None:
    """Put a screen in front; one of its kind that lies below closes first, with what lies over it.

    Else whoever goes back and forth between answers and logs would follow every host once more each time.
    """
    kind = type(screen)
    while any(isinstance(below, kind) for below in app.screen_stack):
        app.pop_screen()
    app.push_screen(screen)
