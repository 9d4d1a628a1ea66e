"""`tsym invite`: a key for one machine, the one command to run there, and waiting until its agent answers.

The key stands in the command's environment, as the agent wants it: an argument would show in every list of processes.
The blank in front keeps the line out of the history of shells that care for that; where they do not, what they keep is
a key that was used up by this very command, or expires within the hour. Who wants it nowhere takes `--paste`: that
command asks for the key, which is told beside it. One line to run is the default, since it is dictated to people for
whom two steps are one too many.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click
import msgspec

from tsym_agent.model.agents import AGENT_TAG, CALLER_TAG
from tsym_tui.cli.control import KINDS, choose_credentials, read_settings, to_command_error
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.marks import Marked
from tsym_tui.cli.options import look_options, setting, shared_options
from tsym_tui.cli.wishes import Look, to_wishes

if TYPE_CHECKING:
    from tsym_agent.control import ControlPlane, Credentials, KeyWish, MintedKey
    from tsym_agent.model.status import Status
    from tsym_tui.cli.arrivals import HomeTailnet, Lookout, Newcomer

LONGEST_S = 90 * 86400
"""What Tailscale allows at most; Headscale allows more, and no invitation needs it."""

SHORTEST_S = 60
GRACE_S = 15.0
"""A node that joined in the last moment needs some seconds to be seen."""

REVOKE_S = 10.0


class Lifetime(click.ParamType[int]):
    """How long a key lives, as people write it: `30m`, `1h`, `7d`."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return seconds."""
        text = str(value)
        match = re.fullmatch(r"(\d{1,7})(s|m|h|d)?", text)
        seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2] or "s"] if match else 0
        if not SHORTEST_S <= seconds <= LONGEST_S:
            self.fail(f"{text!r} is not a time between 60s and 90d, such as 30m or 1h", param, ctx)
        return seconds


class InviteWishes(Look, frozen=True, kw_only=True):
    """What `tsym invite` may be told."""

    tags: tuple[str, ...] = msgspec.field(default=(AGENT_TAG,), name="tag")
    expires_s: int = msgspec.field(default=3600, name="expires")
    ephemeral: bool = False
    hostname: str = ""
    allow_users: tuple[str, ...] = msgspec.field(default=(), name="allow_user")
    control: str = "auto"
    paste: bool = False
    wait: bool = True
    wants_json: bool = msgspec.field(default=False, name="json")
    wants_ndjson: bool = msgspec.field(default=False, name="ndjson")


@click.command(
    "invite",
    cls=Marked,
    short_help="Make a key for one machine, and wait until its agent answers.",
    changes="makes a key that lets one machine into the tailnet",
)
@setting("--tag", multiple=True, default=(AGENT_TAG,), show_default=True, help="Tag of the new node; repeatable.")
@setting("--expires", type=Lifetime(), default="1h", show_default=True, help="How long the key may be used.")
@setting("--ephemeral/--no-ephemeral", default=False, help="Let the node vanish soon after it went offline.")
@setting("--hostname", default="", metavar="NAME", help="Name of the new node; else it chooses one.")
@setting(
    "--allow-user",
    multiple=True,
    metavar="LOGIN",
    help=f"Who may ask the new agent, besides nodes with {CALLER_TAG}; else the owner of this machine's node.",
)
@setting("--paste", is_flag=True, help="Keep the key out of the command: it asks, and the key is pasted.")
@setting("--control", type=click.Choice(KINDS), default="auto", show_default=True, help="Which control plane.")
@setting("--wait/--no-wait", default=True, show_default=True, help="Wait until the new agent answers.")
@shared_options("json", "ndjson")
@look_options
@click.pass_context
def command(ctx: click.Context, /, **given: object) -> int:
    """Make a key for one machine, print the one command to run there, and wait until its agent answers.

    The key works once. The command needs `tsym-agent` and Tailscale's programs on the other machine; the agent then
    stands on a node of its own, beside whatever Tailscale does there. Ctrl-c takes an unused key back.

    Credentials: TS_OAUTH_CLIENT_ID and TS_OAUTH_CLIENT_SECRET, TS_API_KEY, or HEADSCALE_API_KEY and HEADSCALE_URL;
    `tsym control` says whether they are good.
    """
    wishes = to_wishes(given, InviteWishes)
    for tag in wishes.tags:
        if not re.fullmatch(r"tag:[A-Za-z][A-Za-z0-9-]*", tag):
            raise CommandError(f"{tag!r} is not a tag; write tag:NAME")
    credentials = choose_credentials(read_settings(ctx), wishes.control)
    try:
        return asyncio.run(_invite(wishes, credentials))
    except asyncio.CancelledError:
        return Exit.INTERRUPTED


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What the person at the other machine needs."""

    key: MintedKey
    login_server: str | None = None
    hostname: str = ""
    allowed_users: tuple[str, ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """Return what the agent is told by its environment: all that is secret, and where to log in."""
        server = {"TS_CONTROL_URL": self.login_server} if self.login_server else {}
        return server | {"TS_AUTHKEY": self.key.secret.reveal()}

    @property
    def arguments(self) -> list[str]:
        """Return what it is told by its arguments."""
        words = ["tsym-agent", "--mode", "own"]  # whatever Tailscale does there may be another tailnet's
        words += ["--hostname", self.hostname] if self.hostname else []
        return words + (["--allowed-users", ",".join(self.allowed_users)] if self.allowed_users else [])

    @property
    def command(self) -> str:
        """Return the line to run, with the blank that keeps it out of a shell's history."""
        settings = [f"{name}={shlex.quote(value)}" for name, value in self.environment.items()]
        return f" {' '.join(settings)} {shlex.join(self.arguments)}"

    @property
    def asking_command(self) -> str:
        """Return a line for bash or zsh that reads the key unseen; in parentheses, so that the shell forgets it."""
        server = f"TS_CONTROL_URL={shlex.quote(self.login_server)} " if self.login_server else ""
        return f"(read -rs KEY && {server}TS_AUTHKEY=$KEY exec {shlex.join(self.arguments)})"


async def _invite(wishes: InviteWishes, credentials: Credentials) -> Exit:
    from tsym_agent.control import ControlError, connect
    from tsym_tui.cli.arrivals import HomeTailnet, Lookout

    control, home = connect(credentials), HomeTailnet()
    _heed_signals()
    try:
        lookout = Lookout(wishes.tags, control, home)
        await lookout.remember()
        async with _minted(control, _wish(wishes)) as key:
            until_s = time.monotonic() + wishes.expires_s + GRACE_S
            users = wishes.allow_users or tuple(find_own_login(lookout.at_home))
            invitation = Invitation(
                key=key, login_server=control.login_server, hostname=wishes.hostname, allowed_users=users
            )
            _show(wishes, control, invitation)
            if not wishes.wait:
                return Exit.OK
            if lookout.is_blind:
                _say("neither this machine's Tailscale nor the control plane can tell us who joins: not waiting")
                return Exit.OK
            newcomer = await lookout.newcomer(until_s)
        if newcomer is None:
            _tell(wishes, {"event": "expired"}, "nobody joined before the key expired; run `tsym invite` again")
            return Exit.UNREACHABLE
        return await _welcome(wishes, lookout, home, newcomer)
    except ControlError as error:
        raise to_command_error(error) from error
    finally:
        await home.aclose()
        await control.aclose()


def _heed_signals() -> None:
    """Let a kill and a closed terminal end us as ctrl-c does: nobody waits for that key any more."""
    task = asyncio.current_task()
    if task is not None and sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _wish(wishes: InviteWishes) -> KeyWish:
    from tsym_agent.control import KeyWish

    return KeyWish(tags=wishes.tags, expires_s=wishes.expires_s, ephemeral=wishes.ephemeral, description="tsym invite")


@asynccontextmanager
async def _minted(control: ControlPlane, wish: KeyWish) -> AsyncIterator[MintedKey]:
    """Hold a new key, and take it back when the block is left in any way but its end."""
    minting = asyncio.create_task(control.create_key(wish), name="mint")
    try:
        key = await asyncio.shield(minting)
    except asyncio.CancelledError:  # the request is on its way: only its answer says which key to take back
        with suppress(Exception):
            await _take_back(control, (await minting).id)
        raise
    try:
        yield key
    except BaseException:  # an interrupt, an output that nobody reads: whatever it was, nobody will use this key
        await _take_back(control, key.id)
        raise


async def _take_back(control: ControlPlane, key_id: str) -> None:
    from tsym_agent.control import ControlError

    try:
        async with asyncio.timeout(REVOKE_S):
            await control.revoke_key(key_id)
    except (ControlError, TimeoutError) as error:
        why = str(error) or f"no answer within {REVOKE_S:g} s"
        words = f"the unused key {key_id} could not be taken back: {why}; it lets in one node until it expires"
    else:
        words = f"the unused key {key_id} was taken back"
    with suppress(OSError):  # the terminal may be what went away
        _say(words)


def find_own_login(status: Status | None) -> Iterator[str]:
    """Yield the login of whoever owns this machine's node, unless the node's tags let it in, or keep it out."""
    if status is None or status.self_node is None:
        return
    tags = status.self_node.tags or ()
    if CALLER_TAG in tags:
        return
    if tags:
        _say(
            f"this machine's node carries {', '.join(tags)} and not {CALLER_TAG}: the new agent will not answer it; "
            "name who may ask with --allow-user"
        )
    elif login := status.owner_of(status.self_node):
        yield login


async def _welcome(wishes: InviteWishes, lookout: Lookout, home: HomeTailnet, newcomer: Newcomer) -> Exit:
    """Say who joined, and ask its agent who it is."""
    from tsym_agent.localapi.errors import AccessDeniedError, LocalAPIError
    from tsym_tui.cli.arrivals import Greeter

    node = {"id": newcomer.id, "name": newcomer.name, "addresses": list(newcomer.addresses)}
    _tell(wishes, {"event": "joined", "node": node}, f"{newcomer.name} ({newcomer.addresses[0]}) has joined")
    if lookout.at_home is None:
        _say("this machine is not in that tailnet, so the new agent was not asked")
        return Exit.OK
    try:
        hello = await Greeter(partial(home.hello, newcomer.addresses[0])).greet()
    except LocalAPIError as error:
        code = Exit.DENIED if isinstance(error, AccessDeniedError) else Exit.UNREACHABLE
        raise CommandError(f"{newcomer.name} has joined, and its agent does not answer: {error}", code) from error
    words = f"its agent {hello.agent.version} answers; try `tsym --host agent:{newcomer.addresses[0]}`"
    _tell(wishes, {"event": "answered", "agent": {"version": hello.agent.version, "mode": hello.agent.mode}}, words)
    return Exit.OK


def _show(wishes: InviteWishes, control: ControlPlane, invitation: Invitation) -> None:
    """Print the command: the one time that the key is seen."""
    from tsym_tui.cli.texts import emit

    if wishes.wants_json or wishes.wants_ndjson:
        document = _document(wishes, control, invitation)
        encoded = msgspec.json.encode(document if wishes.wants_json else {"event": "minted"} | document)
        emit((msgspec.json.format(encoded, indent=2) if wishes.wants_json else encoded).decode() + "\n")
        return
    within = f"within {_spell(wishes.expires_s)}"
    if wishes.paste:
        _say(f"run the first line on the other machine {within} and paste the second, which works once:")
        emit(f"{invitation.asking_command}\n{invitation.key.secret.reveal()}\n")
    else:
        _say(f"run this on the other machine {within}; its key works once:")
        emit(f"{invitation.command}\n")
    if wishes.wait:
        _say("waiting for it to join; ctrl-c takes the key back")


def _document(wishes: InviteWishes, control: ControlPlane, invitation: Invitation) -> dict[str, object]:
    from tsym_agent.model.times import format_time

    key = invitation.key
    return {
        "schema": "tsym/invite/1",
        "generated_at": format_time(datetime.now(UTC)),
        "control": {"kind": control.kind, "url": control.where},
        "key": {
            "id": key.id,
            "tags": list(wishes.tags),
            "ephemeral": wishes.ephemeral,
            "expires_at": format_time(key.expires) if key.expires else None,
        },
        "environment": invitation.environment,
        "arguments": invitation.arguments,
        "command": invitation.asking_command if wishes.paste else invitation.command,
    }


def _tell(wishes: InviteWishes, event: Mapping[str, object], words: str) -> None:
    """Tell what has happened: as a line of data where that was asked for, to a person in any case."""
    from tsym_tui.cli.documents import emit_line

    if wishes.wants_ndjson:
        emit_line({"schema": "tsym/invite/1"} | dict(event))
    _say(words)


def _say(words: str) -> None:
    from tsym_agent.model.text import printable
    from tsym_tui.cli.texts import narrate

    narrate(f"tsym: {printable(words)}")


def _spell(seconds: int) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
