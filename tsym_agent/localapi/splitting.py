"""JSON objects that follow each other without a mark between them: what `debug-bus-events` sends."""

from __future__ import annotations

import re

from tsym_agent.wire.errors import ProtocolError, TooLargeError

_OUTSIDE = re.compile(rb'["{}\[\]]')
_INSIDE = re.compile(rb'["\\]')


class ObjectSplitter:
    """Cuts a stream of chunks where an object ends, looking at each byte once."""

    def __init__(self, max_object_bytes: int) -> None:
        self._max = max_object_bytes
        self._buffer = bytearray()
        self._looked_at = 0
        self._depth = 0
        self._is_in_text = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take a chunk in and return the objects it completes; raises `WireError` for what cannot be objects."""
        self._buffer += chunk
        found: list[bytes] = []
        start = 0
        while (end := self._next_end()) is not None:
            found.append(bytes(self._buffer[start:end]).strip())
            start = end
        del self._buffer[:start]
        self._looked_at -= start
        if len(self._buffer) > self._max:
            raise TooLargeError(f"an object of more than {self._max} bytes")
        return found

    def _next_end(self) -> int | None:
        """Look on until an object ends; None when all that has come is looked at."""
        while (mark := self._next_mark()) is not None:
            if mark == '"':
                self._is_in_text = not self._is_in_text
            elif mark in "{[":
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth < 0:
                    raise ProtocolError("not JSON objects")
                if self._depth == 0:
                    return self._looked_at
        return None

    def _next_mark(self) -> str | None:
        """Return the next character that counts, and stand behind it."""
        while True:
            found = (_INSIDE if self._is_in_text else _OUTSIDE).search(self._buffer, self._looked_at)
            if found is None:
                self._looked_at = len(self._buffer)
                return None
            mark, end = found[0].decode(), found.end()
            del found  # it holds the buffer, which could then not grow
            if mark != "\\":
                self._looked_at = end
                return mark
            if end == len(self._buffer):  # what it escapes has not come yet
                self._looked_at = end - 1
                return None
            self._looked_at = end + 1
