"""`tsym locate`: where things live."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from tsym_tui.cli.options import CONFIG_KEY, look_options, shared_options
from tsym_tui.cli.places import cache_folder, can_see, state_folder


@click.command("locate", short_help="Print where settings, hosts, state and caches live.")
@shared_options("json")
@look_options
@click.pass_context
def command(ctx: click.Context, /, **given: object) -> int:
    """Print where settings, hosts, state and caches live, and which of them exist."""
    from tsym_tui.cli.documents import emit_document
    from tsym_tui.cli.texts import Column, choose_pen, emit, table
    from tsym_tui.cli.wishes import Wishes, to_wishes
    from tsym_tui.graph.themes import Role

    wishes = to_wishes(given, Wishes)
    config = ctx.meta[CONFIG_KEY]
    places = {
        "config": config,
        "hosts": config.parent / "hosts.toml",
        "state": state_folder(),
        "cache": cache_folder(),
        "package": Path(str(importlib.import_module("tsym_tui").__file__)).parent,
    }
    if wishes.wants_json:
        entries = {name: {"path": str(path), "exists": can_see(path)} for name, path in places.items()}
        emit_document({"schema": "tsym/places/1", "places": entries}, wishes)
        return 0
    pen = choose_pen(wishes)
    lines = [
        [pen.run(name, Role.STRONG), pen.run(str(path)), pen.run("" if can_see(path) else "not there", Role.DIM)]
        for name, path in places.items()
    ]
    emit(pen.write(table(pen, [Column("WHAT"), Column("PATH", most=200), Column("")], lines)))
    return 0
