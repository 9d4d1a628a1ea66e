"""`tsym control`: what the control plane says, and whether our credentials are good.

Its options are the settings of every command that speaks to the control plane.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import NamedTuple

import click
import msgspec

from tsym_agent.control import ControlError, ControlPlane, ControlSettings, Credentials
from tsym_agent.control.errors import (
    BadCredentialsError,
    NoCredentialsError,
    NotAuthenticatedError,
    NotOfferedError,
    NotPermittedError,
)
from tsym_agent.control.plane import Policy
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.options import look_options, setting, shared_options
from tsym_tui.cli.wishes import Look, to_wishes

KINDS = ("auto", "tailscale", "headscale")
PARTS = ("devices", "routes", "keys", "policy", "dns")


class ControlWishes(Look, frozen=True, kw_only=True):
    """What `tsym control` may be told."""

    part: str | None = None
    wants_json: bool = msgspec.field(default=False, name="json")


@click.command("control", short_help="Show what the control plane says, and whether credentials are good.")
@click.argument("part", type=click.Choice(PARTS), required=False)
@setting("--kind", type=click.Choice(KINDS), default="auto", show_default=True, help="Which control plane.")
@setting("--url", default="", metavar="URL", help="Its server; Tailscale's own needs none, Headscale: HEADSCALE_URL.")
@setting("--tailnet", default="-", show_default=True, metavar="NAME", help="Tailnet; - = the credential's own.")
@setting("--oauth-client-id", default="", metavar="ID", help="Else TS_OAUTH_CLIENT_ID.")
@setting("--oauth-client-secret-file", default="", metavar="FILE", help="Else TS_OAUTH_CLIENT_SECRET[_FILE].")
@setting("--api-key-file", default="", metavar="FILE", help="Else TS_API_KEY[_FILE] or HEADSCALE_API_KEY[_FILE].")
@setting("--keyring", is_flag=True, help="Look for secrets in the system's keyring, too (service tsym).")
@shared_options("json")
@look_options
def command(**given: object) -> int:
    """Show what the control plane says, and whether credentials are good.

    Without a PART, each is tried and it is said what the credentials lack. Secrets come from the environment, from
    files or from the keyring, never from the command line. All of these options are settings: what stands under
    [control] in the settings file holds for every command that speaks to the control plane.
    """
    wishes = to_wishes({key: given[key] for key in given.keys() & _OF_WISHES}, ControlWishes)
    credentials = choose_credentials(to_settings(given))
    return asyncio.run(_show(wishes, credentials))


_OF_WISHES = {"part", "json", "color", "theme", "glyphs"}


def to_settings(given: Mapping[str, object]) -> ControlSettings:
    """Return the settings among a command's values."""
    return msgspec.convert({field: given[field] for field in ControlSettings.__struct_fields__}, ControlSettings)


def read_settings(ctx: click.Context) -> ControlSettings:
    """Return the settings of the control plane as they hold without a command line."""
    return to_settings(command.make_context("control", [], parent=ctx.find_root()).params)


def settings_environment(ctx: click.Context) -> dict[str, str]:
    """Return these settings as an environment, for a fleet, which is told of the control plane by nothing else."""
    from tsym_agent.control.credentials import write_settings

    return write_settings(read_settings(ctx))


def choose_credentials(settings: ControlSettings, kind: str = "auto") -> Credentials:
    """Return the credentials in force; what is wrong with them is a mistake in usage."""
    from tsym_agent.control import read_credentials
    from tsym_agent.control.credentials import is_exposed
    from tsym_tui.cli.texts import narrate

    wanted = settings if kind == "auto" else msgspec.structs.replace(settings, kind=kind)
    try:
        credentials = read_credentials(settings=wanted)
    except (NoCredentialsError, BadCredentialsError) as error:
        raise CommandError(str(error)) from error
    if is_exposed(credentials):
        narrate(f"tsym: {credentials.url} is plain HTTP: everybody on the way can read the key; use https://")
    return credentials


def to_command_error(error: ControlError) -> CommandError:
    """Give a control plane's error the exit code it means."""
    if isinstance(error, NotAuthenticatedError | NotPermittedError):
        return CommandError(str(error), Exit.DENIED)
    return CommandError(str(error), Exit.UNREACHABLE)


class _Tried(NamedTuple):
    part: str
    number: int | None
    """How many there are; None where there is nothing to count."""
    error: ControlError | None


async def _show(wishes: ControlWishes, credentials: Credentials) -> Exit:
    from tsym_agent.control import connect

    control = connect(credentials)
    try:
        if wishes.part is None:
            return _print_check(wishes, control, credentials.origin, [await _try(control, part) for part in PARTS])
        _print_part(wishes, control, await _reader(control, wishes.part)())
    except ControlError as error:
        raise to_command_error(error) from error
    finally:
        await control.aclose()
    return Exit.OK


def _reader(control: ControlPlane, part: str) -> Callable[[], Coroutine[object, object, object]]:
    return {
        "devices": control.devices,
        "routes": control.routes,
        "keys": control.keys,
        "policy": control.policy,
        "dns": control.dns,
    }[part]


async def _try(control: ControlPlane, part: str) -> _Tried:
    try:
        found = await _reader(control, part)()
    except ControlError as error:
        return _Tried(part, None, error)
    return _Tried(part, len(found) if isinstance(found, tuple) else None, None)


def _print_check(wishes: ControlWishes, control: ControlPlane, origin: str, tried: list[_Tried]) -> Exit:
    from tsym_tui.cli.texts import Column, choose_pen, emit, table
    from tsym_tui.graph.themes import Role

    if wishes.wants_json:
        reads = {
            one.part: {"ok": one.error is None, "count": one.number, "error": str(one.error) if one.error else None}
            for one in tried
        }
        _emit_json(control, {"credential": origin, "reads": reads})
        return _judge(tried)
    pen = choose_pen(wishes)
    rows = [
        [pen.run("control", Role.STRONG), pen.run(control.kind), pen.run(control.where, Role.DIM)],
        [pen.run("credential", Role.STRONG), pen.run(""), pen.run(origin, Role.DIM)],
    ]
    for one in tried:
        if one.error is None:
            answer, role, words = ("yes" if one.number is None else str(one.number)), Role.OK, ""
        else:
            answer, role, words = _verdict(one.error), Role.WARN, one.error.message
            words += f" ({one.error.hint})" if one.error.hint else ""
        rows.append([pen.run(one.part, Role.STRONG), pen.run(answer, role), pen.run(words, Role.DIM)])
    emit(pen.write(table(pen, [Column("WHAT"), Column("ANSWER"), Column("", most=200)], rows)))
    return _judge(tried)


def _verdict(error: ControlError) -> str:
    match error:
        case NotAuthenticatedError() | NotPermittedError():
            return "refused"
        case NotOfferedError():
            return "not offered"
        case _:
            return "failed"


def _judge(tried: list[_Tried]) -> Exit:
    errors = [one.error for one in tried if one.error and not isinstance(one.error, NotOfferedError)]
    answered = [one for one in tried if one.error is None]
    if not errors:
        return Exit.OK
    if answered:
        return Exit.PARTIAL
    return to_command_error(errors[0]).code


def _print_part(wishes: ControlWishes, control: ControlPlane, found: object) -> None:
    from tsym_tui.cli.texts import emit

    assert wishes.part is not None  # noqa: S101 - the caller asked for it
    plain: object = msgspec.to_builtins(found, str_keys=True)
    if wishes.wants_json:
        _emit_json(control, {wishes.part: plain})
    elif isinstance(found, Policy):
        emit(found.text.rstrip("\n") + "\n")
    else:
        emit(_as_text(wishes, wishes.part, plain))


_COLUMNS = {
    "devices": ("id", "name", "addresses", "tags", "owner", "online", "expires", "version"),
    "routes": ("id", "name", "advertised", "enabled", "serving"),
    "keys": ("id", "description", "tags", "expires", "is_reusable", "is_ephemeral", "is_used"),
    "dns": ("magic_dns", "nameservers", "search_paths", "split"),
}


def _as_text(wishes: ControlWishes, part: str, plain: object) -> str:
    """Lay values out: one a line; columns that nobody fills are left out."""
    from tsym_tui.cli.texts import Column, choose_pen, table

    pen = choose_pen(wishes)
    entries = msgspec.convert(plain if isinstance(plain, tuple | list) else [plain], list[dict[str, object]])
    cells = [[pen.run(_spell(entry[field])) for field in _COLUMNS[part]] for entry in entries]
    titles = [Column(field.removeprefix("is_").replace("_", " ").upper(), most=48) for field in _COLUMNS[part]]
    return pen.write(table(pen, titles, cells)) if cells else ""


def _spell(value: object) -> str:
    from tsym_agent.model.text import printable

    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_spell, value))
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_spell(one)}" for key, one in value.items())
    return printable(str(value))


def _emit_json(control: ControlPlane, content: Mapping[str, object]) -> None:
    from datetime import UTC, datetime

    from tsym_agent.model.times import format_time
    from tsym_tui.cli.texts import emit

    document = {
        "schema": "tsym/control/1",
        "generated_at": format_time(datetime.now(UTC)),
        "control": {"kind": control.kind, "url": control.where},
        **content,
    }
    emit(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
