"""`--hide-names`: a fleet that is told and tells pseudonyms only, the same ones as in the app.

Hosts are asked by real names all the same; nothing that a command prints of them comes from anywhere else.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping

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
from tsym_tui.fleet.specs import HostSpec

HIDDEN_NOTE = "names are pseudonyms"
"""What a reader is told, as the app's own pages do."""


class HiddenFleet(Fleet):
    """A fleet whose every answer carries pseudonyms, and that knows who is meant by one."""

    def __init__(self, specs: Iterable[HostSpec], options: FleetOptions) -> None:
        super().__init__(specs, options=options)
        self.names = Pseudonyms(read_salt(state_folder()))

    def snapshot(self) -> Snapshot:
        """Return the picture of now."""
        return self.names.hide(super().snapshot())

    def everyone(self) -> tuple[Node, ...]:
        """Return all nodes, hidden ones too."""
        real = super().everyone()
        empty = msgspec.structs.replace(super().snapshot(), nodes={node.ref: node for node in real}, pairs={})
        return tuple(self.names.hide(empty).nodes.values())

    def vantages(self) -> tuple[NodeRef, ...]:
        """Return the nodes that can be asked now."""
        return tuple(self.names.ref(ref) for ref in super().vantages())

    def busy(self) -> frozenset[PairKey]:
        """Return the pairs that are being probed now."""
        return frozenset((self.names.ref(source), self.names.ref(target)) for source, target in super().busy())

    def asked(self) -> tuple[Asked, ...]:
        """Return every host, and nobody who could be asked past us."""
        return tuple(
            one._replace(
                host=self.names.host(one.host), node=None, client=None, tags=tuple(map(self.names.words, one.tags))
            )
            for one in super().asked()
        )

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
            yield pair, self._sample(result) if isinstance(result, Sample) else result

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


def shown(fleet: Fleet, text: str) -> str:
    """Return what a person typed as it is shown: by its pseudonym, whichever of the two it was."""
    return fleet.names.words(text, keeps_own=True) if isinstance(fleet, HiddenFleet) else text
