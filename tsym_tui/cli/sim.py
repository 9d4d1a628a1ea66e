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
@setting("--agents", is_flag=True, help="Also serve an agent a host on a loopback port; sim.json lists them.")
def command(*, agents: bool, **given: object) -> int:
    """Run a simulated tailnet until interrupted; ask it with `--host sim:DIR`.

    With --agents each host has an agent, too: ask it with `--host agent:127.0.0.1:PORT`, the port as in DIR/sim.json.
    """
    from tsym_agent.sim.__main__ import run

    narrate(f"tsym: ask it with --host sim:{given['dir']}; ctrl-c ends it")
    arguments = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    return run([*arguments, *(["--agents"] if agents else [])])
