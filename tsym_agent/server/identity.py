"""Who asks, and what they may: the agent's own tailscaled knows the node behind a connection.

A caller is let in by a tag, as a listed user, as the owner of the host's node where that is allowed, or by a grant of
the app capability. The first three may run every command that reads. A grant names commands, and where one is present
it is the last word: it lets in whoever was not, and narrows or widens whoever was. Commands that act need a grant that
says `write` and an agent that was started with `--allow-write`.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import NamedTuple, Protocol

import msgspec

from tsym_agent.localapi.commands import Command
from tsym_agent.localapi.errors import LocalAPIError, NoSuchObjectError
from tsym_agent.localapi.registry import COMMANDS, READS
from tsym_agent.model.agents import AGENT_TAG, CALLER_TAG, CAPABILITY, PORT
from tsym_agent.model.hello import Admission, Caller, May
from tsym_agent.model.hosts import Rights
from tsym_agent.model.netmap import ControlNode
from tsym_agent.model.text import printable
from tsym_agent.model.whois import WhoIs
from tsym_agent.server.problems import Code, Problem, ProblemError, problem, problem_of
from tsym_agent.wire.exchange import Request

EVERY_COMMAND = "*"

FRESH_S = 5.0
"""How long an answer of whois holds: a tag or a grant that is taken away is felt after this."""

ALONE_S = 1.0
"""How long it holds that a port is one caller's alone: for another to get it meanwhile takes a rare chance."""

WHOIS_S = 6.0
"""How long it may take to find out who asks, waiting for others who are asked about included."""

_MOST_KNOWN = 4096
"""Callers remembered at once; a tailnet that has more is asked again."""

_FOR_ANYBODY = frozenset(name for name, command in READS.items() if command.right is not Rights.WRITE)
"""What a daemon answers every user of its host."""

_PLAIN_READS = frozenset(name for name, command in READS.items() if not command.is_sensitive)
"""What a grant that names no commands stands for: what a map needs."""


class Permissions(msgspec.Struct, frozen=True):
    """What one caller may run."""

    commands: frozenset[str]
    """Names of the registry, those that act among them only where a grant and this agent allow it."""
    limit: str = ""
    """Why that is less than the rules say, and what to do instead; empty = it is not."""

    def permits(self, command: Command) -> bool:
        """Say whether a command may be run; who may have an answer may have a part of it."""
        if command.name in self.commands:
            return True
        return bool(command.part) and command.path in self.commands

    @property
    def may(self) -> May:
        """The same in words for the caller."""
        has_all = self.commands.issuperset(READS)
        names = (EVERY_COMMAND,) if has_all else tuple(name for name in COMMANDS if name in self.commands)
        return May(commands=names, write=any(COMMANDS[name].acts for name in self.commands))

    def of_the_host(self) -> Permissions:
        """Return what is left of them for the host's own node: behind it may be any user of the host.

        The agent may have more rights than they, and its daemon cannot tell its callers apart.
        """
        return Permissions(
            self.commands & _FOR_ANYBODY, "any user of this host may be asking: ask tailscaled, with sudo"
        )


ALL_READS = Permissions(frozenset(READS))
EVERYTHING = Permissions(frozenset(COMMANDS))


class Admitted(NamedTuple):
    """A caller who was let in."""

    caller: Caller
    permissions: Permissions


class RefusedError(ProblemError):
    """Somebody we know, and do not let in."""

    def __init__(self, problem: Problem, caller: Caller) -> None:
        super().__init__(problem)
        self.caller = caller


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Whom this agent lets in, and what for."""

    allowed_tag: str = CALLER_TAG
    allowed_users: frozenset[str] = frozenset()
    """Login names."""
    allow_owner: bool = False
    """Whether the user who owns the host's node is let in."""
    capability: str = CAPABILITY
    allow_write: bool = False
    metrics_tag: str = ""
    """Nodes with it may read `/metrics` and nothing else; empty = nobody more than the others."""


class Owner(NamedTuple):
    """The user who owns the host's node."""

    user_id: int
    login: str


class WhoAsker(Protocol):
    """What is needed of a client: `LocalClient` is one."""

    async def who_is(self, addr: str, proto: str | None = None) -> WhoIs:
        """Return who is behind an address; raise `LocalAPIError`."""


class Admitting(Protocol):
    """Whatever decides who is let in."""

    async def admit(self, request: Request) -> Admitted:
        """Return who asks; raise `ProblemError` for who may not."""

    async def admit_scraper(self, request: Request) -> Admitted:
        """Return who asks for metrics; raise `ProblemError` for who may not."""


class DevGate:
    """Lets everybody in: for `--dev`, where only this machine can ask."""

    def __init__(self, *, allow_write: bool = False) -> None:
        self._permissions = EVERYTHING if allow_write else ALL_READS

    async def admit(self, request: Request) -> Admitted:
        """Return the developer."""
        name = request.remote[0] if request.remote else "socket"
        return Admitted(Caller(id="", name=name, via=Admission.DEV), self._permissions)

    async def admit_scraper(self, request: Request) -> Admitted:
        """Return the developer."""
        return await self.admit(request)


async def _nobody() -> Owner | None:
    return None


class Gate:
    """Asks a tailscaled who is calling, and the rules what that one may."""

    def __init__(  # noqa: PLR0913 - all but two have a default that stands
        self,
        who: WhoAsker,
        rules: Rules,
        *,
        owner: Callable[[], Awaitable[Owner | None]] = _nobody,
        by_port: Callable[[], bool] = lambda: False,
        is_shared: Callable[[int], bool] | None = None,
        address: Callable[[], str] = lambda: AGENT_TAG,
        own_id: Callable[[], str] = str,
        whois_s: float = WHOIS_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask `who`, the daemon whose addresses callers come to.

        `owner` finds the owner of the host's node; None where there is none, or none of this tailnet. `by_port` says
        that the daemon runs in userspace mode: then every caller comes from 127.0.0.1, and only the port, for as long
        as the connection lives, tells one from the other, unless `is_shared` says that it does not. `address` is what a
        policy may call this node, for advice; `own_id` is its stable ID.
        """
        self._who = who
        self._rules = rules
        self._owner = owner
        self._by_port = by_port
        self._is_shared = is_shared
        self._address = address
        self._own_id = own_id
        self._whois_s = whois_s
        self._clock = clock
        self._known: dict[tuple[str, int], tuple[float, WhoIs]] = {}
        self._alone: dict[int, float] = {}

    async def admit(self, request: Request) -> Admitted:
        """Return who asks and what they may; raise `ProblemError` that says what would help."""
        who = await self._find(request)
        admitted = _admitted(who, self._rules, None)
        owner = None if admitted else await self._owner()  # who owns it may take long to find out, and seldom matters
        if admitted or (admitted := _admitted(who, self._rules, owner)):
            await self._make_sure(request, who)
            return self._narrowed(admitted)
        raise _refusal(who, self._rules, owner, self._address())

    def _narrowed(self, admitted: Admitted) -> Admitted:
        if not admitted.caller.id or admitted.caller.id != self._own_id():
            return admitted
        return admitted._replace(permissions=admitted.permissions.of_the_host())

    async def admit_scraper(self, request: Request) -> Admitted:
        """Return who asks for metrics: nodes with the metrics tag are let in for these alone."""
        who = await self._find(request)
        if self._rules.metrics_tag and self._rules.metrics_tag in _tags(who.node):
            await self._make_sure(request, who)
            return Admitted(_caller(who, Admission.TAG), Permissions(frozenset({"status"})))
        return await self.admit(request)

    async def _make_sure(self, request: Request, who: WhoIs) -> None:
        """Refuse somebody who came from a port that is another's; raise `ProblemError`.

        It is looked at only for who would be let in, since that takes milliseconds, and asked again afterwards: the
        other connection may have ended in between, and its caller would be known no more.
        """
        if request.remote is None or self._is_shared is None or not self._by_port():
            return
        _, port = request.remote
        if self._alone.get(port, -math.inf) > self._clock():
            return
        if self._is_shared(port) or (await self._find(request)).node.stable_id != who.node.stable_id:
            raise ProblemError(_stranger("who shares a port with another connection"))
        if len(self._alone) >= _MOST_KNOWN:
            self._alone.clear()
        self._alone[port] = self._clock() + ALONE_S

    async def _find(self, request: Request) -> WhoIs:
        """Return who is behind a connection. What could not be found out is never remembered."""
        if request.remote is None:
            raise ProblemError(_stranger("a local socket"))
        ip, port = request.remote
        # A port may belong to somebody else a moment later, so what is known by port is not kept at all.
        key = (ip, 0)
        if not self._by_port() and (found := self._known.get(key)) and found[0] > self._clock():
            return found[1]
        shown = f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"
        try:
            async with asyncio.timeout(self._whois_s):
                who = await self._who.who_is(shown, "tcp")
        except NoSuchObjectError:
            raise ProblemError(_stranger(ip)) from None
        except TimeoutError:
            words = f"who asks could not be found out within {self._whois_s:g} s"
            raise ProblemError(problem(Code.DAEMON_TIMEOUT, words, "tailscaled may be busy: try again")) from None
        except LocalAPIError as error:
            raise ProblemError(problem_of(error)) from error
        if not self._by_port():
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = (self._clock() + FRESH_S, who)
        return who


def _admitted(who: WhoIs, rules: Rules, owner: Owner | None) -> Admitted | None:
    """Let a caller in by the first reason there is; None = there is none."""
    via = _via(who, rules, owner)
    grant = _read_grant(who, rules)
    if grant is not None:
        return Admitted(_caller(who, via or Admission.CAPABILITY), Permissions(grant))
    return Admitted(_caller(who, via), ALL_READS) if via else None


def _via(who: WhoIs, rules: Rules, owner: Owner | None) -> Admission | None:
    if rules.allowed_tag in _tags(who.node):
        return Admission.TAG
    if who.node.tags:
        return None  # a tagged node belongs to nobody, whatever profile comes with it
    login = _plain_login(who.user_profile.login_name)
    if login and login in {_plain_login(user) for user in rules.allowed_users}:
        return Admission.USER
    return Admission.OWNER if rules.allow_owner and _is_owner(who, owner) else None


def _plain_login(name: str) -> str:
    """Return a login name for comparison: Headscale's policy writes `bob@` for the user that its whois calls `bob`.

    Only ASCII is folded: a name with a letter that merely folds to one of `bob` is another's, who may have chosen it.
    """
    return (name.lower() if name.isascii() else name).removesuffix("@")


def _is_owner(who: WhoIs, owner: Owner | None) -> bool:
    return owner is not None and not who.node.tags and bool(owner.user_id) and who.user_profile.id == owner.user_id


def _tags(node: ControlNode) -> tuple[str, ...]:
    """Return a node's tags; those of a node shared in from another tailnet are words of that tailnet, not of ours."""
    is_foreign = bool(node.sharer) or (node.hostinfo is not None and node.hostinfo.sharee_node)
    return () if is_foreign else node.tags or ()


def _caller(who: WhoIs, via: Admission) -> Caller:
    node = who.node
    return Caller(
        id=node.stable_id,
        name=printable(node.name.rstrip(".") or node.computed_name) or node.stable_id,
        login=None if node.tags else printable(who.user_profile.login_name) or None,
        tags=tuple(printable(tag) for tag in node.tags or ()),
        via=via,
    )


class _GrantValue(msgspec.Struct, frozen=True):
    """One value of the capability; unknown members are for later versions."""

    commands: tuple[str, ...] | None = None
    write: bool = False


_GRANT_VALUE = msgspec.json.Decoder(_GrantValue)


def _read_grant(who: WhoIs, rules: Rules) -> frozenset[str] | None:
    """Return the commands that grants name for a caller, united; None = no grant is present.

    A value that is not understood stands for no command at all: a slip in the policy never opens more than was meant.
    """
    if who.cap_map is None or rules.capability not in who.cap_map:
        return None
    values = who.cap_map[rules.capability]
    if not values:
        return _PLAIN_READS
    names: set[str] = set()
    for value in values:
        names |= _commands_of(bytes(value), rules)
    return frozenset(names)


def _commands_of(value: bytes, rules: Rules) -> AbstractSet[str]:
    try:
        grant = _GRANT_VALUE.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return frozenset()
    if grant.commands is None:
        return _PLAIN_READS
    wanted = COMMANDS if EVERY_COMMAND in grant.commands else {name for name in grant.commands if name in COMMANDS}
    may_act = grant.write and rules.allow_write
    return {name for name in wanted if may_act or not COMMANDS[name].acts}


def _stranger(where: str) -> Problem:
    return problem(
        Code.NOT_ALLOWED,
        f"{where} is no node of this tailnet",
        "ask over the tailnet and straight: a proxy, `tailscale serve` or a program on the host itself hides who asks",
    )


def _refusal(who: WhoIs, rules: Rules, owner: Owner | None, address: str) -> RefusedError:
    """Say who was taken for whom, and each thing that would let them in."""
    caller = _caller(who, Admission.CAPABILITY)
    belongs = f"tagged {', '.join(caller.tags)}" if caller.tags else f"of {caller.login or 'an unknown user'}"
    ways = [f"give the node {rules.allowed_tag}"]
    if caller.login:
        ways.append(f"start the agent with --allowed-users={caller.login}")
    if _is_owner(who, owner):
        ways.append(f"since {caller.login or 'its owner'} owns this host, start the agent with --allow-owner")
    source = caller.tags[0] if caller.tags else _in_policy(caller.login or caller.name)
    ways.append(f"or grant it in the tailnet policy: {grant_example(source, address, rules.capability)}")
    detail = f"{caller.name} ({belongs}) may not ask this agent"
    return RefusedError(problem(Code.NOT_ALLOWED, detail, "; ".join(ways)), caller)


def _in_policy(login: str) -> str:
    """Return a login name as a policy wants it: with an `@`, which Headscale's own users lack."""
    return login if "@" in login else f"{login}@"


def grant_example(source: str, address: str = AGENT_TAG, capability: str = CAPABILITY) -> str:
    """Return a grant for the tailnet policy, as JSON on one line, that lets a source ask an agent."""
    grant = {
        "src": [source],
        "dst": [address],
        "ip": [f"tcp:{PORT}"],
        "app": {capability: [{"commands": [EVERY_COMMAND]}]},
    }
    return msgspec.json.encode(grant).decode()
