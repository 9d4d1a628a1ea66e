"""What a pair's probes brought, in a window bounded by count and by age.

The window answers with a `Pair`. Its rules, in the order they are asked:

* *failed*: no probe of the last sweep was answered, or the last three probes were all lost, whatever their sweep, for
  longer than a broken path stays trusted. Any later answer ends it. Partial loss never fails a pair; it shows as loss.
* *stale*: the newest answer is too old.
* *fresh*: answered lately; or never probed, and status lately proved a UDP path.
* *never*: none of these.

The class is that of the last answered disco ping in the order of sending, because a first pong by DERP says little
while a direct path is still being found. Other pings are answered inside the tunnel and name no path.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_agent.probe import limits

TIMED_OUT = "timed out"
"""The words of silence."""


class Sample(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One probe and what became of it."""

    at_s: float
    """When it was sent, on the prober's monotonic clock."""
    kind: PingKind = PingKind.DISCO
    latency_ms: float | None = None
    """Round trip; None without an answer."""
    path: PathKind = PathKind.UNKNOWN
    endpoint: str | None = None
    derp_region: str | None = None
    peer_relay: str | None = None
    error: str | None = None
    """Why there is no answer, printable; None = it was answered."""
    sweep: int = 0
    """Number of the sweep it belongs to; 0 = none, a look between sweeps."""

    @property
    def is_answered(self) -> bool:
        """Whether a pong came."""
        return self.error is None

    @property
    def names_path(self) -> bool:
        """Whether its pong can say which way it came."""
        return self.error is None and self.kind is PingKind.DISCO


class PassivePath(msgspec.Struct, frozen=True, kw_only=True):
    """A UDP path that status proved without a probe of ours."""

    at_s: float
    path: PathKind
    endpoint: str | None = None
    peer_relay: str | None = None


class Window:
    """The samples of one ordered pair."""

    def __init__(self, *, max_samples: int = limits.WINDOW_SAMPLES, max_age_s: float = limits.WINDOW_AGE_S) -> None:
        self._samples: list[Sample] = []
        self._max_samples = max_samples
        self._max_age_s = max_age_s
        self._last_answer: Sample | None = None
        self._last_path: Sample | None = None
        self._failed_at_s: float | None = None
        self._passive: PassivePath | None = None
        self._figures: Figures | None = None

    @property
    def samples(self) -> tuple[Sample, ...]:
        """What is kept, in the order of sending."""
        return tuple(self._samples)

    def add(self, sample: Sample) -> None:
        """Keep a sample. Probes overlap, so a lost one may come after the answers to later ones."""
        bisect.insort(self._samples, sample, key=_sent_at)
        del self._samples[: -self._max_samples]
        self._figures = None
        if sample.is_answered and _is_newer(sample, self._last_answer):
            self._last_answer = sample
        if sample.names_path and _is_newer(sample, self._last_path):
            self._last_path = sample

    def close_sweep(self, number: int) -> None:
        """Judge a sweep whose probes are all back: when none was answered, the pair has failed."""
        sent = [sample for sample in self._samples if sample.sweep == number]
        if sent and not any(sample.is_answered for sample in sent):
            self._failed_at_s = sent[-1].at_s

    def note_passive(self, evidence: PassivePath) -> None:
        """Keep the newest proof from status."""
        self._passive = evidence

    def expire(self, now_s: float) -> None:
        """Drop samples that are too old to say anything of now."""
        if self._samples and self._samples[0].at_s < now_s - self._max_age_s:
            first = bisect.bisect_left(self._samples, now_s - self._max_age_s, key=_sent_at)
            del self._samples[:first]
            self._figures = None

    def state(self, now_s: float) -> SampleState:
        """Say what the pair's newest sample is worth at this moment."""
        if self._has_failed():
            return SampleState.FAILED
        if self._last_answer and now_s - self._last_answer.at_s <= limits.STALE_AFTER_S:
            return SampleState.FRESH
        if self._passive and now_s - self._passive.at_s <= limits.STALE_AFTER_S:
            return SampleState.FRESH
        return SampleState.STALE if self._last_answer or self._passive else SampleState.NEVER

    def to_pair(self, source: NodeRef, target: NodeRef, now_s: float) -> Pair:
        """Sum the window up."""
        self.expire(now_s)
        if self._passive and self._rests_on_status(now_s):
            return self._pair_from_status(self._passive, source, target, now_s)
        newest = self._samples[-1] if self._samples else None
        answer, route = self._last_answer, self._current_route()
        figures = self._figures = self._figures or Figures.of(self._samples)
        return Pair(
            source=source,
            target=target,
            path=route.path if route else PathKind.UNKNOWN,
            state=self.state(now_s),
            ping=(newest or answer).kind if newest or answer else None,  # type: ignore[union-attr]  # one of them is there
            latency_ms=answer.latency_ms if answer else None,
            p50_ms=figures.p50_ms,
            p95_ms=figures.p95_ms,
            jitter_ms=figures.jitter_ms,
            loss=figures.loss,
            samples=len(self._samples),
            age_s=max(0.0, now_s - answer.at_s) if answer else None,
            endpoint=route.endpoint if route else None,
            derp_region=route.derp_region if route else None,
            peer_relay=route.peer_relay if route else None,
            error=newest.error if newest else None,
        )

    def _has_failed(self) -> bool:
        answered_at_s = self._last_answer.at_s if self._last_answer else float("-inf")
        if self._failed_at_s is not None and self._failed_at_s >= answered_at_s:
            return True
        if not self._samples:
            return False
        newest = self._samples[-limits.PROBES_PER_SWEEP :]
        if any(sample.is_answered for sample in newest):
            return False
        silent_since_s = self._last_answer.at_s if self._last_answer else self._samples[0].at_s
        return is_dead(newest, silent_since_s)

    def _rests_on_status(self, now_s: float) -> bool:
        """Whether status is all there is: no probe was sent, or the answers are stale while status is not."""
        if self._passive is None or self._has_failed():
            return False
        if self._last_answer is None:
            return True  # nothing but losses so far, and not enough of them to doubt status
        stale = now_s - self._last_answer.at_s > limits.STALE_AFTER_S
        return stale and self._passive.at_s > self._last_answer.at_s

    def _pair_from_status(self, passive: PassivePath, source: NodeRef, target: NodeRef, now_s: float) -> Pair:
        return Pair(
            source=source,
            target=target,
            path=passive.path,
            state=self.state(now_s),
            age_s=max(0.0, now_s - passive.at_s),
            endpoint=passive.endpoint,
            peer_relay=passive.peer_relay,
        )

    def _current_route(self) -> Sample | None:
        """Return the pong that names the path; an old one names nothing while newer pongs of other kinds come in."""
        route, answer = self._last_path, self._last_answer
        if route is None or answer is None or route is answer:
            return route
        return route if answer.at_s - route.at_s <= limits.STALE_AFTER_S else None


class Figures(msgspec.Struct, frozen=True):
    """The numbers of a window; None where there is nothing to count."""

    p50_ms: float | None = None
    p95_ms: float | None = None
    jitter_ms: float | None = None
    """Mean absolute difference of neighbouring round trips."""
    loss: float | None = None

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> Figures:
        """Count: percentiles over answered probes, loss over all."""
        if not samples:
            return cls()
        trips = [sample.latency_ms for sample in samples if sample.latency_ms is not None]
        steps = [abs(after - before) for before, after in itertools.pairwise(trips)]
        ordered = sorted(trips)
        return cls(
            p50_ms=percentile(ordered, 0.50),
            p95_ms=percentile(ordered, 0.95),
            jitter_ms=sum(steps) / len(steps) if steps else None,
            loss=sum(not sample.is_answered for sample in samples) / len(samples),
        )


def is_dead(lost: Sequence[Sample], silent_since_s: float, *, lost_enough: int = limits.PROBES_PER_SWEEP) -> bool:
    """Say whether losses, in the order of sending, show that no other path takes over.

    A broken path stays trusted for a while, and only then do others get their turn: so silence must have lasted. An
    error that the daemon gives at once needs no such patience, nor does a node of which nobody expects an answer
    (`lost_enough` = 1).
    """
    if len(lost) < lost_enough:
        return False
    was_silent = any(sample.error == TIMED_OUT for sample in lost)
    return lost_enough == 1 or not was_silent or lost[-1].at_s - silent_since_s >= limits.DEAD_AFTER_S


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value below which a share of a sorted series lies, linear between neighbours; None when empty."""
    if not ordered:
        return None
    position = share * (len(ordered) - 1)
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _sent_at(sample: Sample) -> float:
    return sample.at_s


def _is_newer(sample: Sample, kept: Sample | None) -> bool:
    return kept is None or sample.at_s >= kept.at_s
