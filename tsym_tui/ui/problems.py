"""What is wrong now, worst first: short findings that stand in the picture itself, with no rule behind them yet.

Pure: a digest in, a list out. What belongs together is one entry: a dead node and not its eleven dead pairs, a host
that reaches everybody by relay and not each peer of it, a tag or a site whose nodes share their trouble. Each problem
names the nodes it is about, so that a list entry can select them and `!` can leave everything else out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node, Standing
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.times import parse_time
from tsym_tui.graph.looks import STANDING_WORDS, format_age, format_ms, host_words
from tsym_tui.ui.digests import Digest, NodeSum, typical_ms
from tsym_tui.ui.problembooks import ProblemBook
from tsym_tui.ui.problemgroups import grouped
from tsym_tui.ui.problempairs import Explained, bad_rows, is_well, pair_problems, pair_title, relay_words
from tsym_tui.ui.problemvalues import SLOW_MS, WEIGHTS, Kind, Opens, Problem, weight_of, worst_first
from tsym_tui.ui.tallies import NONE, RELAYED, SLOW

__all__ = ["SLOW_MS", "Kind", "Opens", "Problem", "dead_words", "find_problems", "host_title", "is_well", "pair_title"]

KEY_WARNING_S = 7 * 86_400
"""A key that expires within this time is worth a word."""

DAY_S = 86_400

LEAST_SEEN = 2
"""So many hosts must see a node relayed or slow before it is the node that is named."""


def find_problems(digest: Digest, book: ProblemBook | None = None) -> tuple[Problem, ...]:
    """List what is wrong in a picture, worst first; the book tells what is known already, and learns what is not."""
    explained, book = Explained(), book or ProblemBook()
    found = [problem for host in digest.snapshot.hosts for problem in _of_host(digest, host)]
    explained.note(found)
    found += (rows := bad_rows(digest, explained, book))
    explained.note_rows(rows)
    book.stand_on(digest, *(frozenset(explained.rows(kind)) for kind in (Kind.RELAYED, Kind.SLOW)))
    of_nodes: list[Problem] = []
    for ref, node in digest.snapshot.nodes.items():
        if ref not in explained[Kind.HOST] and (of_node := _of_node(digest, node, explained, book)) is not None:
            of_nodes.append(of_node)
        of_nodes.extend(_of_key(digest, node))
    explained.note(of_nodes)
    found = _without_doubles(found, of_nodes)
    return worst_first([*grouped(digest, [*found, *of_nodes]), *pair_problems(digest, explained, book)])


def _without_doubles(rows: list[Problem], nodes: list[Problem]) -> list[Problem]:
    """Leave out a bad row whose node is as bad a column: one line says it."""
    said = {(problem.kind, problem.nodes) for problem in nodes}
    return [problem for problem in rows if problem.kind is Kind.HOST or (problem.kind, problem.nodes) not in said]


_HOST_SENTENCES = {
    HostState.FAILED: "is silent",
    HostState.DENIED: "refuses us",
    HostState.STOPPED: "is stopped by wish",
    HostState.NEEDS_LOGIN: "needs a login",
}


def _of_host(digest: Digest, host: Host) -> Iterator[Problem]:
    """Say what is wrong with a host: its state, and whether others reach it; else its daemon's first warning."""
    title = host_title(host)
    ref = host.ref or _node_called(digest, title)
    nodes = () if ref is None else (ref,)
    if host.state in _HOST_SENTENCES:
        yield Problem(
            Kind.HOST,
            title,
            host_words(host),
            nodes,
            sentence=_HOST_SENTENCES[host.state] + _login_words(host) + _seen_words(digest, ref),
            when=format_age(host.age_s) if host.state is HostState.FAILED and host.age_s is not None else "",
            weight=weight_of(Kind.HOST, count=_dead_pairs(digest, ref)),
        )
    elif host.health:
        yield Problem(
            Kind.HEALTH, title, host.health[0], nodes, sentence=f"says: {host.health[0]}", weight=WEIGHTS[Kind.HEALTH]
        )


def _node_called(digest: Digest, title: str) -> NodeRef | None:
    """Find the node of a host that has not said who it is; None unless exactly one carries the name."""
    found = [ref for ref, name in digest.names.items() if name == title]
    return found[0] if len(found) == 1 else None


def _login_words(host: Host) -> str:
    is_told = host.state is HostState.NEEDS_LOGIN and host.error
    return f": {(host.error or '').partition(':')[0]}" if is_told else ""


def _seen_words(digest: Digest, ref: NodeRef | None) -> str:
    """Say whether other hosts reach a host that does not speak with us."""
    sums = digest.sum_of(ref) if ref is not None else NodeSum()
    if not sums.probed:
        return ""
    if sums.fresh:
        return f", {sums.fresh} other {'host reaches' if sums.fresh == 1 else 'hosts reach'} it"
    return f", and dead from {sums.failed} of {sums.probed} hosts" if sums.failed else ""


def _dead_pairs(digest: Digest, ref: NodeRef | None) -> int:
    return 0 if ref is None else digest.sum_of(ref).failed


def host_title(host: Host) -> str:
    """Name a host; by the telling end of its spec as long as it has not said its name."""
    if host.name and host.name != host.spec:
        return host.name
    return host.spec.rpartition("#")[2].rstrip("/").rpartition("/")[2] or host.spec


STANDING_ADVICE = {  # what a person does about it; lists have room for STANDING_WORDS only
    Standing.EXPIRED: "key expired: log in there",
    Standing.NOT_APPROVED: "not approved: an admin must approve it",
    Standing.LOCKED_OUT: "locked out by tailnet lock: sign its key",
}
_STANDING_SENTENCES = {
    Standing.EXPIRED: "has an expired key: log in there",
    Standing.NOT_APPROVED: "waits for an admin to approve it",
    Standing.LOCKED_OUT: "is locked out by tailnet lock: sign its key",
}


def _of_node(digest: Digest, node: Node, explained: Explained, book: ProblemBook) -> Problem | None:
    """Say the one thing that explains most of a node's pairs."""
    name = digest.name_of(node.ref)
    if node.standing is not Standing.OK:
        words, sentence = STANDING_WORDS[node.standing], _STANDING_SENTENCES[node.standing]
        return Problem(Kind.BARRED, name, words, (node.ref,), sentence=sentence, weight=weight_of(Kind.BARRED))
    if _is_dead(digest, node.ref, explained):
        return _dead_node(node, digest.sum_of(node.ref), name)
    tally = digest.arriving.get(node.ref, NONE)
    if max(tally.relayed, tally.slow) < LEAST_SEEN:
        return None
    return book.node(node, lambda: _relayed_node(digest, node, explained) or _slow_node(digest, node, explained))


def _is_dead(digest: Digest, ref: NodeRef, explained: Explained) -> bool:
    """Whether nobody reaches a node: neither it reaches anybody, nor is it a host's fault that reaches nobody."""
    tally = digest.arriving.get(ref, NONE)
    if not tally.failed or tally.stale or tally.fresh or digest.leaving.get(ref, NONE).fresh:
        return False
    rows = explained.rows(Kind.DEAD)
    return not rows or any(
        pair.state is SampleState.FAILED and pair.source not in rows for pair in digest.incoming.get(ref, ())
    )


def _dead_node(node: Node, sums: NodeSum, name: str) -> Problem:
    told = f"is dead from {sums.failed} of {sums.probed} hosts" if sums.probed > 1 else "is dead"
    return Problem(
        Kind.DEAD,
        name,
        dead_words(sums),
        (node.ref,),
        sentence=f"{told}, offline per control" if node.online is False else told,
        when="" if sums.age_s is None else format_age(sums.age_s),
        weight=weight_of(Kind.DEAD, count=sums.failed) + (0 if node.online is False else 10),
    )


def _relayed_node(digest: Digest, node: Node, explained: Explained) -> Problem | None:
    """Name a node that several hosts reach by relay only; hosts that reach everybody so do not count."""
    tally, rows = digest.arriving.get(node.ref, NONE), explained.rows(Kind.RELAYED)
    if tally.relayed < LEAST_SEEN:
        return None
    relayed = digest.arriving_as(node.ref, RELAYED)
    if len([pair for pair in relayed if pair.source not in rows]) < LEAST_SEEN:
        return None
    classes = Counter(pair.path for pair in relayed)
    path = max(classes, key=lambda one: (classes[one], one is PathKind.DERP))
    word = "relayed" if len(classes) > 1 else "DERP" if path is PathKind.DERP else "relay"
    times = [ms for pair in relayed if (ms := typical_ms(pair)) is not None]
    return Problem(
        Kind.RELAYED,
        digest.name_of(node.ref),
        f"{word} from {len(relayed)} of {tally.probed}",
        (node.ref,),
        path,
        max(times, default=None),
        sentence=f"is relayed from {len(relayed)} of {tally.probed} hosts{_through(digest, relayed)}",
        weight=weight_of(Kind.RELAYED, len(relayed) / max(1, tally.probed), len(relayed)),
    )


def _through(digest: Digest, pairs: list[Pair]) -> str:
    """Say through what, where it is the same for all."""
    unlike = {(pair.path, pair.derp_region, pair.peer_relay): pair for pair in pairs}
    ways = {relay_words(digest, pair) for pair in unlike.values()}
    if len(ways) > 1:
        return ", by DERP" if all(pair.path is PathKind.DERP for pair in pairs) else ""
    return f", {ways.pop().removeprefix('relayed ')}"


def _slow_node(digest: Digest, node: Node, explained: Explained) -> Problem | None:
    rows = explained.rows(Kind.SLOW)
    slow = {pair.source: typical_ms(pair) or 0.0 for pair in digest.arriving_as(node.ref, SLOW)}
    if len(slow.keys() - rows) < LEAST_SEEN:
        return None
    worst, sums = max(slow.values()), digest.sum_of(node.ref)
    return Problem(
        Kind.SLOW,
        digest.name_of(node.ref),
        f"slow from {len(slow)} of {sums.probed}",
        (node.ref,),
        sums.path,
        worst,
        sentence=f"is slow from {len(slow)} of {sums.probed} hosts, up to {format_ms(worst)} ms",
        weight=weight_of(Kind.SLOW, len(slow) / max(1, sums.probed), len(slow)),
    )


def dead_words(sums: NodeSum) -> str:
    """Say from how many hosts a node is dead."""
    return f"dead from {sums.failed} of {sums.probed}"


def _of_key(digest: Digest, node: Node) -> Iterator[Problem]:
    """Warn of a key that expires soon; one of today weighs as much as a node that is barred."""
    expiry = parse_time(node.key_expiry)
    if expiry is None or node.standing is not Standing.OK:
        return
    left_s = (expiry - digest.snapshot.generated_at).total_seconds()
    if 0 < left_s < KEY_WARNING_S:
        yield Problem(
            Kind.EXPIRING,
            digest.name_of(node.ref),
            f"key expires in {format_age(left_s)}",
            (node.ref,),
            sentence="key expires",
            when=f"in {format_age(left_s)}",
            weight=WEIGHTS[Kind.BARRED] if left_s < DAY_S else WEIGHTS[Kind.EXPIRING] + 1 - left_s / KEY_WARNING_S,
        )
