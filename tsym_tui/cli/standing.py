"""Where the app stands: on this machine's Tailscale, or on a node of its own beside it.

What is asked for is checked here, before the terminal is taken over: the programs are there, and so is a key or what
makes one. Nothing is started; that is the business of `own_source`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from tsym_agent.model.homes import at_home
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.options import APP_PREFIX
from tsym_tui.cli.places import can_see, state_folder
from tsym_tui.cli.wishes import FrameWishes

if TYPE_CHECKING:
    from tsym_agent.control import Credentials
    from tsym_agent.control.secrets import Secret


class StandingWishes(FrameWishes, frozen=True, kw_only=True):
    """What `tsym` alone may be told, as well: on which node it stands."""

    own_node: bool = False
    generate_auth: bool = False
    hostname: str = ""
    hostname_prefix: str = APP_PREFIX
    logout: bool = True


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How to start the own node."""

    state_dir: Path
    hostname: str | None
    hostname_prefix: str
    logs_out: bool
    auth_key: Secret | None = None
    """A key, or `file:PATH` of one; None = one is made, or the folder holds a login."""
    control_url: str | None = None
    credentials: Credentials | None = None
    """What makes a key; None = none is made."""


def choose_standing(wishes: StandingWishes, env: Mapping[str, str] = os.environ) -> Standing | None:
    """Return how the own node is started, None for standing on this machine's; raise `CommandError` with what lacks."""
    if not (wishes.own_node or wishes.generate_auth):
        return None
    _require_programs(env)
    standing = Standing(
        state_dir=state_folder(env) / "node",
        hostname=wishes.hostname or None,
        hostname_prefix=wishes.hostname_prefix,
        logs_out=wishes.logout,
        control_url=env.get("TS_CONTROL_URL") or None,
    )
    if wishes.generate_auth:
        from tsym_tui.cli.control import choose_credentials, read_settings

        credentials = choose_credentials(read_settings(click.get_current_context()))
        return msgspec.structs.replace(standing, credentials=credentials)
    key = _read_key(env)
    if key is None and not can_see(standing.state_dir / "tailscaled.state"):
        raise CommandError(
            "a node of the app's own needs an auth key: set TS_AUTHKEY or TS_AUTHKEY_FILE, "
            "or let --generate-auth make one"
        )
    return msgspec.structs.replace(standing, auth_key=key)


def _require_programs(env: Mapping[str, str]) -> None:
    from tsym_agent.tailscaled.errors import TailscaledError
    from tsym_agent.tailscaled.programs import find_programs

    try:
        find_programs(env)
    except TailscaledError as error:
        raise CommandError(str(error)) from error


def _read_key(env: Mapping[str, str]) -> Secret | None:
    from tsym_agent.control.secrets import Secret

    if key := env.get("TS_AUTHKEY", "").strip():
        return Secret(key)
    if path := env.get("TS_AUTHKEY_FILE", ""):
        if not can_see(at_home(path)):
            raise CommandError(f"TS_AUTHKEY_FILE: there is no file {path}")
        return Secret(f"file:{at_home(path).absolute()}")
    return None
