"""Prometheus' text format (0.0.4): families of samples, names and labels spelled safely."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tsym_agent.model.text import printable
from tsym_agent.server.redact import scrub

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

MOST_LABEL = 200
"""Characters of a label: names come from strangers."""

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})

_NEEDS_ESCAPE = re.compile(r'[\\"\n]')

Labels = Mapping[str, str]


class Page:
    """Gathers families and writes them out."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, name: str, kind: str, words: str, samples: Iterable[tuple[Labels, float | int]]) -> None:
        """Add a gauge or counter; nothing is written for one without samples."""
        self._family(name, kind, words, [_line(name, labels, value) for labels, value in samples])

    def add_value(self, name: str, kind: str, words: str, value: float | None) -> None:
        """Add one that has no labels; None = unknown, and then it is not there."""
        if value is not None:
            self.add(name, kind, words, [({}, value)])

    def add_histogram(self, name: str, words: str, histograms: Iterable[tuple[Labels, Histogram]]) -> None:
        """Add a histogram for each set of labels."""
        lines: list[str] = []
        for labels, histogram in histograms:
            for bound, count in histogram.cumulative():
                lines.append(_line(f"{name}_bucket", {**labels, "le": bound}, count))
            lines.append(_line(f"{name}_sum", labels, histogram.total))
            lines.append(_line(f"{name}_count", labels, histogram.count))
        self._family(name, "histogram", words, lines)

    def body(self) -> bytes:
        """Return the page, fit to leave the machine."""
        return scrub("".join(f"{line}\n" for line in self._lines).encode())

    def _family(self, name: str, kind: str, words: str, lines: list[str]) -> None:
        if lines:
            self._lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}", *lines]


class Histogram:
    """Counts of values below each bound."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    def observe(self, value: float) -> None:
        """Take a value in."""
        place = next((place for place, bound in enumerate(self._bounds) if value <= bound), len(self._bounds))
        self._counts[place] += 1
        self.total += value

    def cumulative(self) -> Iterable[tuple[str, int]]:
        """Return each bound and how many values were at most that."""
        so_far = 0
        for bound, count in zip((*(f"{bound:g}" for bound in self._bounds), "+Inf"), self._counts, strict=True):
            so_far += count
            yield bound, so_far


def _line(name: str, labels: Labels, value: float) -> str:
    spelled = ",".join(f'{label}="{_label(text)}"' for label, text in labels.items())
    return f"{name}{{{spelled}}} {value!r}" if spelled else f"{name} {value!r}"


def _label(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        text = "\n".join(printable(line) for line in text.split("\n"))
    return text[:MOST_LABEL].translate(_ESCAPES) if _NEEDS_ESCAPE.search(text) else text[:MOST_LABEL]
