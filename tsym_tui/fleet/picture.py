"""The picture that the fleet keeps: views come in from the hosts, samples from the prober, and snapshots go out.

Pure bookkeeping on a clock; the fleet owns the tasks that drive it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.hosts import Host
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import ProbeCost, Snapshot
from tsym_agent.probe.plan import PairKey, Plan
from tsym_agent.probe.sweep import Clock, Pinger, Round, RoundTemplate
from tsym_agent.probe.window import PassivePath, Sample
from tsym_tui.fleet.assembly import Assembly, pairs_between
from tsym_tui.fleet.book import PairBook
from tsym_tui.fleet.members import Member
from tsym_tui.fleet.views import Route, View, changed_nodes

CHANGED_GAP_S = 15.0
"""A pair that keeps changing is not swept more often than this for it."""

SIGHTS_AT_ONCE = 5_000
"""So many sights are merged in one go, which takes about 10 ms."""


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
        self._hosts: dict[Member, Host] = {}
        self._usable: dict[NodeRef, Member] = {}
        self._shown: dict[NodeRef, Node] = {}
        self._hidden = 0
        self._is_arranged = False
        self._paired: tuple[tuple[NodeRef, ...], frozenset[NodeRef]] | None = None
        self._planned: tuple[tuple[NodeRef, ...], frozenset[NodeRef]] | None = None
        self._asked_s: dict[PairKey, float] = {}
        self._kept: Snapshot | None = None
        self._kept_s = float("-inf")
        self._placed_at = -1

    @property
    def is_current(self) -> bool:
        """Whether all that the hosts said has been worked in."""
        return self._is_arranged and not self.assembly.is_dirty

    def bump(self) -> None:
        """Note that something changed."""
        self.revision += 1
        self._changed()

    def set_members(self, members: Sequence[Member]) -> None:
        """Take the hosts, in their order."""
        self._members = tuple(members)

    def usable(self, ref: NodeRef) -> Member | None:
        """Return the host that can be asked as this node."""
        return self._usable.get(ref)

    @property
    def vantages(self) -> tuple[NodeRef, ...]:
        """The nodes that can be asked, in the order of their hosts."""
        refs = (member.ref for member in self._members if member.ref is not None)
        return tuple(dict.fromkeys(ref for ref in refs if ref in self._usable))

    def hear(self, member: Member, before: View | None, after: View | None) -> None:
        """Take a host's newest view in, be it new or only newer."""
        news = changed_nodes(before, after)
        self.assembly.touch(news)
        host = msgspec.structs.replace(member.to_host(), age_s=None)
        is_other = self._hosts.get(member) != host
        self._hosts[member] = host
        flipped = self._note_routes(member, before, after)
        if news or is_other:
            self._is_arranged = False
        if news or is_other or flipped:
            self.bump()

    def _note_routes(self, member: Member, before: View | None, after: View | None) -> bool:
        """Keep which paths status proves, and have a pair swept whose last pong says otherwise."""
        if after is None or after.ref is None or not member.is_usable:
            return False
        now_s, source = self._clock(), after.ref
        for stable_id, route in after.routes.items():
            key = (source, NodeRef(after.tailnet, stable_id))
            self.book.note_passive(key, _evidence(route, now_s))
            if self._contradicts(key, route):
                self._ask([key])
        return before is None or before.routes != after.routes

    def _contradicts(self, key: PairKey, route: Route) -> bool:
        pair = self.book.shown(key)
        known = pair is not None and pair.state is SampleState.FRESH and pair.path is not PathKind.UNKNOWN
        return known and pair is not None and pair.samples > 0 and pair.path is not route.path

    def renew(self, *, whole: bool = True) -> None:
        """Work in what the hosts said; unless whole, only as much as takes a moment."""
        views = [member.view for member in self._members if member.view]
        most = None if whole else max(1, SIGHTS_AT_ONCE // max(1, len(views)))
        moved = self.assembly.renew(views, most)
        if not self.assembly.is_dirty and not self._is_arranged:
            self._arrange()
            self.bump()
        if whole:
            self.notice_places()
        self._ask([pair for pair in self._plan.pairs if pair[1] in moved] if moved else [])

    def _arrange(self) -> None:
        """Draw the consequences: who is shown, which pairs there are, which may be probed.

        Most news change neither of these sets, and walking through all pairs of a large mesh takes a tenth of a second.
        """
        self._is_arranged = True
        sources = tuple(dict.fromkeys(member.ref for member in self._members if member.ref))
        self._usable = {member.ref: member for member in reversed(self._members) if member.ref and member.is_usable}
        self._shown = self.assembly.shown()
        self._hidden = len(self.assembly.everyone()) - len(self._shown)
        if self._paired != (paired := (sources, frozenset(self._shown))):
            self._paired = paired
            keys = pairs_between(sources, self._shown)
            self.book.set_keys(keys, keep=lambda key: self.assembly.node(key[1]) is not None)
        self.book.doubt(frozenset(sources) - self._usable.keys())
        asked = tuple(source for source in sources if source in self._usable)
        if self._planned != (planned := (asked, self.assembly.probed())):
            self._planned = planned
            self._plan.update(pairs_between(*planned))

    def _ask(self, pairs: Sequence[PairKey]) -> None:
        now_s = self._clock()
        due = [pair for pair in pairs if now_s - self._asked_s.get(pair, float("-inf")) >= CHANGED_GAP_S]
        self._asked_s.update(dict.fromkeys(due, now_s))
        self._plan.ask(due)

    def name(self, refs: Iterable[NodeRef]) -> None:
        """Lift the protection of hidden nodes and phones: somebody asked for them by name."""
        self.assembly.named |= set(refs)
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

    def notice_places(self) -> None:
        """Look whether the paths seen lately show where nodes stand."""
        if self._placed_at == self.revision:
            return
        self.book.current(self._clock())
        if self.assembly.note_sites([member.view for member in self._members if member.view], self.book.sightings()):
            self._shown = self.assembly.shown()
            self.bump()
        self._placed_at = self.revision

    def notice_age(self) -> None:
        """Look whether time alone has turned a pair stale."""
        if self.book.has_turned(self._clock()):
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
            nodes=self._shown,
            pairs=self.book.current(now_s),
            hosts=tuple(member.to_host() for member in self._members),
            hidden=self._hidden,
            cost=cost,
            revision=self.revision,
        )
        return self._kept


def _evidence(route: Route, now_s: float) -> PassivePath:
    return PassivePath(at_s=now_s, path=route.path, endpoint=route.endpoint, peer_relay=route.peer_relay)
