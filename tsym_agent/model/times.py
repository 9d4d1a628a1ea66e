"""Times as the daemon writes them: RFC 3339 text, up to nine fractional digits, `0001-01-01T00:00:00Z` for never."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_time(text: str | None) -> datetime | None:
    """Read a time in UTC; None for missing, never and unreadable."""
    if not text or text.startswith("0001-01-01"):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):  # overflow: an end of time that UTC moves past the calendar's
        return None


def format_time(moment: datetime) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds, the form of every document of ours."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
