"""`tsym map`: the tailnet drawn, for eyes or for other programs."""

from __future__ import annotations

import click

from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.options import look_options, shared_options


@click.command("map", short_help="Draw the tailnet as text, SVG, PNG, DOT, GraphML or JSON.")
@shared_options("host", "all", "settle", "layout")
@look_options
def command(**_given: object) -> int:
    """Draw the tailnet."""
    raise CommandError("drawing is not wired up yet")
