"""`tsym demo`: the app on a simulated tailnet, in a process of its own that ends with it."""

from __future__ import annotations

import os

import click

from tsym_tui.cli.app import open_app, require_terminal
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.marks import Marked
from tsym_tui.cli.options import app_options, look_options, scenario_options, setting, shared_options
from tsym_tui.cli.wishes import FrameWishes, to_wishes

HEADLESS_SETTLE_S = 10.0
"""A moment: long enough for every relayed pair of the shipped scenarios to settle."""


SHIPPED = ("home", "company", "broken", "large")
"""Scenarios that come with us, named here so that a mistake is told before the terminal is taken over."""


class DemoWishes(FrameWishes, frozen=True, kw_only=True):
    """What `tsym demo` may be told."""

    scenario: str = "home"
    seed: int = 0
    headless: bool = False


@click.command("demo", cls=Marked, short_help="Open the app on a simulated tailnet.", terminal="--headless")
@scenario_options
@setting("--headless", is_flag=True, help="Run for a moment without a terminal, print the matrix, and end.")
@shared_options("all", "json")
@app_options
@look_options
def command(**given: object) -> int:
    """Open the app on a simulated tailnet: a household, a company, one of each fault, or a thousand nodes."""
    wishes = to_wishes(given, DemoWishes)
    if wishes.scenario not in SHIPPED and not os.path.isfile(wishes.scenario):  # noqa: PTH113 - Path's raises for some names
        raise CommandError(f"there is no scenario {wishes.scenario!r}: name a file, or one of {', '.join(SHIPPED)}")
    if wishes.headless:
        return _run_headless(wishes)
    require_terminal()
    return _run_app(wishes)


def _run_headless(wishes: DemoWishes) -> Exit:
    from tsym_agent.sim.errors import SimError
    from tsym_tui.cli.demo_source import simulate
    from tsym_tui.cli.matrix import print_matrix
    from tsym_tui.cli.session import run
    from tsym_tui.cli.watching import Page

    async def show() -> Exit:
        fleet = await simulate(wishes.scenario, wishes.seed, everything=wishes.everything)
        async with fleet:
            await fleet.settle(HEADLESS_SETTLE_S)
            print_matrix(fleet.snapshot(), wishes, Page(wishes))
        return Exit.OK

    try:
        return run(show())
    except SimError as error:
        raise CommandError(str(error)) from error


def _run_app(wishes: DemoWishes) -> int:
    async def open_source() -> object:
        from tsym_tui.cli.demo_source import simulate

        return await simulate(wishes.scenario, wishes.seed, everything=wishes.everything)

    return open_app(wishes, open_source)  # type: ignore[arg-type]  # a fleet is a source; its module is not loaded yet
