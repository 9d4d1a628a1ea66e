"""A command's time with its hosts: which ones, until when, and what their states mean for the exit code."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.cli.exits import Exit, worst
from tsym_tui.cli.hostlist import choose_hosts
from tsym_tui.cli.texts import is_terminal, narrate
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes
from tsym_tui.fleet.fleet import Fleet, FleetOptions
from tsym_tui.graph.looks import HOST_WORDS


def open_fleet(wishes: Wishes, *, is_probing: bool) -> Fleet:
    """Make the fleet that a command asks. Who names hosts has chosen: then no others are looked for."""
    options = FleetOptions(
        everything=wishes.everything,
        is_probing=is_probing,
        may_ask=is_terminal(sys.stdin),
        discovers=not wishes.hosts,
        scans=wishes.scan,
    )
    specs = choose_hosts(wishes.hosts)
    if not wishes.hide_names:
        return Fleet(specs, options=options)
    from tsym_tui.cli.hiding import HiddenFleet

    return HiddenFleet(specs, options)


def run(command: Coroutine[object, object, Exit]) -> Exit:
    """Run a command's coroutine; an interrupt cancels it and comes out as one."""
    return asyncio.run(command)


async def repeat(wishes: Wishes, show: Callable[[], Awaitable[Exit]]) -> Exit:
    """Show once, or with `--watch` again and again; a verdict of `--fail-on` ends the watch."""
    code = await show()
    while wishes.watch and code is not Exit.NO:
        await asyncio.sleep(wishes.every_s)
        code = await show()
    return code


async def show_views(
    wishes: Wishes,
    show: Callable[[Snapshot, Page], None],
    *,
    read: Callable[[Fleet], Snapshot] = lambda fleet: fleet.snapshot(),
    tells_troubles: bool,
) -> Exit:
    """Read every host's view without probing, `read` as much of it as is wanted, once or again and again."""
    page = Page(wishes)
    async with open_fleet(wishes, is_probing=False) as fleet:
        await fleet.ready()

        async def show_once() -> Exit:
            snapshot = read(fleet)
            show(snapshot, page)
            if tells_troubles and not wishes.watch:
                tell_troubles(snapshot.hosts)
            return judge_hosts(snapshot.hosts, needs_running=False)

        return await repeat(wishes, show_once)


def judge_hosts(hosts: Iterable[Host], *, needs_running: bool = True) -> Exit:
    """Say what the hosts' states mean: 0, 3, 4 or 5.

    A daemon that answers but is down, starting or logged out has been reached, and still cannot probe: it counts as
    failed only where the command needs it running. So does one that is well and refuses to ping.
    """
    states = [HostState.DENIED if needs_running and _refuses_pings(host) else host.state for host in hosts]
    fine = {HostState.OK} if needs_running else set(HostState) - {HostState.FAILED, HostState.DENIED}
    lacking = [state for state in states if state not in fine]
    if not states:
        return Exit.UNREACHABLE
    if not lacking:
        return Exit.OK
    if len(lacking) < len(states):
        return Exit.PARTIAL
    return Exit.DENIED if set(lacking) == {HostState.DENIED} else Exit.UNREACHABLE


def _refuses_pings(host: Host) -> bool:
    return host.state is HostState.OK and host.error is not None


def judge_pairs(pairs: Iterable[Pair], fail_on: Iterable[str]) -> Exit:
    """Say whether `--fail-on` found what it names."""
    wanted = set(fail_on)
    for pair in pairs:
        found = {
            "dead": pair.state is SampleState.FAILED,
            "stale": pair.state is SampleState.STALE,
            "relayed": pair.is_relayed,
        }
        if any(found[name] for name in wanted):
            return Exit.NO
    return Exit.OK


def judge(snapshot: Snapshot, wishes: Wishes) -> Exit:
    """Say what a whole picture means for the exit code."""
    return worst(judge_hosts(snapshot.hosts), judge_pairs(snapshot.pairs.values(), wishes.fail_on))


_TELLING = frozenset({HostState.OK, HostState.STOPPED, HostState.NEEDS_LOGIN, HostState.CONNECTING})
"""States whose error says it all."""


def tell_troubles(hosts: Iterable[Host]) -> None:
    """Name each host that could not be asked, and what to do about it."""
    for host in hosts:
        if host.state is not HostState.OK or host.error:
            name = host.spec if host.name in {host.spec, ""} else f"{host.name} ({host.spec})"
            error = host.error or ("has not answered yet" if host.state is HostState.CONNECTING else None)
            told = [error] if error and host.state in _TELLING else [HOST_WORDS[host.state], error]
            narrate(f"tsym: {name}: {': '.join(part for part in told if part)}")


class Progress:
    """One line on stderr that counts, where a person watches it."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_shown = is_terminal(sys.stderr)
        self._length = 0

    def __call__(self, done: int, total: int) -> None:
        """Show how far we are."""
        if self._is_shown:
            text = f"{self._what} {done} of {total}"
            sys.stderr.write(f"\r{text.ljust(self._length)}")
            sys.stderr.flush()
            self._length = len(text)

    def clear(self) -> None:
        """Leave the line as it was found."""
        if self._length:
            sys.stderr.write(f"\r{' ' * self._length}\r")
            sys.stderr.flush()
            self._length = 0
