"""Times as daemons write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tsym_agent.model.times import format_time, parse_time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
        ("2026-01-02T03:04:05.1Z", datetime(2026, 1, 2, 3, 4, 5, 100000, tzinfo=UTC)),
        ("2026-01-02T05:34:05+02:30", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("tomorrow", None),
        ("", None),
        (None, None),
    ],
    ids=[
        "whole",
        "nine-digits",
        "one-digit",
        "zone",
        "no-zone",
        "never",
        "never-zoned",
        "end",
        "words",
        "empty",
        "none",
    ],
)
def test_a_time_is_read_in_utc_or_is_none(text: str | None, moment: datetime | None) -> None:
    assert parse_time(text) == moment


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 1, 2, 5, 4, 5, 123987, tzinfo=timezone(timedelta(hours=2)))

    assert format_time(moment) == "2026-01-02T03:04:05.123Z"
