"""What the agent tells whoever started it: a person, a log, a service manager."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping
from contextlib import suppress

from tsym_agent.exits import Exit


class CannotStandError(Exception):
    """An agent cannot stand on this host with these settings; says what to do."""

    def __init__(self, words: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(words)
        self.code = code


def say(words: str) -> None:
    """Say something, in one line without secrets; a log that nobody takes holds nobody up."""
    from tsym_agent.model.text import printable
    from tsym_agent.server.audit import stderr_sink
    from tsym_agent.server.redact import scrub_words

    stderr_sink(f"tsym-agent: {printable(scrub_words(words))}")


def offer_link(link: str) -> None:
    """Show a person at a terminal where to log in; a link is never said to a log."""
    sys.stderr.write(f"tsym-agent: to log this agent's own node in, open {link}\n")
    sys.stderr.flush()


def notify(env: Mapping[str, str], word: str) -> None:
    """Tell the service manager, where there is one that listens (sd_notify)."""
    address = env.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(word.encode(), "\0" + address[1:] if address[0] == "@" else address)
