"""The root command: it names all others without importing them. Alone it is the app."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import click

from tsym_tui.cli.options import (
    app_options,
    config_option,
    look_options,
    shared_options,
    standing_options,
    version_option,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

HELP = """Show who reaches whom in a tailnet, by which path, and how fast.

Without a command, tsym is an app in the terminal on the hosts it finds: this machine's tailscaled, the hosts of
hosts.toml, or those named with --host.

\b
A host is one of
  local                       this machine's tailscaled
  unix:PATH                   a LocalAPI socket
  sim:DIR or sim:DIR#HOST     a simulated tailnet (tsym sim --dir DIR)
  NAME                        a host or a tag of hosts.toml
"""


class Entry(NamedTuple):
    """A command that is not imported yet."""

    module: str
    help: str
    extra: str = ""
    """For a group that is not in every installation: what brings it."""


COMMANDS = {
    "overview": Entry("tsym_tui.cli.overview", "Say whether the tailnet is well, and what to look at first."),
    "hosts": Entry("tsym_tui.cli.hosts", "List the hosts that are asked, and how they stand."),
    "nodes": Entry("tsym_tui.cli.nodes", "List the nodes of the tailnet."),
    "ping": Entry("tsym_tui.cli.ping", "Ping nodes from every host, as `tailscale ping` does from one."),
    "pair": Entry("tsym_tui.cli.pair", "Show both directions of one pair, layer by layer."),
    "matrix": Entry("tsym_tui.cli.matrix", "Show path and latency of every pair, host by peer."),
    "get": Entry("tsym_tui.cli.get", "Ask many hosts one LocalAPI question at once."),
    "logs": Entry("tsym_tui.cli.logs", "Follow the logs of many hosts, merged by time."),
    "events": Entry("tsym_tui.cli.events", "Follow what happens on many hosts, merged by time."),
    "map": Entry("tsym_tui.cli.map", "Draw the tailnet as text, a picture, a page, a graph or data."),
    "invite": Entry("tsym_tui.cli.invite", "Make a key for one machine, and wait until its agent answers."),
    "control": Entry("tsym_tui.cli.control", "Show what the control plane says, and whether credentials are good."),
    "demo": Entry("tsym_tui.cli.demo", "Open the app on a simulated tailnet."),
    "sim": Entry("tsym_tui.cli.sim", "Run a simulated tailnet for other commands."),
    "locate": Entry("tsym_tui.cli.locate", "Print where settings, hosts, state and caches live."),
    "config": Entry("tsym_tui.cli.config", "Print every setting, its value, and where it comes from."),
    "completion": Entry("tsym_tui.cli.completion", "Print what teaches a shell to complete tsym."),
}

GROUPS = {
    "k8s": Entry("k8s.cli", "Bring agents and per-pod identities to a Kubernetes cluster.", "k8s"),
    "cni": Entry("k8s.cni.cli", "Give pods and containers a tailnet identity of their own.", "cni"),
    "talos": Entry("talos.cli", "Make and check Talos configurations with the Tailscale extension.", "k8s"),
}
"""Groups that come with an extra, and that say so where they are not installed."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order of the help."""
        return [*COMMANDS, *GROUPS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command."""
        return load_command(cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands from our table: nothing is imported for a shell that waits."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=entry.help) for name, entry in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands from our table: nothing is imported for the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])
        with formatter.section("Groups"):
            formatter.write_dl([(name, _group_words(entry)) for name, entry in GROUPS.items()])


def _group_words(entry: Entry) -> str:
    from tsym_tui.cli.groups import is_installed

    return entry.help if is_installed(entry.module) else f"{entry.help} (not installed: extra `{entry.extra}`)"


def load_command(name: str) -> click.Command | None:
    """Return a command by name; None when there is none."""
    if name in GROUPS:
        from tsym_tui.cli.groups import load_group

        group = GROUPS[name]
        return load_group(name, group.module, group.extra, group.help)
    entry = COMMANDS.get(name)
    if entry is None:
        return None
    command = import_module(entry.module).command
    assert isinstance(command, click.Command)  # noqa: S101 - a test imports them all
    return command


@click.group("tsym", cls=LazyGroup, help=HELP, invoke_without_command=True)
@config_option
@version_option
@shared_options("host", "scan", "all")
@app_options
@standing_options
@look_options
@click.pass_context
def tsym(ctx: click.Context, /, **given: object) -> int:
    """Run the app when no command was named."""
    if ctx.invoked_subcommand is not None:
        return 0
    from tsym_tui.cli.app import run_app

    return run_app(given)
