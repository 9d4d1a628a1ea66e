"""Numbers as people say them: milliseconds on a line, an age beside a name."""

from __future__ import annotations

NO_NUMBER = "·"
"""Stands where a number is unknown: never a zero."""

_AGE_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def format_ms(latency_ms: float | None, *, trim: bool = False) -> str:
    """Say a round trip without its unit: one decimal below 10 ms, none above.

    `trim` drops a trailing `.0`, for maps; columns keep it so that their points stand in line.
    """
    if latency_ms is None:
        return NO_NUMBER
    if latency_ms < 0.05:
        return "<0.1"
    if latency_ms >= 9.95:
        return f"{latency_ms:.0f}"
    text = f"{latency_ms:.1f}"
    return text.removesuffix(".0") if trim else text


def format_age(age_s: float | None) -> str:
    """Say how long ago, in the largest whole unit: `40 s`, `6 min`, `2 h`, `3 d`; `never` for None."""
    if age_s is None:
        return "never"
    for size_s, unit in _AGE_UNITS:
        if age_s >= size_s:
            return f"{int(age_s // size_s)} {unit}"
    return "0 s"


def format_loss(loss: float | None) -> str:
    """Say a share of 0 to 1 in per cent; a loss that is not zero never reads as zero."""
    if loss is None:
        return NO_NUMBER
    if 0 < loss < 0.01:
        return "<1 %"
    return f"{loss * 100:.0f} %"
