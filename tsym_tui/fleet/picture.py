"""The picture that the fleet keeps: views come in from the hosts, samples from the prober, and snapshots go out.

Pure bookkeeping on a clock; the fleet owns the tasks that drive it. What hosts say costs what is new in it; only when
hosts or nodes come and go are all pairs gone through, and then in pieces, since a large mesh has hundreds of thousands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.ids import NodeRef, StableNodeID
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import ProbeCost, Snapshot
from tsym_agent.model.watch import WatchSample
from tsym_agent.probe.plan import PairKey, Plan
from tsym_agent.probe.sweep import Clock, Pinger, Round, RoundTemplate
from tsym_agent.probe.window import PassivePath, Sample
from tsym_tui.fleet.assembly import Assembly, by_tailnet, pairs_from
from tsym_tui.fleet.book import PairBook
from tsym_tui.fleet.hearsay import Hearsay
from tsym_tui.fleet.ledger import News
from tsym_tui.fleet.members import Member
from tsym_tui.fleet.views import Route, node_ref

CHANGED_GAP_S = 15.0
"""A pair that keeps changing is not swept more often than this for it."""

SIGHTS_AT_ONCE = 5_000
"""So many sights are merged in one go, which takes a few ms."""

PAIRS_AT_ONCE = 5_000
"""So many pairs are arranged in one go, which takes about 10 ms."""

ROUTES_EVERY_S = 45.0
"""How often a path that goes on is booked anew while its host answers: far below the age at which it would be stale."""


PLACES_SHARE = 0.005
"""Of the time at most goes into finding where nodes stand."""


class _Stand(NamedTuple):
    """What of a host decides on pairs."""

    ref: NodeRef | None
    is_usable: bool


class Picture:
    """Nodes, pairs and hosts as of now."""

    def __init__(
        self, plan: Plan, changed: Callable[[], None], *, everything: bool, clock: Clock, now: Callable[[], datetime]
    ) -> None:
        """Keep `plan` up to date with who is there; `changed` hears that a reader should look again."""
        self.book = PairBook()
        self.assembly = Assembly(everything=everything)
        self.revision = 0
        self._plan = plan
        self._changed = changed
        self._clock = clock
        self._now = now
        self._members: tuple[Member, ...] = ()
        self._faces: dict[Member, tuple[object, ...]] = {}
        self._stands: dict[Member, _Stand] = {}
        self._booked_s: dict[Member, float] = {}
        self._usable: dict[NodeRef, Member] = {}
        self._shown: tuple[NodeRef, ...] = ()
        self._is_arranged = False
        self._arranging: Iterator[None] | None = None
        self._paired: tuple[tuple[NodeRef, ...], tuple[NodeRef, ...]] | None = None
        self._planned: tuple[tuple[NodeRef, ...], frozenset[NodeRef]] | None = None
        self._asked_s: dict[PairKey, float] = {}
        self._hearsay = Hearsay(self.book, clock)
        self._kept: Snapshot | None = None
        self._kept_s = float("-inf")
        self._placed_at = -1
        self._next_look_s = float("-inf")

    @property
    def is_current(self) -> bool:
        """Whether all that the hosts said has been worked in."""
        return self._is_arranged and self._arranging is None and not self.assembly.is_dirty

    def bump(self) -> None:
        """Note that something changed."""
        self.revision += 1
        self._changed()

    def set_members(self, members: Sequence[Member]) -> None:
        """Take the hosts, in their order; what only those said that are no longer among them is forgotten."""
        for member in set(self._members) - set(members):
            self.assembly.touch(member.view.refs() if member.view else ())
            for book in (self._faces, self._stands, self._booked_s):
                book.pop(member, None)
        self._members = tuple(members)
        self._is_arranged = False
        self.bump()

    def usable(self, ref: NodeRef) -> Member | None:
        """Return the host that can be asked as this node."""
        return self._usable.get(ref)

    @property
    def vantages(self) -> tuple[NodeRef, ...]:
        """The nodes that can be asked, in the order of their hosts."""
        refs = (member.ref for member in self._members if member.ref is not None)
        return tuple(dict.fromkeys(ref for ref in refs if ref in self._usable))

    def hear(self, member: Member, news: News) -> None:
        """Take what a host said, be it new or only newer."""
        if member not in self._stands and member not in self._members:
            return  # it has just been let go, and answers no more
        self.assembly.touch(news.sights)
        is_other = self._faces.get(member) != (face := member.face)
        if is_other:
            self._faces[member] = face
            stand = _Stand(member.ref, member.is_usable)
            self._is_arranged = self._is_arranged and self._stands.get(member) == stand
            self._stands[member] = stand
        self._note_routes(member, news)
        if news.sights or news.routes or is_other:
            self.bump()

    def hear_samples(self, member: Member, samples: Iterable[WatchSample]) -> None:
        """Take pings that others sent from a host."""
        if member.view is not None and member.ref is not None:
            self._hearsay.hear(member.ref, samples)

    def _note_routes(self, member: Member, news: News) -> None:
        """Keep which paths status proves, and have a pair swept whose last pong says otherwise."""
        view, stand, now_s = member.view, self._stands[member], self._clock()
        if view is None or stand.ref is None or not stand.is_usable:
            return
        wanted: Iterable[StableNodeID] = news.routes
        if now_s - self._booked_s.get(member, float("-inf")) >= ROUTES_EVERY_S:
            self._booked_s[member] = now_s
            wanted = view.routes
        for stable_id in wanted:
            if (route := view.routes.get(stable_id)) is not None:
                key = (stand.ref, node_ref(view.tailnet, stable_id))
                self.book.note_passive(key, _evidence(route, now_s))
                if self._contradicts(key, route):
                    self._ask([key])

    def _contradicts(self, key: PairKey, route: Route) -> bool:
        pair = self.book.shown(key)
        known = pair is not None and pair.state is SampleState.FRESH and pair.path is not PathKind.UNKNOWN
        return known and pair is not None and pair.samples > 0 and pair.path is not route.path

    def renew(self, *, whole: bool = True) -> None:
        """Work in what the hosts said; unless whole, only as much as takes a moment."""
        self._merge(self.assembly.waiting(most=None if whole else self._nodes_at_once))
        while not self.assembly.is_dirty and not (self._is_arranged and self._arranging is None and self._fits()):
            self._arranging = self._arranging or self._arrange()
            if next(self._arranging, self) is self:
                self._arranging = None
                self.bump()
            if not whole:
                break

    def renew_some(self) -> bool:
        """Work in as much as takes a moment; return whether there is more."""
        if not self.is_current:
            self.renew(whole=False)
            return True
        return self.book.renew(self._clock(), PAIRS_AT_ONCE)

    def renew_hosts(self) -> None:
        """Work in what is said of the hosts themselves."""
        self._merge(self.assembly.waiting(member.ref for member in self._members if member.ref))

    def renew_places(self) -> None:
        """Work everything in, and look where nodes stand."""
        self.renew()
        self.notice_places()

    @property
    def _nodes_at_once(self) -> int:
        return max(1, SIGHTS_AT_ONCE // max(1, len(self._members)))

    def _merge(self, refs: Sequence[NodeRef]) -> None:
        if refs:
            moved = self.assembly.renew([member.view for member in self._members if member.view], refs)
            self._is_arranged = self._is_arranged and not self.assembly.is_reshaped
            self._ask([pair for pair in self._plan.pairs if pair[1] in moved] if moved else [])
            self.bump()

    def _fits(self) -> bool:
        return not self.assembly.is_reshaped

    def _arrange(self) -> Iterator[None]:
        """Draw the consequences, piece by piece: who is shown, which pairs there are, which may be probed."""
        self._is_arranged = True
        sources = tuple(dict.fromkeys(member.ref for member in self._members if member.ref))
        shown, probed = self.assembly.arranged(), self.assembly.probed()
        self._usable = self._choose_usable()
        if self._paired != (paired := (sources, shown)):
            pairs: dict[PairKey, Pair] = {}
            for keys in _pieces(sources, shown):
                pairs |= self.book.row(keys)
                yield
            self._paired, self._shown = paired, shown
            self.book.set_pairs(pairs, keep=lambda key: self.assembly.node(key[1]) is not None)
            yield
        self.book.doubt(frozenset(sources) - self._usable.keys())
        asked = tuple(source for source in sources if source in self._usable)
        if self._planned != (planned := (asked, probed)):
            weights: dict[PairKey, int] = {}
            for keys in self.book.pieces(frozenset(asked), probed, PAIRS_AT_ONCE):
                weights |= self._plan.weigh(keys)
                yield
            self._planned = planned
            self._plan.adopt(weights)

    def _choose_usable(self) -> dict[NodeRef, Member]:
        """Return who asks as each node: of several hosts that are one node, the first that tells of changes itself."""
        chosen: dict[NodeRef, Member] = {}
        for member in sorted(self._members, key=lambda member: not member.is_followed):
            if member.ref is not None and member.is_usable:
                chosen.setdefault(member.ref, member)
        return chosen

    def _ask(self, pairs: Sequence[PairKey]) -> None:
        now_s = self._clock()
        due = [pair for pair in pairs if now_s - self._asked_s.get(pair, float("-inf")) >= CHANGED_GAP_S]
        self._asked_s.update(dict.fromkeys(due, now_s))
        self._plan.ask(due)

    def name(self, refs: Iterable[NodeRef]) -> None:
        """Lift the protection of hidden nodes and phones: somebody asked for them by name."""
        self.assembly.name(refs)
        self._is_arranged = False
        self.renew()

    def sweep_soon(self, pairs: Iterable[PairKey] | None) -> None:
        """Have these pairs swept as soon as possible, None = all; naming a node lifts its protection."""
        if pairs is not None:
            pairs = tuple(pairs)
            self.name(target for _, target in pairs)
        self.renew()
        self._plan.ask(self._plan.pairs if pairs is None else pairs)

    def rounds(self, template: RoundTemplate, asked: Mapping[PairKey, str]) -> list[tuple[Round, Pinger]]:
        """Make a round of each pair whose host can be asked and whose target has an address."""
        self.renew()
        found: list[tuple[Round, Pinger]] = []
        for (source, target), address in asked.items():
            member, node = self._usable.get(source), self.assembly.node(target)
            if member is not None and member.client is not None and node is not None and node.addresses:
                found.append((template.between(source, target, address or node.addresses[0]), member.client))
        return found

    def take(self, planned: Round, result: Sample | LocalAPIError) -> None:
        """Keep a sample, or tell its host of the trouble."""
        member = self._usable.get(planned.source)
        if isinstance(result, Sample):
            self.book.add(planned.key, result)
            if member:
                member.report_answer()
        elif member:
            member.report_trouble(result)
        self.bump()

    def notice_places(self, *, is_urgent: bool = True) -> None:
        """Look whether paths seen lately show where nodes stand; unless urgent, in a large mesh only now and then."""
        started_s = time.perf_counter()
        if self._placed_at == self.revision or (started_s < self._next_look_s and not is_urgent):
            return
        self.book.renew(self._clock())
        if self.assembly.note_sites([member.view for member in self._members if member.view], self.book.sightings()):
            self.bump()
        self._placed_at = self.revision
        ended_s = time.perf_counter()
        self._next_look_s = ended_s + (ended_s - started_s) / PLACES_SHARE

    def notice_age(self, busy: frozenset[PairKey]) -> None:
        """Look whether time alone has turned a pair stale, and work in what others measured; `busy` we measure now."""
        turned = self.book.has_turned(self._clock())
        if self._hearsay.work_in(self.assembly.everyone, busy) or turned:
            self.bump()

    def snapshot(self, cost: ProbeCost) -> Snapshot:
        """Return the picture of now; the same one while neither anything happened nor ages are due."""
        now_s = self._clock()
        is_aged = now_s - self._kept_s >= self.book.age_step_s
        if self._kept is not None and self._kept.revision == self.revision and not is_aged:
            return self._kept
        self._kept_s = now_s
        self._kept = Snapshot(
            generated_at=self._now(),
            nodes=self.assembly.nodes(self._shown),
            pairs=self.book.current(now_s),
            hosts=tuple(member.to_host() for member in self.listed()),
            hidden=self.assembly.size - len(self._shown),
            cost=cost,
            revision=self.revision,
        )
        return self._kept

    def listed(self) -> tuple[Member, ...]:
        """Return the hosts in their order; of those that are one node the best, at the first one's place."""
        best: dict[object, Member] = {}
        for member in self._members:
            key = member.ref or member
            other = best.get(key)
            if other is None or _rank(member) < _rank(other):
                best[key] = member
        return tuple(best.values())


def _rank(member: Member) -> tuple[bool, bool]:
    """Order hosts that are one node: those that answer first, and of them those that tell of changes themselves."""
    return not member.is_usable, not member.is_followed


def _pieces(sources: Sequence[NodeRef], targets: Collection[NodeRef]) -> Iterator[list[PairKey]]:
    """Yield all pairs, a few thousand at a time."""
    near = by_tailnet(targets)
    piece: list[PairKey] = []
    for source in sources:
        piece += pairs_from(source, near)
        if len(piece) >= PAIRS_AT_ONCE:
            yield piece
            piece = []
    yield piece


def _evidence(route: Route, now_s: float) -> PassivePath:
    return PassivePath(at_s=now_s, path=route.path, endpoint=route.endpoint, peer_relay=route.peer_relay)
