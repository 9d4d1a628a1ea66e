"""`--hide-names`: a fleet that is told and tells pseudonyms only, the same ones as in the app.

Hosts are asked by real names all the same; nothing that a command prints of them comes from anywhere else.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping

import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.probe.plan import PairKey
from tsym_agent.probe.sweep import Enough, RoundTemplate
from tsym_agent.probe.window import Sample
from tsym_tui.cli.places import state_folder
from tsym_tui.fleet.fleet import Asked, Fleet, FleetOptions
from tsym_tui.fleet.pseudonyms import Pseudonyms, read_salt
from tsym_tui.fleet.select import Selector
from tsym_tui.fleet.specs import HostSpec
from tsym_tui.fleet.veils import hidden_trouble, veiled

HIDDEN_NOTE = "names are pseudonyms"
"""What a reader is told, as the app's own pages do."""


class HiddenFleet(Fleet):
    """A fleet whose every answer carries pseudonyms, and that knows who is meant by one."""

    def __init__(self, specs: Iterable[HostSpec], options: FleetOptions) -> None:
        super().__init__(specs, options=options)
        self.names = Pseudonyms(read_salt(state_folder()))
        self._learnt: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """Return the picture of now."""
        return self.names.hide(super().snapshot())

    def narrowed(self, narrow: Callable[[Snapshot], Snapshot]) -> Snapshot:
        """Return what is left of the picture of now by its real names; what is left may name who is not."""
        self.learn()
        return self.names.hide(narrow(super().snapshot()))

    def everyone(self) -> tuple[Node, ...]:
        """Return all nodes, hidden ones too."""
        real = super().everyone()
        empty = msgspec.structs.replace(super().snapshot(), nodes={node.ref: node for node in real}, pairs={})
        return tuple(self.names.hide(empty).nodes.values())

    def vantages(self) -> tuple[NodeRef, ...]:
        """Return the nodes that can be asked now."""
        self.learn()
        return tuple(self.names.ref(ref) for ref in super().vantages())

    def busy(self) -> frozenset[PairKey]:
        """Return the pairs that are being probed now."""
        return frozenset((self.names.ref(source), self.names.ref(target)) for source, target in super().busy())

    def asked(self) -> tuple[Asked, ...]:
        """Return every host, with a client that tells pseudonyms."""
        self.learn()
        return tuple(veiled(one, self.names) for one in super().asked())

    def chosen(self, selector: Selector) -> tuple[Asked, ...]:
        """Return the hosts that a selector means, by real names or by pseudonyms."""
        real, hidden = super().asked(), self.asked()
        by_name = {one.host.spec for one in selector.chosen(real)}
        by_pseudonym = {one.host.spec for one in selector.chosen(hidden)}
        return tuple(
            veil
            for one, veil in zip(real, hidden, strict=True)
            if one.host.spec in by_name or veil.host.spec in by_pseudonym
        )

    def learn(self) -> None:
        """Give everybody there is a pseudonym: whoever asks, answers or writes a log may name anybody."""
        picture = super().snapshot()
        if picture is not self._learnt:
            self._learnt = picture
            self.everyone()

    def name(self, refs: Iterable[NodeRef]) -> None:
        """Show and allow to probe these nodes although they are hidden or phones."""
        super().name(self.names.real_ref(ref) for ref in refs)

    def look_at(self, pairs: Iterable[PairKey]) -> None:
        """Probe these pairs every few seconds."""
        super().look_at(map(self._real, pairs))

    def mark(self, pairs: Iterable[PairKey]) -> None:
        """Keep these pairs in every sweep."""
        super().mark(map(self._real, pairs))

    def probe_now(self, pairs: Iterable[PairKey] | None = None) -> None:
        """Sweep these pairs at once, None = all."""
        super().probe_now(None if pairs is None else tuple(map(self._real, pairs)))

    def history(self, key: PairKey) -> tuple[Sample, ...]:
        """Return the samples kept of a pair."""
        return tuple(map(self._sample, super().history(self._real(key))))

    async def ping(
        self, template: RoundTemplate, asked: Mapping[PairKey, str], enough: Enough | None = None
    ) -> AsyncGenerator[tuple[PairKey, Sample | LocalAPIError], None]:
        """Ping pairs, by their real addresses."""
        real = {self._real(pair): self.names.real(address) for pair, address in asked.items()}
        async for (source, target), result in super().ping(template, real, enough):
            pair = self.names.ref(source), self.names.ref(target)
            yield pair, self._sample(result) if isinstance(result, Sample) else hidden_trouble(result, self.names)

    def _real(self, pair: PairKey) -> PairKey:
        return self.names.real_ref(pair[0]), self.names.real_ref(pair[1])

    def _sample(self, sample: Sample) -> Sample:
        hide = self.names.words
        return msgspec.structs.replace(
            sample,
            endpoint=hide(sample.endpoint) if sample.endpoint else sample.endpoint,
            peer_relay=hide(sample.peer_relay) if sample.peer_relay else sample.peer_relay,
            error=hide(sample.error) if sample.error else sample.error,
        )


def narrowed(fleet: Fleet, text: str, narrow: Callable[[Snapshot, str], Snapshot]) -> Snapshot:
    """Return the picture of now without what a filter does not let pass, be it typed by real names or pseudonyms."""
    if not isinstance(fleet, HiddenFleet):
        return narrow(fleet.snapshot(), text)
    fleet.learn()  # a pseudonym may stand in the filter
    return fleet.narrowed(lambda real: narrow(real, fleet.names.real(text)))


def shown(fleet: Fleet, text: str) -> str:
    """Return what a person typed as it is shown: by its pseudonym, whichever of the two it was."""
    if not isinstance(fleet, HiddenFleet):
        return text
    fleet.learn()
    return fleet.names.words(text, keeps_own=True)
