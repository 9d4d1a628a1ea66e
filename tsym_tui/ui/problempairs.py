"""Problems of pairs: hosts whose whole row is bad, blocks between two sites, and single pairs that nothing explains."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.looks import Direction, Line, combine, format_age, format_ms
from tsym_tui.ui.digests import Digest, typical_ms
from tsym_tui.ui.problemvalues import SLOW_MS, Kind, Opens, Problem, weight_of

ROW_SHARE = 0.75
"""So much of a host's row must share a trouble before the host is named instead of its peers."""

LEAST_ROW = 3
"""Fewer pairs are no row."""

LEAST_BLOCK = 3
"""Pairs of one trouble between two sites, or of one end, that are told as one."""


class Explained:
    """Which nodes already stand for a kind of trouble, so that their pairs need no line of their own."""

    def __init__(self) -> None:
        self._nodes: dict[Kind, set[NodeRef]] = defaultdict(set)
        self._rows: dict[Kind, set[NodeRef]] = defaultdict(set)

    def __getitem__(self, kind: Kind) -> set[NodeRef]:
        """Return the nodes that stand for a kind."""
        return self._nodes[kind]

    def rows(self, kind: Kind) -> set[NodeRef]:
        """Return the hosts whose whole row is so."""
        return self._rows[kind]

    def note(self, problems: Iterable[Problem]) -> None:
        """Let problems of single nodes explain their pairs."""
        for problem in problems:
            self._nodes[problem.kind].update(problem.nodes)

    def note_rows(self, problems: Iterable[Problem]) -> None:
        """Let bad rows explain their pairs."""
        for problem in problems:
            self._rows[problem.kind].update(problem.nodes)
            self._nodes[problem.kind].update(problem.nodes)

    @property
    def silenced(self) -> set[NodeRef]:
        """Nodes whose every pair is explained, whatever is wrong with it."""
        return self[Kind.HOST] | self[Kind.BARRED] | self[Kind.DEAD]


def trouble_of(pair: Pair) -> Kind | None:
    """Say what is wrong with one direction; None = nothing, or not asked."""
    if pair.state is SampleState.FAILED:
        return Kind.DEAD
    if pair.state is SampleState.STALE:
        return Kind.STALE
    if pair.is_relayed:
        return Kind.RELAYED
    ms = typical_ms(pair)
    return Kind.SLOW if ms is not None and ms >= SLOW_MS else None


def is_well(pair: Pair) -> bool:
    """Whether there is nothing to say of one direction: direct and not slow, or not asked."""
    return trouble_of(pair) is None


_ROW_WORDS = {
    Kind.DEAD: ("reaches {part} of {all}", "gets no answer from {bad} of {all} nodes"),
    Kind.RELAYED: ("relayed to {bad} of {all}", "reaches {bad} of {all} nodes only by relay"),
    Kind.SLOW: ("slow to {bad} of {all}", "is slow to {bad} of {all} nodes"),
}


def bad_rows(digest: Digest, explained: Explained) -> list[Problem]:
    """Name hosts that have the same trouble with nearly every node they look at."""
    rows = []
    for ref, pairs in digest.outgoing.items():
        probed = [pair for pair in pairs if pair.state is not SampleState.NEVER]
        if len(probed) < LEAST_ROW or ref in explained[Kind.HOST]:
            continue
        kinds = Counter(kind for pair in probed if (kind := trouble_of(pair)) is not None)
        for kind in _ROW_WORDS:
            if kinds[kind] >= max(LEAST_ROW, ROW_SHARE * len(probed)):
                rows.append(_row(digest, ref, kind, [pair for pair in probed if trouble_of(pair) is kind], len(probed)))
                break
    return rows


def _row(digest: Digest, ref: NodeRef, kind: Kind, bad: list[Pair], probed: int) -> Problem:
    counts = {"bad": len(bad), "part": probed - len(bad), "all": probed}
    words, sentence = (text.format(**counts) for text in _ROW_WORDS[kind])
    paths = Counter(pair.path for pair in bad)
    times = [ms for pair in bad if (ms := typical_ms(pair)) is not None]
    return Problem(
        kind,
        digest.name_of(ref),
        words,
        (ref,),
        paths.most_common(1)[0][0],
        max(times, default=None),
        sentence=sentence,
        weight=weight_of(kind, len(bad) / probed, len(bad)) - (10 if kind is Kind.DEAD else 0),
        opens=Opens.MATRIX,
    )


def pair_problems(digest: Digest, explained: Explained) -> list[Problem]:
    """Name the pairs that their nodes do not explain; several of one trouble between the same places are one."""
    single = list(_single(digest, explained))
    blocks, rest = _blocks(digest, single)
    ends, rest = _fans(digest, rest)
    return [*blocks, *ends, *rest]


def _single(digest: Digest, explained: Explained) -> Iterator[Problem]:
    """Name pairs; two directions of one pair are one problem."""
    pairs, silenced = digest.snapshot.pairs, explained.silenced
    for (source, target), there in pairs.items():
        back = pairs.get((target, source))
        if is_well(there) and (back is None or is_well(back)):
            continue  # most pairs of a large tailnet end here
        if (back is not None and source > target) or source in silenced or target in silenced:
            continue  # seen from the other side, or said of the node
        problem = _of_pair(digest, combine(there, back), (source, target))
        if problem is not None and not explained[problem.kind] & {source, target}:
            yield problem


def _of_pair(digest: Digest, line: Line, ends: tuple[NodeRef, NodeRef]) -> Problem | None:
    """Say what is wrong with one pair, its worst trouble only."""
    if line.direction is not Direction.EVEN:
        ends = ends if line.direction is Direction.THERE else (ends[1], ends[0])
        told = "answers, the way back does not"
        return _pair(digest, Kind.ONE_WAY, ends, "one way only", told, line=line)
    if line.state is SampleState.FRESH:
        return _of_fresh(digest, line, ends)
    if line.state is SampleState.FAILED:
        others = digest.sum_of(ends[1]).fresh
        reach = f"{others} other {'host reaches' if others == 1 else 'hosts reach'} it"
        told = f"does not answer; {reach}" if others else "does not answer"
        return _pair(digest, Kind.DEAD, ends, "others reach it" if others else "no answer", told, line=line)
    if line.state is SampleState.STALE:
        return _pair(
            digest, Kind.STALE, ends, f"stale for {format_age(line.age_s)}", "was not heard of late", line=line
        )
    return None


def _of_fresh(digest: Digest, line: Line, ends: tuple[NodeRef, NodeRef]) -> Problem | None:
    """Say what is wrong with a pair that answers: relayed, or slow."""
    number = format_ms(line.latency_ms)
    if line.path in {PathKind.DERP, PathKind.PEER_RELAY}:
        words = relay_words(digest, line.carrier)
        told = f"is {words if words.startswith('relayed') else f'relayed {words}'}"
        return _pair(digest, Kind.RELAYED, ends, words, f"{told}, {number} ms" if line.latency_ms else told, line=line)
    if line.latency_ms is not None and line.latency_ms >= SLOW_MS:
        return _pair(digest, Kind.SLOW, ends, f"slow, {number} ms", f"takes {number} ms", line=line)
    return None


def _pair(
    digest: Digest, kind: Kind, ends: tuple[NodeRef, NodeRef], words: str, sentence: str, *, line: Line
) -> Problem:
    return Problem(
        kind,
        pair_title(digest, ends),
        words,
        ends,
        line.path if kind is not Kind.DEAD else PathKind.UNKNOWN,
        line.latency_ms,
        pairs=(ends,),
        subject=(digest.name_of(ends[0]), digest.name_of(ends[1])),
        sentence=sentence,
        when="" if line.age_s is None or kind not in {Kind.DEAD, Kind.STALE} else format_age(line.age_s),
        weight=weight_of(kind, 1.0 if kind is Kind.ONE_WAY else 0.0),
        opens=Opens.PAIR,
    )


def relay_words(digest: Digest, pair: Pair | None) -> str:
    """Say through what a pair is relayed."""
    if pair is None:
        return "relayed"
    if pair.path is PathKind.DERP:
        return f"by DERP {pair.derp_region}" if pair.derp_region else "by DERP"
    relay = digest.relay_of(pair)
    return f"relayed by {digest.name_of(relay)}" if relay is not None else "by a peer relay"


def pair_title(digest: Digest, ends: tuple[NodeRef, NodeRef]) -> str:
    """Name both ends of a pair."""
    return f"{digest.name_of(ends[0])}, {digest.name_of(ends[1])}"


_BLOCK_WORDS = {
    Kind.DEAD: ("dead", "do not answer"),
    Kind.ONE_WAY: ("one way", "answer one way only"),
    Kind.RELAYED: ("relayed", "are relayed"),
    Kind.SLOW: ("slow", "are slow"),
    Kind.STALE: ("stale", "were not heard of late"),
}


def _blocks(digest: Digest, single: list[Problem]) -> tuple[list[Problem], list[Problem]]:
    """Tell pairs of one trouble between the same two sites as one."""
    nodes = digest.snapshot.nodes
    places: dict[tuple[Kind, str, str], list[Problem]] = defaultdict(list)
    for problem in single:
        sites = sorted(nodes[ref].site or "" for ref in problem.nodes if ref in nodes)
        if len(sites) == 2 and all(sites) and sites[0] != sites[1]:
            places[problem.kind, sites[0], sites[1]].append(problem)
    blocks, told = [], set()
    for (kind, one, other), members in places.items():
        if len(members) >= LEAST_BLOCK:
            told.update(id(problem) for problem in members)
            blocks.append(_merged(kind, members, (one, other), f"{one}, {other}", "pairs"))
    return blocks, [problem for problem in single if id(problem) not in told]


def _fans(digest: Digest, single: list[Problem]) -> tuple[list[Problem], list[Problem]]:
    """Tell pairs of one trouble that share an end as one; the end with most of them first."""
    fans, rest = [], single
    while True:
        ends = Counter((problem.kind, ref) for problem in rest for ref in problem.nodes)
        (kind, ref), count = ends.most_common(1)[0] if ends else ((Kind.STALE, None), 0)
        if count < LEAST_BLOCK or ref is None:
            return fans, rest
        members = [problem for problem in rest if problem.kind is kind and ref in problem.nodes]
        rest = [problem for problem in rest if not (problem.kind is kind and ref in problem.nodes)]
        name = digest.name_of(ref)
        fans.append(_merged(kind, members, (name,), name, "pairs", first=ref))


def _merged(
    kind: Kind, members: list[Problem], subject: tuple[str, ...], title: str, unit: str, *, first: NodeRef | None = None
) -> Problem:
    words, told = _BLOCK_WORDS[kind]
    worst = max(members, key=lambda problem: problem.latency_ms or 0.0)
    refs = dict.fromkeys(([first] if first is not None else []) + [ref for one in members for ref in one.nodes])
    return Problem(
        kind,
        title,
        f"{len(members)} {unit} {words}",
        tuple(refs),
        worst.path,
        worst.latency_ms,
        pairs=tuple(pair for one in members for pair in one.pairs),
        subject=subject,
        sentence=f"{len(members)} {unit} {told}",
        when=next((one.when for one in members if one.when), ""),
        weight=weight_of(kind, 0.5, len(members)),
        opens=Opens.MATRIX,
    )
