"""Secrets taken out of what leaves the machine: members of answers that are secret by name, and keys by their look.

By name: whatever stands under such a member is blanked, so that its shape still tells a reader whether there was
something. By look: keys, login links and tokens may stand in any log line and any daemon's complaint.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

BLANK = "redacted"
_BLANK = BLANK.encode()

_LINK_END = rb"(?:[^\s\"'<>\\{}]|\\u00(?:26|3[cCeE]))+"
"""The rest of a link as JSON of Go carries it: `&`, `<` and `>` are spelled as escapes there."""


class _Look(NamedTuple):
    """One kind of secret. Searching for a fixed word first costs a tenth of trying the pattern everywhere."""

    words: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    becomes: bytes


_LOOKS = (
    # Keys of both controls: auth, API, OAuth clients and their tokens, with the parameters a client secret may carry.
    _Look((b"skey-",), re.compile(rb"([th]skey-)(?:[a-z]+-)?[A-Za-z0-9_-]+(?:\?[A-Za-z0-9_=&.%-]*)?"), rb"\1redacted"),
    _Look((b"privkey:", b"nlpriv:"), re.compile(rb"((?:privkey|nlpriv):)[0-9A-Fa-f]+"), rb"\1redacted"),
    _Look(
        (b"/a/", b"/register/", b"/auth/"),
        re.compile(rb"(https?://[^\s\"'<>\\/]+/(?:a|register|auth)/)" + _LINK_END),
        rb"\1redacted",
    ),
    _Look(
        (b"earer ", b"EARER ", b"asic "),
        re.compile(rb"(?i)\b(bearer|basic)[ ]+[A-Za-z0-9._~+/-]{8,}=*"),
        rb"\1 redacted",
    ),
    _Look((b"eyJ",), re.compile(rb"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"), _BLANK),
    _Look(
        tuple(
            word[1:] for word in (b"authkey", b"auth-key", b"auth_key", b"AuthKey", b"password", b"secret", b"token")
        ),
        re.compile(
            rb"(?i)\b((?:[a-z]+[_-])?(?:auth[_-]?key|password|secret|token)\\?[\"']?[ ]?[=:][ ]?\\?[\"']?)"
            rb"(?!(?:file|redacted|true|false|null|none)\b)[^\s\"'\\,;&{}()]{6,}"
        ),
        rb"\1redacted",
    ),
)


def scrub(text: bytes) -> bytes:
    """Return text without what looks like a key, a login link or a token; the same object when there is none."""
    for look in _LOOKS:
        if any(word in text for word in look.words):
            text = look.pattern.sub(look.becomes, text)
    return text


def scrub_words(words: str) -> str:
    """Do the same for words we say or write to a log."""
    raw = words.encode("utf-8", "surrogatepass")
    return words if (clean := scrub(raw)) is raw else clean.decode("utf-8", "surrogatepass")


Scrub = Callable[[bytes], bytes]
