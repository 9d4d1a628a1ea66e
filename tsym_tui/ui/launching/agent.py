"""`tsym-agent` as something to start: described from its own parser and table of flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tsym_agent.server.options import FLAGS, Flag, make_parser
from tsym_tui.ui.launching.tools import Field, Kind, Tool

PROGRAM = "tsym-agent"
CHANGES = "lets others of the tailnet ask this machine's Tailscale until it ends"
_WRITES = "lets callers whose grant says so change this machine's Tailscale"

CHECK_OUTCOMES = {
    0: "ended when told to, or --check found it well",
    1: "--check reached tailscaled, which is not running",
    3: "tailscaled was not reached, or no node of its own came up",
    4: "tailscaled refused --check",
}


def agent_tool() -> Tool:
    """Describe the agent."""
    parser = make_parser()
    flags = {f"--{flag.name}": flag for flag in FLAGS}
    fields = (_field(action, flags) for action in parser._actions)  # noqa: SLF001 - argparse has no other way to ask
    return Tool(
        words=(PROGRAM,),
        about=parser.description or "",
        help=parser.description or "",
        fields=tuple(field for field in fields if field is not None),
        changes=CHANGES,
        harmless_with=frozenset({"check"}),
        is_tool=True,
        outcomes=CHECK_OUTCOMES,
    )


def _field(action: argparse.Action, flags: dict[str, Flag]) -> Field | None:
    if action.dest in {"help", "version"} or not action.option_strings:
        return None
    name = max(action.option_strings, key=len)
    flag = flags.get(name)
    if flag is None:
        return Field(name=action.dest, flag=name, kind=Kind.SWITCH, words=action.help or "", choices=("yes",))
    choices = ("yes", "no") if flag.is_switch else ()
    default = {"true": "yes", "false": "no"}.get(flag.default, flag.default)
    return Field(
        name=action.dest,
        flag=name,
        denial=f"{name}=false" if flag.is_switch else "",
        kind=Kind.TOGGLE if flag.is_switch else Kind.TEXT,
        words=flag.words[:1].upper() + flag.words[1:] + ".",
        wants="" if flag.is_switch else flag.metavar,
        choices=choices,
        default=default,
        variables=flag.variables,
        changes=_WRITES if flag.name == "allow-write" else "",
        check=_checker(flag),
    )


def _checker(flag: Flag) -> Callable[[str], str]:
    def check(text: str) -> str:
        if flag.is_switch:
            return ""
        try:
            flag.read(text)
        except (argparse.ArgumentTypeError, ValueError) as error:
            return str(error)
        return ""

    return check
