"""`tsym completion`: the lines that teach a shell to complete tsym."""

from __future__ import annotations

import click

PROGRAM = "tsym"
VARIABLE = "_TSYM_COMPLETE"
"""Asks the program for completions in place of running it; click's way."""


HELP = """Print what teaches SHELL to complete commands, options, hosts of hosts.toml and what `tsym get` can ask.

\b
bash  add to ~/.bashrc:   eval "$(tsym completion bash)"
zsh   add to ~/.zshrc:    eval "$(tsym completion zsh)"
fish  run once:           tsym completion fish > ~/.config/fish/completions/tsym.fish
"""


@click.command("completion", help=HELP, short_help="Print what teaches a shell to complete tsym.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print click's script for a shell."""
    from click.shell_completion import get_completion_class

    from tsym_tui.cli.root import tsym

    kind = get_completion_class(shell)
    if kind is None:  # click has all three; another one may be named by its Choice only
        raise click.UsageError(f"there is no completion for {shell}")
    maker = kind(tsym, {}, PROGRAM, VARIABLE)
    click.echo(maker.source_template % maker.source_vars())
    return 0
