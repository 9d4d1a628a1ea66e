"""Running commands from the app: which hosts, what there is to run, and which screen shows what comes of it.

Loaded when it is first asked for: a first frame needs none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tsym_agent.localapi.registry import COMMANDS
from tsym_tui.fleet.fanout import Job
from tsym_tui.fleet.fleet import Asked
from tsym_tui.ui.choices import ChoiceKind, choices_for
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.screens.palette import Chosen, PaletteScreen
from tsym_tui.ui.screens.results import ResultsScreen
from tsym_tui.ui.screens.stream import StreamScreen
from tsym_tui.ui.screens.tools import ToolScreen

if TYPE_CHECKING:
    from tsym_tui.ui.app import TsymApp


def chosen_hosts(desk: Desk) -> tuple[Asked, ...]:
    """Return the hosts that commands run on: those marked, else all."""
    everybody = desk.source.asked() if desk.source is not None else ()
    marked = desk.view.marked
    return tuple(one for one in everybody if one.host.ref in marked) if marked else everybody


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
    choices = choices_for(asked, app.front.SCOPE, dict(COMMANDS), desk.keys)
    screen = PaletteScreen(desk, choices, where_words(desk, asked), _addresses(desk))
    app.push_screen(screen, lambda chosen: _run(app, asked, chosen))


def _addresses(desk: Desk) -> dict[str, str]:
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
    if choice.kind is ChoiceKind.ACT:
        app.call_later(app.run_action, choice.action, app if choice.action.startswith("app.") else app.front)
    elif choice.kind is ChoiceKind.FOLLOW:
        follow(app, choice.name)
    elif choice.command is not None:
        _lay_over(app, ResultsScreen(app.desk, Job(command=choice.command, values=chosen.values), asked))


def follow(app: TsymApp, name: str) -> None:
    """Follow logs or events of the chosen hosts; a screen that follows already turns to them."""
    source = app.desk.source
    if isinstance(app.screen, StreamScreen):
        app.screen.turn_to(name)
    elif source is not None:
        _lay_over(app, StreamScreen(app.desk, name, chosen_hosts(app.desk), source.asked))


def _lay_over(app: TsymApp, screen: ToolScreen) -> None:
    """Put a screen in front; one of its kind that lies below closes first, with what lies over it.

    Else whoever goes back and forth between answers and logs would follow every host once more each time.
    """
    kind = type(screen)
    while any(isinstance(below, kind) for below in app.screen_stack):
        app.pop_screen()
    app.push_screen(screen)
