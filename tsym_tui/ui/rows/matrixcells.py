"""Every pair of a picture as arrays: a row for each host, a column for each node.

A large mesh has hundreds of thousands of pairs, so sums, orders and shares are made with numpy, and a newer picture
costs what is new in it. Nothing here knows of screens. numpy is imported here: load this module when a matrix is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import compress
from operator import attrgetter, is_not

import numpy as np
from numpy.typing import NDArray

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.looks import LOOKS, Look
from tsym_tui.graph.themes import FADED_SHARE, PROBE_INTERVAL_S, STALE_AFTER_S, THRESHOLDS_MS
from tsym_tui.ui.rows.matrixmetric import Metric

Codes = NDArray[np.uint8]
Keys = NDArray[np.int32]
Numbers = NDArray[np.float32]

ABSENT = 0
"""Code of a cell that nobody can fill: no host there, or another tailnet."""
SELF = 1
_FIRST = 2
"""Code of the first pair of state and class."""

_STATES = {state: place for place, state in enumerate(SampleState)}
_PATHS = {path: place for place, path in enumerate(PathKind)}
_LOOKS: tuple[Look, ...] = tuple(LOOKS[state, path] for state in SampleState for path in PathKind)

NO_STEP = 7
FULL = 7
"""Brightness of a young sample; older ones have less, in steps: else each second would paint every tile anew."""


class Kind(IntEnum):
    """What sums tell apart, the worst last."""

    NOTHING = 0
    NEVER = 1
    WELL = 2
    UNKNOWN = 3
    """Answers, and nobody says by what path."""
    STALE = 4
    SLOW = 5
    """Direct and slow; with another metric than the path, whatever is bad by it."""
    RELAY = 6
    DERP = 7
    DEAD = 8


KINDS = len(Kind)
_KIND_OF_PATH = {PathKind.PEER_RELAY: Kind.RELAY, PathKind.DERP: Kind.DERP, PathKind.UNKNOWN: Kind.UNKNOWN}


class Mark(IntEnum):
    """How the other direction of a pair differs from this one."""

    NONE = 0
    ONLY_HERE = 1
    """This direction answers, the other one does not."""
    ONLY_BACK = 2
    """The other direction answers, this one does not."""
    DIFFERS = 3
    """Both answer, by other classes or at another pace."""


PACE_STEPS = 2
"""Two directions whose round trips are this many steps apart disagree: they should be one and the same."""


def look_of_code(code: int) -> Look | None:
    """Return the look of a cell's code; None for a cell without a pair."""
    return _LOOKS[code - _FIRST] if code >= _FIRST else None


@dataclass(frozen=True, eq=False)
class Cells:
    """The pairs of one picture by place. `hosts` and `nodes` name the rows and columns of every array."""

    hosts: tuple[NodeRef, ...]
    nodes: tuple[NodeRef, ...]
    row: Mapping[NodeRef, int]
    column: Mapping[NodeRef, int]
    codes: Codes
    """State and class of each cell: see `look_of_code`."""
    order: list[tuple[NodeRef, NodeRef]]
    pairs: list[Pair]
    """In the order of the snapshot, which is kept while hosts and nodes stay."""
    places: NDArray[np.intp]
    """Where each pair stands in a flat array."""
    figures: dict[str, Numbers] = field(default_factory=dict)
    """Flat figures of all pairs by the name of their field, those that were asked for."""

    def numbers(self, metric: Metric) -> Numbers:
        """Return the metric's figures by row and column; NaN where there is none or the pair is not fresh."""
        grid = np.full(self.codes.size, np.nan, dtype=np.float32)
        grid[self.places] = self._figure(metric)
        grid[~is_fresh(self.codes).ravel()] = np.nan
        return grid.reshape(self.codes.shape)

    def _figure(self, metric: Metric) -> Numbers:
        match metric:
            case Metric.P95:
                return self._field("p95_ms")
            case Metric.JITTER:
                return self._field("jitter_ms")
            case Metric.LOSS:
                return self._field("loss")
            case Metric.AGE:
                return self._field("age_s")
            case _:
                typical = self._field("p50_ms")
                return np.where(np.isnan(typical), self._field("latency_ms"), typical)

    def _field(self, name: str) -> Numbers:
        known = self.figures.get(name)
        if known is None:
            known = self.figures[name] = _read(self.pairs, name)
        return known


def is_fresh(codes: Codes) -> NDArray[np.bool_]:
    """Whether cells hold a fresh pair."""
    return _is_state(codes, SampleState.FRESH)


def _is_state(codes: Codes, state: SampleState) -> NDArray[np.bool_]:
    first = _FIRST + _STATES[state] * len(PathKind)
    return (codes >= first) & (codes < first + len(PathKind))


def read_cells(snapshot: Snapshot, before: Cells | None = None) -> Cells:
    """Read a picture; with the one before, only what is not the same value any more."""
    hosts = tuple(dict.fromkeys(host.ref for host in snapshot.hosts if host.ref is not None))
    nodes = tuple(dict.fromkeys((*snapshot.nodes, *hosts)))
    order, pairs = list(snapshot.pairs), list(snapshot.pairs.values())
    if before is not None and before.hosts == hosts and before.nodes == nodes and before.order == order:
        return _updated(before, pairs)
    row = {ref: place for place, ref in enumerate(hosts)}
    column = {ref: place for place, ref in enumerate(nodes)}
    kept = [key[0] in row and key[1] in column for key in order]
    if not all(kept):
        order, pairs = list(compress(order, kept)), list(compress(pairs, kept))
    places = np.fromiter((row[source] * len(nodes) + column[target] for source, target in order), np.intp, len(order))
    codes = np.zeros((len(hosts), len(nodes)), dtype=np.uint8)
    codes.ravel()[places] = _read_codes(pairs)
    codes[np.arange(len(hosts)), [column[ref] for ref in hosts]] = SELF
    return Cells(hosts, nodes, row, column, codes, order, pairs, places)


def _updated(before: Cells, pairs: list[Pair]) -> Cells:
    """Take the pairs that are other values than before."""
    changed = list(compress(range(len(pairs)), map(is_not, pairs, before.pairs)))
    if not changed:
        return before
    fresh = [pairs[place] for place in changed]
    codes = before.codes.copy()
    codes.ravel()[before.places[changed]] = _read_codes(fresh)
    figures = {}
    for name, values in before.figures.items():
        figures[name] = values.copy()
        figures[name][changed] = _read(fresh, name)
    return Cells(
        before.hosts, before.nodes, before.row, before.column, codes, before.order, pairs, before.places, figures
    )


def _read(pairs: Sequence[Pair], name: str) -> Numbers:
    return np.array(list(map(attrgetter(name), pairs)), dtype=np.float32)


def _read_codes(pairs: Sequence[Pair]) -> Codes:
    states = np.fromiter(map(_STATES.__getitem__, map(attrgetter("state"), pairs)), np.uint8, len(pairs))
    paths = np.fromiter(map(_PATHS.__getitem__, map(attrgetter("path"), pairs)), np.uint8, len(pairs))
    return (_FIRST + states * len(PathKind) + paths).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Sheet:
    """The cells as one metric shows them."""

    cells: Cells
    metric: Metric
    keys: Keys
    """All that a tile's look depends on in one number: see `look_key`."""
    kinds: Codes
    severity: Numbers
    """How bad a cell is: the whole part by kind, the rest by its figure; 0 = nothing there."""
    numbers: Numbers
    """The metric's figures; NaN where there is none."""


class TileLook(IntEnum):
    """Where the parts of a tile's key begin."""

    CODE = 0
    STEP = 5
    FADE = 8
    BAD = 11
    MARK = 12


def look_key(key: int) -> tuple[int, int, int, bool, Mark]:
    """Take a key apart: code, step of the ramp, brightness, whether it is bad, how the other direction differs."""
    return key & 31, key >> TileLook.STEP & 7, key >> TileLook.FADE & 7, bool(key >> TileLook.BAD & 1), Mark(key >> 12)


def read_sheet(cells: Cells, metric: Metric, thresholds_ms: tuple[float, ...] = THRESHOLDS_MS) -> Sheet:
    """Work out what a metric makes of the cells; takes a few ms for 250,000."""
    codes, numbers = cells.codes, cells.numbers(metric)
    has_number = ~np.isnan(numbers)
    filled = np.where(has_number, numbers, 0.0)
    steps = np.where(has_number, np.searchsorted(metric.steps(thresholds_ms), filled, side="right"), NO_STEP)
    kinds = _kinds(codes, (steps >= metric.bad_step) & has_number, metric)
    fades = _fades(cells)
    marks = _marks(cells, thresholds_ms)
    is_bad = kinds > Kind.WELL
    keys = (
        codes.astype(np.int32)
        | steps.astype(np.int32) << TileLook.STEP
        | fades.astype(np.int32) << TileLook.FADE
        | is_bad.astype(np.int32) << TileLook.BAD
        | marks.astype(np.int32) << TileLook.MARK
    )
    most = 100_000.0 if metric is not Metric.LOSS else 1.01
    severity = (kinds + np.minimum(filled / most, 0.999)).astype(np.float32)
    return Sheet(cells, metric, keys, kinds, severity, numbers)


def _kinds(codes: Codes, is_over: NDArray[np.bool_], metric: Metric) -> Codes:
    """Name what each cell is; by path its class counts, by another metric only its figure."""
    by_code = np.zeros(_FIRST + len(_LOOKS), dtype=np.uint8)
    for place, look in enumerate(_LOOKS, _FIRST):
        match look.state:
            case SampleState.FRESH:
                well = Kind.WELL if metric is not Metric.PATH else _KIND_OF_PATH.get(look.path, Kind.WELL)
                by_code[place] = well
            case SampleState.STALE:
                by_code[place] = Kind.STALE
            case SampleState.FAILED:
                by_code[place] = Kind.DEAD
            case SampleState.NEVER:
                by_code[place] = Kind.NEVER
    kinds: Codes = by_code[codes]
    return np.where(is_over & (kinds == Kind.WELL), np.uint8(Kind.SLOW), kinds)


def _fades(cells: Cells) -> Codes:
    """Say how bright each cell is, as `freshness` does, in eight steps."""
    ages = np.nan_to_num(cells.numbers(Metric.AGE), nan=0.0)
    shares = np.interp(ages, (PROBE_INTERVAL_S, STALE_AFTER_S), (1.0, FADED_SHARE))
    return np.round((shares - FADED_SHARE) / (1.0 - FADED_SHARE) * FULL).astype(np.uint8)


def _marks(cells: Cells, thresholds_ms: tuple[float, ...]) -> Codes:
    """Compare the two directions wherever both ends are hosts."""
    marks = np.zeros(cells.codes.shape, dtype=np.uint8)
    ends = [cells.column[ref] for ref in cells.hosts]
    there = cells.codes[:, ends]
    back = there.T
    is_answered, is_dead = is_fresh(there), _is_state(there, SampleState.FAILED)
    both = is_answered & is_answered.T
    ms = cells.numbers(Metric.P50)[:, ends]
    paces = np.searchsorted(thresholds_ms, np.nan_to_num(ms, nan=0.0), side="right")
    is_timed = ~np.isnan(ms) & ~np.isnan(ms.T)
    unknown = _FIRST + _STATES[SampleState.FRESH] * len(PathKind) + _PATHS[PathKind.UNKNOWN]
    is_other = (there != back) & (there != unknown) & (back != unknown)
    is_other |= is_timed & (np.abs(paces - paces.T) >= PACE_STEPS)
    found = np.zeros(there.shape, dtype=np.uint8)
    found[both & is_other] = Mark.DIFFERS
    found[is_answered & is_dead.T] = Mark.ONLY_HERE
    found[is_dead & is_answered.T] = Mark.ONLY_BACK
    marks[:, ends] = found
    return marks


def count_kinds(kinds: Codes) -> NDArray[np.intp]:
    """Count the kinds in each row of a block."""
    height, width = kinds.shape
    if not width:
        return np.zeros((height, KINDS), dtype=np.intp)
    flat = kinds.astype(np.intp) + (np.arange(height) * KINDS)[:, None]
    return np.bincount(flat.ravel(), minlength=height * KINDS).reshape(height, KINDS)
