"""Hiding names and showing them again while the app runs: everything that is on screen or remembered is told anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tsym_tui.fleet.filters import Filter, parse_filter, read_terms
from tsym_tui.fleet.terms import WORDS
from tsym_tui.ui.dressing import repaint
from tsym_tui.ui.views import Picture, read_picture

if TYPE_CHECKING:
    from tsym_agent.model.snapshot import Snapshot
    from tsym_tui.ui.app import TsymApp
    from tsym_tui.ui.hiding import Veil
    from tsym_tui.ui.views import View


def turn(app: TsymApp, *, hides: bool) -> None:
    """Hide names, or show them again."""
    desk = app.desk
    if desk.veil.is_on == hides:
        return
    picture = desk.view.picture
    real = None if picture is None else desk.veil.real_snapshot(picture.snapshot)
    desk.veil.is_on = hides
    app.run_worker(_tell_anew(app, real), group="veil", description="hides names", exclusive=True, exit_on_error=False)


async def _tell_anew(app: TsymApp, real: Snapshot | None) -> None:
    """Derive the picture on screen anew, and take it with everything that was remembered by its names."""
    desk, veil, view = app.desk, app.desk.veil, app.desk.view
    picture: Picture | None = None
    if real is not None:
        picture = await asyncio.to_thread(lambda: read_picture(veil.snapshot(real)))
    view.hides_names, view.words = veil.is_on, veil.words
    _rename(view, veil)
    desk.notice = veil.shown(desk.notice)
    app.forget_ways()
    if picture is not None:
        app.newest = picture
        view.take(picture)
    for screen in app.every_screen:
        screen.take_veil(veil.ref)
        repaint(screen)
    app.front.show()
    app.front.say("names are hidden; H shows them" if veil.is_on else "names are shown")


def _rename(view: View, veil: Veil) -> None:
    """Keep what was selected, marked and typed, by its other name."""
    view.node = None if view.node is None else veil.ref(view.node)
    view.peer = None if view.peer is None else veil.ref(view.peer)
    view.marked = {veil.ref(ref) for ref in view.marked}
    view.trouble = None if view.trouble is None else veil.shown(view.trouble)
    if view.filter:
        view.filter = _other_filter(view.filter, veil)


_NAMING = frozenset({"", "tag", "owner", "name", "site", "subnet", "ip", "address", "route"})
"""Terms of a filter that may hold a name."""


def _other_filter(typed: Filter, veil: Veil) -> Filter:
    """Return the filter by the names that are shown now; none where part of a name is left, which has no other."""
    text = veil.shown(typed.text)
    for terms in read_terms(text) if veil.is_on else ():
        for choice in (choice for term in terms for choice in term.choices):
            value = choice.value or choice.text
            if choice.key in _NAMING and value not in WORDS and value in typed.text:
                return Filter()
    return parse_filter(text)
