"""The generated pages are those of today's commands."""

from __future__ import annotations

from tests.docs.reference import pages


def test_the_reference_is_what_the_commands_say() -> None:
    stale = [path.name for path, text in pages().items() if path.read_text(encoding="utf-8") != text]

    assert stale == [], "run: python -m tests.docs.reference"
