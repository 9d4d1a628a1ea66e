"""Problems of pairs: hosts whose whole row is bad, blocks between two sites, and single pairs that nothing explains."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from heapq import heapify, heapreplace
from typing import NamedTuple

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.looks import Direction, Line, combine, format_age, format_ms
from tsym_tui.ui.digests import Digest, typical_ms
from tsym_tui.ui.problembooks import ProblemBook
from tsym_tui.ui.problemvalues import SLOW_MS, Kind, Opens, Problem, weight_of
from tsym_tui.ui.tallies import code_of, ill, kind_of

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
    return kind_of(code_of(pair))


def is_well(pair: Pair) -> bool:
    """Whether there is nothing to say of one direction: direct and not slow, or not asked."""
    return trouble_of(pair) is None


_ROW_WORDS = {
    Kind.DEAD: ("reaches {part} of {all}", "gets no answer from {bad} of {all} nodes"),
    Kind.RELAYED: ("relayed to {bad} of {all}", "reaches {bad} of {all} nodes only by relay"),
    Kind.SLOW: ("slow to {bad} of {all}", "is slow to {bad} of {all} nodes"),
}


def bad_rows(digest: Digest, explained: Explained, book: ProblemBook) -> list[Problem]:
    """Name hosts that have the same trouble with nearly every node they look at."""
    rows = []
    for ref, tally in digest.leaving.items():
        probed = tally.probed
        if probed < LEAST_ROW or ref in explained[Kind.HOST]:
            continue
        for kind in _ROW_WORDS:
            if tally.of(kind) >= max(LEAST_ROW, ROW_SHARE * probed):
                rows.append(book.row(ref, kind, partial(_row_of, digest, ref, kind, probed)))
                break
    return rows


def _row_of(digest: Digest, ref: NodeRef, kind: Kind, probed: int) -> Problem:
    return _row(digest, ref, kind, [pair for pair in digest.outgoing[ref] if trouble_of(pair) is kind], probed)


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


class Trouble(NamedTuple):
    """What is wrong with one pair, its worst trouble only."""

    kind: Kind
    ends: tuple[NodeRef, NodeRef]
    """In the direction that it is told of."""
    line: Line

    @property
    def path(self) -> PathKind:
        """The class to tell."""
        return PathKind.UNKNOWN if self.kind is Kind.DEAD else self.line.path

    @property
    def when(self) -> str:
        """Since when, where that is worth a word."""
        is_told = self.line.age_s is not None and self.kind in {Kind.DEAD, Kind.STALE}
        return format_age(self.line.age_s) if is_told else ""


def pair_problems(digest: Digest, explained: Explained, book: ProblemBook) -> list[Problem]:
    """Name the pairs that their nodes do not explain; several of one trouble between the same places are one."""
    single = list(_single(digest, explained, book))
    blocks, rest = _blocks(digest, single)
    ends, rest = _fans(digest, rest)
    return [*blocks, *ends, *(_told(digest, trouble) for trouble in rest)]


def _single(digest: Digest, explained: Explained, book: ProblemBook) -> Iterator[Trouble]:
    """Find pairs with a trouble that nothing else explains; two directions of one pair are one."""
    silenced, known = explained.silenced, book.troubles
    told = {kind: silenced | explained[kind] for kind in Kind}
    for place in digest.places.firsts(ill(digest.codes)):
        trouble = known[place] if place in known else known.setdefault(place, _trouble_at(digest, place))
        if trouble is not None and told[trouble[0]].isdisjoint(trouble[1]):
            yield trouble


def _trouble_at(digest: Digest, place: int) -> Trouble | None:
    """Say what is wrong with one pair; None where its better direction speaks for it."""
    ends = digest.places.keys[place]
    line = combine(digest.pair(*ends), digest.pair(*ends[::-1]))
    if line.direction is not Direction.EVEN:
        return Trouble(Kind.ONE_WAY, ends if line.direction is Direction.THERE else ends[::-1], line)
    match line.state:
        case SampleState.FAILED:
            return Trouble(Kind.DEAD, ends, line)
        case SampleState.STALE:
            return Trouble(Kind.STALE, ends, line)
        case SampleState.FRESH if line.path in {PathKind.DERP, PathKind.PEER_RELAY}:
            return Trouble(Kind.RELAYED, ends, line)
        case SampleState.FRESH if line.latency_ms is not None and line.latency_ms >= SLOW_MS:
            return Trouble(Kind.SLOW, ends, line)
    return None


def _told(digest: Digest, trouble: Trouble) -> Problem:
    """Tell what is wrong with one pair."""
    kind, ends, line = trouble
    words, sentence = _words(digest, trouble)
    return Problem(
        kind,
        pair_title(digest, ends),
        words,
        ends,
        trouble.path,
        line.latency_ms,
        pairs=(ends,),
        subject=(digest.name_of(ends[0]), digest.name_of(ends[1])),
        sentence=sentence,
        when=trouble.when,
        weight=weight_of(kind, 1.0 if kind is Kind.ONE_WAY else 0.0),
        opens=Opens.PAIR,
    )


def _words(digest: Digest, trouble: Trouble) -> tuple[str, str]:
    """Say what is wrong with one pair: for a narrow pane, and as the rest of a sentence."""
    kind, ends, line = trouble
    match kind:
        case Kind.ONE_WAY:
            return "one way only", "answers, the way back does not"
        case Kind.DEAD:
            others = digest.arriving[ends[1]].fresh if ends[1] in digest.arriving else 0
            reach = f"{others} other {'host reaches' if others == 1 else 'hosts reach'} it"
            return ("others reach it", f"does not answer; {reach}") if others else ("no answer", "does not answer")
        case Kind.STALE:
            return f"stale for {format_age(line.age_s)}", "was not heard of late"
    number = format_ms(line.latency_ms)
    if kind is Kind.SLOW:
        return f"slow, {number} ms", f"takes {number} ms"
    words = relay_words(digest, line.carrier)
    told = f"is {words if words.startswith('relayed') else f'relayed {words}'}"
    return words, f"{told}, {number} ms" if line.latency_ms else told


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


def _blocks(digest: Digest, single: list[Trouble]) -> tuple[list[Problem], list[Trouble]]:
    """Tell pairs of one trouble between the same two sites as one."""
    sites = {ref: node.site or "" for ref, node in digest.snapshot.nodes.items()}
    places: dict[tuple[Kind, str, str], list[Trouble]] = defaultdict(list)
    for trouble in single:
        here, there = (sites.get(ref, "") for ref in trouble.ends)
        if here and there and here != there:
            places[trouble.kind, min(here, there), max(here, there)].append(trouble)
    blocks: list[Problem] = []
    told: set[int] = set()
    for (kind, one, other), members in places.items():
        if len(members) >= LEAST_BLOCK:
            told.update(id(trouble) for trouble in members)
            blocks.append(_merged(kind, members, (one, other), f"{one}, {other}"))
    return blocks, [trouble for trouble in single if id(trouble) not in told]


def _fans(digest: Digest, single: list[Trouble]) -> tuple[list[Problem], list[Trouble]]:
    """Tell pairs of one trouble that share an end as one; the end with most of them first, then the first one."""
    ends: dict[tuple[Kind, NodeRef], list[int]] = defaultdict(list)
    for place, trouble in enumerate(single):
        for ref in trouble.ends:
            ends[trouble.kind, ref].append(place)
    fans: list[Problem] = []
    left = dict.fromkeys(range(len(single)))
    queue = [_rank(single, key, members) for key, members in ends.items()]
    heapify(queue)
    while queue and -queue[0].most >= LEAST_BLOCK:
        kind, ref = key = queue[0].key
        members = ends[key] = [place for place in ends[key] if place in left]
        now = _rank(single, key, members)
        if now != queue[0]:  # other ends have taken some of its pairs: it has to wait for its turn
            heapreplace(queue, now)
            continue
        name = digest.name_of(ref)
        fans.append(_merged(kind, [single[place] for place in members], (name,), name, first=ref))
        for place in members:
            del left[place]
    return fans, [single[place] for place in left]


class _Rank(NamedTuple):
    """Which end comes first, the smallest before the others."""

    most: int
    """Minus the pairs that it has a part in."""
    place: int
    """Where its first pair stands."""
    side: int
    key: tuple[Kind, NodeRef]


def _rank(single: list[Trouble], key: tuple[Kind, NodeRef], members: list[int]) -> _Rank:
    if not members:
        return _Rank(0, len(single), 0, key)
    return _Rank(-len(members), members[0], single[members[0]].ends.index(key[1]), key)


def _merged(
    kind: Kind, members: list[Trouble], subject: tuple[str, ...], title: str, *, first: NodeRef | None = None
) -> Problem:
    words, told = _BLOCK_WORDS[kind]
    worst = max(members, key=lambda trouble: trouble.line.latency_ms or 0.0)
    refs = dict.fromkeys(([first] if first is not None else []) + [ref for one in members for ref in one.ends])
    return Problem(
        kind,
        title,
        f"{len(members)} pairs {words}",
        tuple(refs),
        worst.path,
        worst.line.latency_ms,
        pairs=tuple(one.ends for one in members),
        subject=subject,
        sentence=f"{len(members)} pairs {told}",
        when=next((when for one in members if (when := one.when)), ""),
        weight=weight_of(kind, 0.5, len(members)),
        opens=Opens.MATRIX,
    )
