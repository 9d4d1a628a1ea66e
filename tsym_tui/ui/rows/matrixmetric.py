"""What a matrix shows of its pairs, and in which order: the choices a person has. Light: no numpy.

The colour of a tile is a step of the chosen metric, so each metric has its own five thresholds; the legend names them.
Without a choice the colour is the latency, as everywhere.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import SampleState
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.looks import format_age, format_loss, format_ms, number_of
from tsym_tui.graph.themes import THRESHOLDS_MS

JITTER_MS = (1.0, 3.0, 10.0, 30.0, 100.0)
LOSS_SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
AGES_S = (10.0, 30.0, 60.0, 90.0, 120.0)
"""A sample is old before it is stale: the last step begins half a minute before that."""


class Metric(StrEnum):
    """What colours a tile, and what the numbers of the cursor's row are."""

    PATH = "path"
    """Class and typical round trip together: what a matrix is opened for."""
    P50 = "p50"
    P95 = "p95"
    LOSS = "loss"
    JITTER = "jitter"
    AGE = "age"

    def number(self, pair: Pair) -> float | None:
        """Return a pair's figure in its unit (ms, a share, seconds); None unless the pair is fresh and has one."""
        if pair.state is not SampleState.FRESH:
            return None
        match self:
            case Metric.P95:
                return pair.p95_ms
            case Metric.JITTER:
                return pair.jitter_ms
            case Metric.LOSS:
                return pair.loss
            case Metric.AGE:
                return pair.age_s
            case _:
                return number_of(pair)

    def write(self, number: float | None) -> str:
        """Write a figure without its unit, in at most three cells."""
        if number is None:
            return ""
        match self:
            case Metric.AGE:
                return short_age(number)
            case Metric.LOSS:
                return format_loss(number).removesuffix(" %")
            case _:
                return short_ms(number)

    def say(self, number: float | None) -> str:
        """Write a figure with its unit."""
        match self:
            case Metric.AGE:
                return format_age(number)
            case Metric.LOSS:
                return format_loss(number)
            case _:
                return f"{format_ms(number)} ms"

    def steps(self, thresholds_ms: tuple[float, ...] = THRESHOLDS_MS) -> tuple[float, ...]:
        """Return where a figure takes the next of the six steps; those of a round trip are settings."""
        match self:
            case Metric.JITTER:
                return JITTER_MS
            case Metric.LOSS:
                return LOSS_SHARES
            case Metric.AGE:
                return AGES_S
            case _:
                return thresholds_ms

    def ramp(self, thresholds_ms: tuple[float, ...] = THRESHOLDS_MS) -> tuple[tuple[float, ...], str]:
        """Return the thresholds as a legend writes them, and their unit."""
        match self:
            case Metric.LOSS:
                return tuple(share * 100 for share in LOSS_SHARES), "% lost"
            case Metric.AGE:
                return AGES_S, "s old"
            case Metric.JITTER:
                return JITTER_MS, "ms jitter"
            case Metric.P95:
                return thresholds_ms, "ms p95"
            case _:
                return thresholds_ms, "ms"

    @property
    def is_time(self) -> bool:
        """Whether a figure is in milliseconds."""
        return self not in {Metric.LOSS, Metric.AGE}

    @property
    def bad_step(self) -> int:
        """From which step on a fresh pair is worth a look."""
        return {Metric.LOSS: 1, Metric.JITTER: 3, Metric.AGE: 3}.get(self, 5)

    @property
    def unit(self) -> str:
        """What stands before the numbers."""
        return {
            Metric.LOSS: "loss %",
            Metric.AGE: "age",
            Metric.JITTER: "jitter ms",
            Metric.P95: "p95 ms",
            Metric.P50: "p50 ms",
        }.get(self, "ms")


class Sort(StrEnum):
    """What decides the order of rows and columns."""

    GROUP = "group"
    """Groups by name, what belongs to none of them last; in a group by place and name."""
    SIMILAR = "similarity"
    """What behaves alike stands side by side."""
    NAME = "name"
    WORST = "worst"


SORT_LETTERS = {"g": Sort.GROUP, "s": Sort.SIMILAR, "n": Sort.NAME, "b": Sort.WORST}
"""The key that takes each order."""

CRITERIA: tuple[Criterion | None, ...] = (
    None,
    Criterion.TAG,
    Criterion.SITE,
    Criterion.SUBNET,
    Criterion.OWNER,
    Criterion.NONE,
)
"""What columns can be grouped by; None chooses what tells most."""


class Folds(msgspec.Struct, frozen=True):
    """What was folded and unfolded by hand along one axis."""

    opened: frozenset[str] = frozenset()
    """Titles of groups that stay unfolded."""
    closed: frozenset[str] = frozenset()
    """Titles of groups that stay folded."""

    def turned(self, title: str, *, is_folded: bool) -> Folds:
        """Fold a group that is not, and unfold one that is."""
        if is_folded:
            return Folds(self.opened | {title}, self.closed - {title})
        return Folds(self.opened - {title}, self.closed | {title})


class Choice(msgspec.Struct, frozen=True):
    """What a person chose to see of a matrix."""

    metric: Metric = Metric.PATH
    sort: Sort = Sort.GROUP
    by: Criterion | None = None
    is_swapped: bool = False
    """Whether nodes are the rows, and hosts the columns."""
    nodes: Folds = Folds()
    hosts: Folds = Folds()


def short_ms(number: float) -> str:
    """Write milliseconds in three cells: `0.8`, `38`, `263`; from a second on with its unit."""
    if number < 999.5:
        return format_ms(number, trim=True).removeprefix("<")
    return f"{min(99, number / 1000):.0f}s"


def short_age(number: float) -> str:
    """Write an age in three cells: `40s`, `6m`, `2h`."""
    return format_age(number).replace(" ", "").replace("min", "m")


def short_number(pair: Pair | None, metric: Metric) -> str:
    """Write what stands in the cursor's row for a pair; a pair that is not fresh has an age and no other figure."""
    if pair is None or pair.state is SampleState.NEVER:
        return ""
    if metric is Metric.AGE:
        return "" if pair.age_s is None else short_age(pair.age_s)
    if metric is Metric.LOSS and pair.state is SampleState.FAILED:
        return ""
    return metric.write(metric.number(pair))
