"""A small tree of click commands, with one of each kind of field."""

from __future__ import annotations

import sys

import click

from tsym_tui.cli.marks import Marked
from tsym_tui.cli.options import Setting


@click.group("tsym")
def tree() -> None:
    """Hold the others."""


@tree.command("look", short_help="Look at something.")
@click.argument("target", metavar="TARGET")
@click.option("--count", type=click.IntRange(1, 9), default=3, help="How often.")
@click.option("--colour", type=click.Choice(["red", "blue"]), help="Which colour.")
@click.option("--loud", is_flag=True, help="Say more.")
@click.option("--wait/--no-wait", default=True, help="Wait for the end.")
@click.option("--tag", multiple=True, metavar="TAG", help="Which tags; repeatable.")
@click.option("-v", "--verbose", count=True, help="Say even more.")
@click.option("--auth-key", envvar="TSYM_LOOK_AUTH_KEY", help="A key.")
@click.option("--auth-key-file", metavar="FILE", help="A file with a key.")
@click.option("--plain", cls=Setting, metavar="TEXT", help="Also from the environment.")
@click.option("--quiet", hidden=True, is_flag=True, help="Nobody sees this.")
def look(**_: object) -> None:
    """Look at TARGET.

    Not at anything else.
    """


@tree.command("make", cls=Marked, changes="makes a thing", short_help="Make a thing.")
@click.option("--output", cls=Setting, metavar="FILE", changes="writes that file over", help="Where to.")
def make(**_: object) -> None:
    """Make a thing."""


@tree.command("show", cls=Marked, terminal="--headless", short_help="Take the terminal.")
@click.option("--headless", is_flag=True, help="Do without.")
def show(**_: object) -> None:
    """Take the terminal."""


@tree.group("k8s")
def k8s() -> None:
    """Hold what is for clusters."""


@k8s.command("inject", short_help="Add an agent to a workload.")
def inject() -> None:
    """Add an agent."""


if __name__ == "__main__":
    sys.exit(tree())
