"""When a first look may be believed.

The first ping to an idle peer goes by DERP while a direct path is still being found. So a one-shot command probes on
until each pair is direct, or has shown the same class twice with time enough in between for a better one to appear, or
is plainly dead.
"""

from __future__ import annotations

from collections.abc import Sequence

from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.probe import limits
from tsym_agent.probe.window import Sample, is_dead


def is_settled(samples: Sequence[Sample], *, lost_enough: int = limits.PROBES_PER_SWEEP) -> bool:
    """Say whether the samples of a first look, in the order of sending, show what the pair will keep showing.

    `lost_enough` is the number of lost probes that make a pair dead, given time enough for another path to take over;
    one is enough where nobody expects an answer.
    """
    answered = [sample for sample in samples if sample.is_answered]
    if not answered:
        return _is_silence_long(samples, lost_enough)
    newest = answered[-1]
    if newest.path is PathKind.DIRECT:
        return True
    if len(answered) < 2 or answered[-2].path is not newest.path:
        return False
    return newest.kind is not PingKind.DISCO or newest.at_s - samples[0].at_s >= limits.SETTLE_RELAYED_S


def is_judged(samples: Sequence[Sample], *, lost_enough: int = limits.PROBES_PER_SWEEP) -> bool:
    """Say whether the samples of a later sweep are enough: one answer, or a silence that another path would end."""
    return any(sample.is_answered for sample in samples) or _is_silence_long(samples, lost_enough)


def _is_silence_long(samples: Sequence[Sample], lost_enough: int) -> bool:
    return bool(samples) and is_dead(samples, samples[0].at_s, lost_enough=lost_enough)
