"""A whole tailnet in a few numbers and one sentence: what the overview shows and `tsym overview` prints. Pure.

Counts are of ordered pairs that were probed: what nobody asked is neither well nor ill. A share never rounds up to all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import floor

import msgspec

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.nodes import Standing
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.times import parse_time
from tsym_tui.graph.looks import format_age
from tsym_tui.ui.digests import Digest, typical_ms
from tsym_tui.ui.problems import KEY_WARNING_S, host_title
from tsym_tui.ui.problemvalues import SLOW_MS, Kind, Problem


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers."""

    nodes: int = 0
    hosts: int = 0
    answering: int = 0
    """Hosts that answer us."""
    quiet: tuple[str, ...] = ()
    """Names of those that do not."""
    quiet_s: float | None = None
    """Since the first of them fell silent; None = unknown."""
    fresh: int = 0
    stale: int = 0
    failed: int = 0
    never: int = 0
    paths: dict[PathKind, int] = {}
    """Fresh pairs by class."""
    slow: int = 0
    median_ms: float | None = None
    p95_ms: float | None = None
    warnings: tuple[str, ...] = ()
    """Names of hosts whose daemon warns of something."""
    keys: tuple[tuple[str, float], ...] = ()
    """Keys that expire soon: name and seconds left, the soonest first."""
    versions: tuple[str, ...] = ()
    """Versions of the hosts' daemons, the oldest first."""
    one_way: int = 0
    verdict: str = ""
    is_well: bool = False

    @property
    def probed(self) -> int:
        """Pairs that were asked at all."""
        return self.fresh + self.stale + self.failed


def overview_of(digest: Digest, problems: Sequence[Problem]) -> Overview:
    """Count a picture."""
    snapshot = digest.snapshot
    pairs = snapshot.pairs.values()
    states = Counter(pair.state for pair in pairs)
    paths = Counter(pair.path for pair in pairs if pair.state is SampleState.FRESH)
    times = sorted(ms for pair in pairs if (ms := typical_ms(pair)) is not None)
    quiet = [host for host in snapshot.hosts if host.state is not HostState.OK]
    ages = [host.age_s for host in quiet if host.age_s is not None]
    numbers = Overview(
        nodes=len(snapshot.nodes),
        hosts=len(snapshot.hosts),
        answering=digest.answering,
        quiet=tuple(host_title(host) for host in quiet),
        quiet_s=max(ages, default=None),
        fresh=states[SampleState.FRESH],
        stale=states[SampleState.STALE],
        failed=states[SampleState.FAILED],
        never=states[SampleState.NEVER],
        paths=dict(paths),
        slow=sum(ms >= SLOW_MS for ms in times),
        median_ms=times[len(times) // 2] if times else None,
        p95_ms=times[min(len(times) - 1, int(len(times) * 0.95))] if times else None,
        warnings=tuple(host_title(host) for host in snapshot.hosts if host.state is HostState.OK and host.health),
        keys=_keys(digest),
        versions=_versions(snapshot.hosts),
        one_way=sum(len(problem.pairs) for problem in problems if problem.kind is Kind.ONE_WAY),
    )
    return msgspec.structs.replace(numbers, verdict=_verdict(numbers, problems), is_well=not problems)


def _keys(digest: Digest) -> tuple[tuple[str, float], ...]:
    now = digest.snapshot.generated_at
    found = []
    for ref, node in digest.snapshot.nodes.items():
        expiry = parse_time(node.key_expiry)
        left_s = (expiry - now).total_seconds() if expiry is not None and node.standing is Standing.OK else 0.0
        if 0 < left_s < KEY_WARNING_S:
            found.append((digest.name_of(ref), left_s))
    return tuple(sorted(found, key=lambda key: key[1]))


def _versions(hosts: Sequence[Host]) -> tuple[str, ...]:
    """List versions without what comes behind a dash, by their numbers."""
    found = {(host.version or "").partition("-")[0] for host in hosts} - {""}
    return tuple(sorted(found, key=_by_number))


def _by_number(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part) if part.isdigit() else -1, part) for part in version.split("."))


def percent(part: int, whole: int) -> str:
    """Say a share without its sign: one decimal where it is not whole; only nothing is 0 and only all is 100."""
    if whole <= 0:
        return "·"
    share = 100 * part / whole
    if share in {0.0, 100.0}:
        return f"{share:.0f}"
    if share >= 99:
        return f"{min(99.9, floor(share * 10) / 10):.1f}"
    return f"{share:.0f}" if share >= 1 else "<1"


_COUNTED = (  # kind, one of them, several of them
    (Kind.DEAD, "{n} node is dead", "{n} nodes are dead"),
    (Kind.HOST, "{n} host does not answer us", "{n} hosts do not answer us"),
    (Kind.BARRED, "{n} node may not take part", "{n} nodes may not take part"),
    (Kind.ONE_WAY, "{n} pair answers one way only", "{n} pairs answer one way only"),
    (Kind.SLOW, "{n} node is slow", "{n} nodes are slow"),
    (Kind.STALE, "{n} pair is stale", "{n} pairs are stale"),
    (Kind.EXPIRING, "{n} key expires soon", "{n} keys expire soon"),
    (Kind.HEALTH, "{n} host warns", "{n} hosts warn"),
)
MOST_PARTS = 3
"""A sentence with more of them is not read."""


def _verdict(numbers: Overview, problems: Sequence[Problem]) -> str:
    """Say in one sentence how the tailnet is: what weighs most of it, or that all is well."""
    if not numbers.probed:
        return "no pair was probed yet"
    if not problems:
        return f"all is well: {counted(numbers.fresh, 'pair answers', 'pairs answer')}, every one of them direct"
    found: list[tuple[float, str]] = []
    for kind, one, many in _COUNTED:
        weights = [problem.weight for problem in problems if problem.kind is kind]
        count = sum(_size(problem) for problem in problems if problem.kind is kind)
        if count:
            found.append((max(weights), (one if count == 1 else many).format(n=f"{count:,}")))
    relayed = numbers.paths.get(PathKind.DERP, 0) + numbers.paths.get(PathKind.PEER_RELAY, 0)
    weights = [problem.weight for problem in problems if problem.kind is Kind.RELAYED]
    if relayed and weights:
        found.append((max(weights), f"{percent(relayed, numbers.probed)} % of pairs are relayed"))
    parts = [words for _, words in sorted(found, key=lambda part: -part[0])]
    rest = len(parts) - MOST_PARTS
    return ", ".join(parts[:MOST_PARTS]) + (f", and {rest} more to look at" if rest > 0 else "")


def _size(problem: Problem) -> int:
    """Count what a problem is about: its pairs, else its nodes; a host that never said who it is counts, too."""
    if problem.kind in {Kind.ONE_WAY, Kind.STALE}:
        return max(1, len(problem.pairs))
    return 0 if problem.pairs else max(1, len(problem.nodes))


def counted(number: int, one: str, many: str) -> str:
    """Say how many."""
    return f"{number:,} {one if number == 1 else many}"


def quiet_words(overview: Overview) -> str:
    """Say how many hosts do not answer, and since when the first of them."""
    count = len(overview.quiet)
    if not count:
        return "all of them"
    since = "" if overview.quiet_s is None else f" for {format_age(overview.quiet_s)}"
    return f"{count} silent{since}"
