"""`tsym` alone: the app. Mistakes in settings and specs are told before the terminal is taken over.

Nothing of the fleet is imported before the app has painted its first frame: it opens its source itself.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import click

from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.hostlist import choose_hosts
from tsym_tui.cli.options import KEYS_KEY
from tsym_tui.cli.standing import StandingWishes, choose_standing
from tsym_tui.cli.texts import is_terminal
from tsym_tui.cli.wishes import FrameWishes, to_wishes

if TYPE_CHECKING:
    from tsym_tui.ui.app import SourceOpener


def run_app(given: Mapping[str, object]) -> int:
    """Open the app on the hosts asked for."""
    wishes = to_wishes(given, StandingWishes)
    require_terminal()
    specs = choose_hosts(wishes.hosts)
    standing = choose_standing(wishes)

    context = click.get_current_context()

    async def open_source() -> object:
        for name in ("tsym_tui.fleet.fleet", "tsym_tui.cli.control"):
            await asyncio.to_thread(import_module, name)  # the loop has a screen to keep alive
        from tsym_tui.cli.control import settings_environment
        from tsym_tui.fleet.fleet import Fleet, FleetOptions

        env = {**os.environ, **settings_environment(context)}
        # who names hosts has chosen; nobody else is asked then
        options = FleetOptions(everything=wishes.everything, env=env, discovers=not wishes.hosts, scans=wishes.scan)
        if standing is None:
            return Fleet(specs, options=options)
        await asyncio.to_thread(import_module, "tsym_tui.cli.own_source")
        from tsym_tui.cli.own_source import stand

        return await stand(standing, specs, options)

    return open_app(wishes, open_source)  # type: ignore[arg-type]  # a fleet is a source; its module is not loaded yet


def require_terminal() -> None:
    """Refuse to paint into a file or a pipe."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stdout)):
        raise CommandError("the app needs a terminal; `tsym matrix` and `tsym map` print the same as text")
    if os.environ.get("TERM") == "dumb":
        raise CommandError(
            "this terminal calls itself dumb and cannot be painted on; `tsym matrix` and `tsym nodes` print the same "
            "as text, and TERM=vt100 tries all the same"
        )


def open_app(wishes: FrameWishes, opener: SourceOpener) -> int:
    """Run the app on a source until it ends, and return its exit code."""
    from tsym_tui.cli.root import tsym
    from tsym_tui.ui.app import TsymApp
    from tsym_tui.ui.settings import Settings

    settings = Settings(
        theme="mono" if wishes.color == "never" and wishes.theme == "auto" else wishes.theme,
        glyphs=wishes.glyphs,
        layout=wishes.layout,
        start_screen=wishes.start_screen,
        thresholds_ms=wishes.thresholds_ms,
        trunks_above=wishes.trunks_above,
        bundles_above=wishes.bundles_above,
        animate=wishes.animate,
        mini_map=wishes.mini_map,
        hide_names=wishes.hide_names,
        keys=click.get_current_context().meta.get(KEYS_KEY, {}),
    )
    app = TsymApp(opener, settings=settings, commands=tsym)
    app.run(mouse=wishes.mouse)
    return app.return_code if app.return_code is not None else Exit.OK
