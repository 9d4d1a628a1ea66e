"""Secrets as values that print as nothing, and the cleaning of texts that may quote one.

A secret is opened in one place, where it goes onto the wire or to the person who asked for it. Everywhere else,
in a repr, a log line, an error or a crash report, it is three dots.
"""

from __future__ import annotations

import re

_TOKENS = re.compile(r"\b(?:tskey|hskey)-[A-Za-z0-9_.-]+")
"""Auth keys, API keys, OAuth secrets and the tokens made of them, of either control plane."""

HIDDEN = "…"


class Secret:
    """A text that only `reveal` shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


def scrub(text: str, *secrets: Secret) -> str:
    """Return `text` without these secrets, and without anything else that looks like a key of a control plane."""
    for secret in secrets:
        if secret.reveal():
            text = text.replace(secret.reveal(), HIDDEN)
    return _TOKENS.sub(HIDDEN, text)
