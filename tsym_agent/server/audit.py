"""Who ran what: one line a request, in logfmt, on standard error, where a journal or a container's log takes it.

A line says who asked, for what, whether that was allowed, and how it ended; never the values of a question, which may
be names somebody looked up. Streams have two lines, since they may stand for days. Writing never waits: where nobody
takes the log, lines are lost, and the next one that gets through says how many.
"""

from __future__ import annotations

import logging
import os
import re
import select
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

from tsym_agent.model.text import printable
from tsym_agent.model.times import format_time
from tsym_agent.server.redact import scrub_words

_MOST_VALUE = 120
_MOST_LINE_BYTES = 2048
"""Below what a pipe takes at once, so that lines never mix."""

_PLAIN = re.compile(r"[A-Za-z0-9_.,:/@+*\[\]-]+")

Sink = Callable[[str], bool]
"""Takes a line; False when it had no room for it."""


class Audit:
    """The log of requests, and of what the agent itself has to say."""

    def __init__(self, sink: Sink | None = None, *, with_time: bool = True) -> None:
        self._sink = sink or stderr_sink
        self._with_time = with_time
        self.lost = 0
        """Lines that found no room since the last that did."""

    def write(self, event: str, fields: Mapping[str, object], *, ms: float | None = None) -> None:
        """Write one line; fields that are None or empty are left out, `ms` says how long it took.

        What comes with `ms` is kept for lines with the same fields: make sure that they are short.
        """
        said = _words(tuple(fields.items())) if ms is None else _known_words(tuple(fields.items()))
        at = f"at={_time(time.time_ns() // 1_000_000)} " if self._with_time else ""
        took = "" if ms is None else f" ms={ms:.1f}"
        lost = f" lost={self.lost}" if self.lost else ""
        self.lost = 0 if self._sink(f"{at}event={event}{said}{took}{lost}") else self.lost + 1


class FaultLog(logging.Handler):
    """Takes what our libraries and asyncio log, as lines like all others: a traceback is nothing for a journal."""

    def __init__(self, audit: Audit) -> None:
        super().__init__(logging.WARNING)
        self._audit = audit

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record down in one line."""
        error = record.exc_info[1] if record.exc_info else None
        self._audit.write("log", {"level": record.levelname, "says": record.getMessage(), **describe(error)})


def describe(error: BaseException | None) -> dict[str, str]:
    """Return what an error says and where it was raised."""
    if error is None:
        return {}
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""
    return {"error": f"{type(error).__name__}: {error}", "at_line": place}


def _time(now_ms: int) -> str:
    """Write a moment of the Unix clock as `format_time` does."""
    now_s, past_ms = divmod(now_ms, 1000)
    return f"{_second(now_s)}.{past_ms:03}Z"


@lru_cache(maxsize=2)
def _second(now_s: int) -> str:
    return format_time(datetime.fromtimestamp(now_s, UTC)).partition(".")[0]


def _words(fields: tuple[tuple[str, object], ...]) -> str:
    return "".join([f" {name}={_value(value)}" for name, value in fields if value not in {None, ""}])


_known_words = lru_cache(maxsize=512)(_words)
"""Callers and what they ask come again: looking for secrets costs more than all the rest of a line."""


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    return _text(str(value)[: 2 * _MOST_VALUE])


def _text(text: str) -> str:
    text = printable(scrub_words(text))
    if len(text) > _MOST_VALUE:
        text = text[: _MOST_VALUE - 1] + "…"
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def stderr_sink(line: str) -> bool:
    """Write a line to standard error unless that would wait; a closed one takes everything and keeps nothing."""
    try:
        descriptor = sys.stderr.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        if not poll.poll(0):
            return False
        os.write(descriptor, line.encode("utf-8", "replace")[: _MOST_LINE_BYTES - 1] + b"\n")
    except (OSError, ValueError, AttributeError):  # closed, or no file at all
        return True
    return True
