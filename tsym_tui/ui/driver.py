"""The terminal, handled so that it survives us: slow, stalled, stopped or gone.

Textual's driver trusts its terminal. Ours adds what an SSH session needs:

* writes go through a counter, so a frame can be skipped while older ones still wait (`backlog`), and a terminal that
  stopped reading can never block the event loop: what does not fit is dropped, and the whole screen drawn again later;
* a terminal that is gone ends the app in order instead of with a traceback or a spinning thread;
* a plain SIGCONT (after SIGSTOP, from a debugger) does not enter the alternate screen a second time, which would make
  Textual remember raw mode as the mode to restore (seen with 8.2.8).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from threading import Condition
from typing import IO, Any, TextIO, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

MAX_BACKLOG = 20
"""Writes that may wait; Textual's queue holds 30 and would block the loop at the next one."""

DRAIN_S = 1.0
"""How long leaving waits for a terminal that does not read."""


class TerminalOutput:
    """A file for the writer thread: counts what waits, and takes a dead terminal as an end of the show.

    Writes with `os.write`: a thread that is stuck in a buffered file would hold its lock and crash the interpreter when
    it ends.
    """

    def __init__(self, stream: TextIO, on_gone: Callable[[], None]) -> None:
        self._fd = stream.fileno()
        self._encoding = stream.encoding or "utf-8"
        self._on_gone = on_gone
        self._waiting = 0
        self._changed = Condition()
        self.is_gone = False

    @property
    def backlog(self) -> int:
        """Writes that were handed over and are not through yet."""
        return self._waiting

    def fileno(self) -> int:
        """Return the descriptor of the terminal."""
        return self._fd

    def flush(self) -> None:
        """Do nothing: nothing is kept back."""

    def expect(self) -> None:
        """Count a write that is about to be queued."""
        with self._changed:
            self._waiting += 1

    def write(self, text: str) -> int:
        """Write all of a text; called by the writer thread."""
        try:
            if not self.is_gone:
                self._write_all(text.encode(self._encoding, errors="replace"))
        except OSError:  # EIO of a closed pty, EPIPE of a closed pipe: nobody will look any more
            self.is_gone = True
            self._on_gone()
        finally:
            with self._changed:
                self._waiting -= 1
                self._changed.notify_all()
        return len(text)

    def _write_all(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything is written; False when the terminal takes too long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting <= 0, timeout_s)


def terminal_stream() -> TextIO:
    """Return the standard stream that is a terminal; stderr when none is, as Textual would."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and stream.isatty():
            return cast("TextIO", stream)
    return cast("TextIO", sys.__stderr__)


class TerminalDriver(LinuxDriver):
    """Textual's driver for Linux and macOS with our manners."""

    def __init__(self, app: App[Any], **options: Any) -> None:  # noqa: ANN401 - handed through to Textual unread
        super().__init__(app, **options)
        self.output = TerminalOutput(terminal_stream(), self._leave)
        self._file = cast("IO[str]", self.output)  # type: ignore[assignment]  # Textual calls write, flush, fileno only
        self._is_ending = False
        self._is_suspended = False
        self.dropped = False
        """Whether something was not written, so that the screen must be drawn again."""

    @property
    def backlog(self) -> int:
        """Writes that the terminal has not taken yet."""
        return self.output.backlog

    def write(self, data: str) -> None:
        """Queue a write; dropped while the terminal is far behind, unless we are leaving."""
        if self.output.is_gone or (self.output.backlog >= MAX_BACKLOG and not self._is_ending):
            self.dropped = True
            return
        self.output.expect()
        super().write(data)

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        self._is_ending = True
        super().stop_application_mode()
        self._is_ending = False

    def close(self) -> None:
        """End the writer thread; a stuck one is left behind, a daemon that dies with us."""
        if self.output.drain(DRAIN_S):
            super().close()

    def suspend_application_mode(self) -> None:
        """Give the terminal back for a while."""
        self._is_suspended = True
        super().suspend_application_mode()

    def resume_application_mode(self) -> None:
        """Take the terminal again, if it was given back."""
        if self._is_suspended:
            self._is_suspended = False
            super().resume_application_mode()

    def _leave(self) -> None:
        """End the app from the writer thread: the terminal is gone."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._app.exit, None, 129)
