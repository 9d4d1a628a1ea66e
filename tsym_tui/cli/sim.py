"""`tsym sim`: a simulated tailnet in the foreground, for other commands to ask."""

from __future__ import annotations

import click

from tsym_tui.cli.options import scenario_options, setting
from tsym_tui.cli.texts import narrate


@click.command("sim", short_help="Run a simulated tailnet for other commands.")
@setting("--dir", required=True, metavar="DIR", help="Folder for the sockets and sim.json; keep its path short.")
@scenario_options
@setting(
    "--speed",
    type=click.FloatRange(0.001, 100_000),
    default=1.0,
    show_default=True,
    help="Virtual seconds in a real one.",
)
def command(**given: object) -> int:
    """Run a simulated tailnet until interrupted; ask it with `--host sim:DIR`."""
    from tsym_agent.sim.__main__ import run

    narrate(f"tsym: ask it with --host sim:{given['dir']}; ctrl-c ends it")
    return run([part for name, value in given.items() for part in (f"--{name}", str(value))])
