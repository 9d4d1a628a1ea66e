"""Secrets taken out of what leaves the machine: members of answers that are secret by name, and keys by their look.

By name: whatever stands under such a member is blanked, so that a reader can still tell whether there was something. By
look: keys, login links and tokens may stand in any log line and any daemon's complaint. Both work on bodies as they
come in, chunk by chunk, and neither parses more of them than it must.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

_BLANK = b"redacted"

_LINK_END = rb"(?:[^\s\"'<>\\{},;()]|\\u00(?:26|3[cCeE]))+"
"""The rest of a link as JSON of Go carries it: `&`, `<` and `>` are spelled as escapes there."""

_PASSWORD = rb"(?:[^\s/?#@\"'<>\\]|\\u00(?:26|3[cCeE]))+"


class _Look(NamedTuple):
    """One kind of secret. Searching for its fixed words first costs a tenth of trying the pattern everywhere."""

    words: tuple[bytes, ...]
    """One of them stands in every such secret, in lower case."""
    pattern: re.Pattern[bytes]
    becomes: bytes = rb"\1redacted"


_LOOKS = (
    # Keys of both controls: auth, API, OAuth clients and their tokens, with the parameters a client secret may carry.
    _Look((b"skey-",), re.compile(rb"(?i)([th]skey-)[A-Za-z0-9_-]+(?:\?[A-Za-z0-9_=&.%-]*)?")),
    _Look((b"privkey:", b"nlpriv:"), re.compile(rb"(?i)((?:privkey|nlpriv):)[0-9A-F]+")),
    _Look(
        (b"/a/", b"/register/", b"/auth/"),
        re.compile(rb"(?i)(https?://[^\s\"'<>\\/]+/(?:a|register|auth)/)" + _LINK_END),
    ),
    # The password in a link: of a proxy, of what `serve` stands before.
    _Look((b"://",), re.compile(rb"(://[^\s/?#:@\[\"'<>\\]*:)(?!redacted@)" + _PASSWORD + rb"(?=@)")),
    _Look((b"bearer ", b"basic "), re.compile(rb"(?i)\b((?:bearer|basic)[ ]+)[A-Za-z0-9._~+/-]{8,}=*")),
    _Look((b"eyj",), re.compile(rb"()\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")),
    _Look(
        (b"authkey", b"auth-key", b"auth_key", b"password", b"secret", b"token"),
        re.compile(
            rb"(?i)((?:auth[_-]?key|password|secret|token)(?:\\?[\"'][ ]?[=:][ ]?\\?[\"']|[ ]?[=:][ ]?\\?[\"']?))"
            rb"(?!(?:file|redacted|true|false|null|none)\b)[^\s\"'\\,;&{}()]{6,}"
        ),
    ),
)


_BY_GATE: dict[bytes, list[tuple[bytes, _Look]]] = {}
"""Words by what they have in common: one search for that spares most of the others."""
for _look in _LOOKS:
    for _word in _look.words:
        _gate = next((gate for gate in (b"key", b"/") if gate in _word), _word)
        _BY_GATE.setdefault(b"://" if _gate == b"/" else _gate, []).append((_word, _look))


def _has(text: bytes, word: bytes, at: int = 0) -> bool:
    """Whether a word stands in a text. From the end that is known sooner: 0.34 ms a megabyte and not 0.53 (3.11)."""
    return text.rfind(word, at) >= 0


def scrub(text: bytes) -> bytes:
    """Return text without what looks like a key, a login link or a token; the same object when there is none."""
    folded = text.lower()
    for gate, words in _BY_GATE.items():
        if _has(folded, gate):
            for word, look in words:
                if _has(folded, word):
                    text = look.pattern.sub(look.becomes, text)
    return text


def scrub_words(words: str) -> str:
    """Do the same for words we say or write to a log."""
    raw = words.encode("utf-8", "surrogatepass")
    return words if (clean := scrub(raw)) is raw else clean.decode("utf-8", "surrogatepass")


class Redactor:
    """Takes secrets out of one body, fed chunk by chunk."""

    def __init__(self, secrets: Sequence[str] = (), *, looks_within: float = math.inf) -> None:
        """Blank the members named in `secrets` wherever they stand, and keys by their look.

        Those are looked for in the first `looks_within` bytes: each megabyte of that costs 15 ms.
        """
        self._members = _Members(secrets) if secrets else None
        self._looks_left = looks_within
        self._held = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take in what came and return what may leave; what could be the begin of a secret waits for the rest."""
        text = self._members.feed(chunk) if self._members else chunk
        if self._looks_left <= 0:
            return text
        if self._held:
            text = self._held + text
        if len(text) > self._looks_left:
            cut = _safe_cut(text[: int(self._looks_left)])
            self._looks_left, self._held = 0, b""
            seen = text[:cut]
            return text if (clean := scrub(seen)) is seen else clean + text[cut:]
        cut = _safe_cut(text)
        self._looks_left -= cut
        self._held = text[cut:]
        return scrub(text[:cut])

    def finish(self) -> bytes:
        """Return what was still held, now that the body has ended."""
        text = self._held + (self._members.finish() if self._members else b"")
        self._held = b""
        return scrub(text)


def redacted(body: bytes, secrets: Sequence[str] = ()) -> bytes:
    """Return a whole body without its secrets."""
    if any(_has(body, token) for token in _tokens(tuple(secrets))):
        members = _Members(secrets)
        body = members.feed(body) + members.finish()
    return scrub(body)


_MOST_HELD = 64 * 1024
_LONGEST_KEY = 4096


def _safe_cut(text: bytes) -> int:
    """Return where a text may be cut without cutting a key: after a line, or after an object of a stream of them.

    A body that has neither for long is cut at the last blank or punctuation, so that no more than that is ever held.
    """
    cut = max(text.rfind(b"\n"), text.rfind(b"}")) + 1
    if len(text) - cut <= _MOST_HELD:
        return cut
    end = len(text) - _LONGEST_KEY
    return max(end, *(text.rfind(mark, end) + 1 for mark in (b" ", b",", b'"')))


class _State(Enum):
    COPYING = auto()
    """Outside of secrets."""
    AWAITING = auto()
    """Behind the colon of a secret member."""
    IN_STRING = auto()
    IN_CONTAINER = auto()
    IN_LITERAL = auto()


_BLANKS = b" \t\r\n"
_QUOTE_OR_ESCAPE = re.compile(rb'["\\]')
_BRACKET_OR_QUOTE = re.compile(rb'["{}\[\]]')
_END_OF_LITERAL = re.compile(rb"[\s,}\]]")


@lru_cache(maxsize=64)  # of the registry's own words
def _tokens(names: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return names as they stand in JSON."""
    return tuple(f'"{name}"'.encode() for name in names)


class _Members:
    """Blanks members of JSON by their names, at any depth, without parsing the rest.

    A name in its quotes and a colon are found by searching for them. Inside a string they cannot stand: the quotes
    would be escaped, and the closing one would no longer follow the name. Strings become `"redacted"` unless they are
    empty, everything else becomes null.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._tokens = _tokens(tuple(names))
        self._longest = max(len(token) for token in self._tokens)
        self._state = _State.COPYING
        self._pending = b""
        self._depth = 0
        self._is_quoted = False
        """Inside a string of the container that is skipped."""
        self._is_escaped = False
        """The last byte of the chunk before was a backslash."""

    def feed(self, chunk: bytes) -> bytes:
        """Take in what came, return what of it may go on."""
        data = self._pending + chunk if self._pending else chunk
        self._pending = b""
        out: list[bytes] = []
        at = 0
        while at < len(data):
            at = self._step(data, at, out)
        return out[0] if len(out) == 1 else b"".join(out)

    def finish(self) -> bytes:
        """Return what was held, at the end of the body."""
        held, self._pending = self._pending, b""
        return held if self._state is _State.COPYING else b""

    def _step(self, data: bytes, at: int, out: list[bytes]) -> int:
        """Go on from a place until the state changes, and return the next place."""
        if self._state is _State.COPYING:
            return self._copy(data, at, out)
        if self._state is _State.AWAITING:
            return self._meet_value(data, at, out)
        if self._state is _State.IN_STRING:
            end = self._skip_string(data, at)
            if end is not None:
                self._state = _State.COPYING
            return len(data) if end is None else end
        if self._state is _State.IN_CONTAINER:
            return self._skip_container(data, at)
        found = _END_OF_LITERAL.search(data, at)
        if found is None:
            return len(data)
        self._state = _State.COPYING
        return found.start()

    def _copy(self, data: bytes, at: int, out: list[bytes]) -> int:
        """Copy up to and with the colon of the next secret member."""
        search = at
        while (place := self._next_token(data, search)) is not None:
            start, end = place
            while end < len(data) and data[end] in _BLANKS:
                end += 1
            if end == len(data):  # a name, and not yet what follows it
                return self._hold(data, at, start, out)
            if data[end] == _COLON:
                out.append(data[at : end + 1])
                self._state = _State.AWAITING
                return end + 1
            search = end
        quote = data.rfind(b'"', max(search, len(data) - self._longest + 1))
        if quote >= 0 and any(token.startswith(data[quote:]) for token in self._tokens):
            return self._hold(data, at, quote, out)
        out.append(data[at:])
        return len(data)

    def _next_token(self, data: bytes, at: int) -> tuple[int, int] | None:
        found = [token for token in self._tokens if _has(data, token, at)]
        places = [(start, start + len(token)) for token in found if (start := data.find(token, at)) >= 0]
        return min(places, default=None)

    def _hold(self, data: bytes, at: int, start: int, out: list[bytes]) -> int:
        out.append(data[at:start])
        self._pending = data[start:]
        return len(data)

    def _meet_value(self, data: bytes, at: int, out: list[bytes]) -> int:
        first = data[at]
        if first in _BLANKS:
            out.append(data[at : at + 1])
            return at + 1
        if first == _QUOTE:
            if at + 1 == len(data):  # empty or not?
                self._pending = data[at:]
                return len(data)
            if data[at + 1] == _QUOTE:
                out.append(b'""')
                self._state = _State.COPYING
                return at + 2
            out.append(b'"' + _BLANK + b'"')
            self._state = _State.IN_STRING
            return at + 1
        out.append(b"null")
        if first in b"{[":
            self._state, self._depth = _State.IN_CONTAINER, 1
        else:
            self._state = _State.IN_LITERAL
        return at + 1

    def _skip_string(self, data: bytes, at: int) -> int | None:
        """Return the place behind a string's closing quote; None when that is still to come."""
        if self._is_escaped:
            self._is_escaped = False
            at += 1
        while (found := _QUOTE_OR_ESCAPE.search(data, at)) is not None:
            if found[0] == b'"':
                return found.end()
            if found.end() == len(data):
                self._is_escaped = True
                return None
            at = found.end() + 1
        return None

    def _skip_container(self, data: bytes, at: int) -> int:
        while at < len(data):
            if self._is_quoted:
                end = self._skip_string(data, at)
                self._is_quoted = end is None
                at = len(data) if end is None else end
                continue
            found = _BRACKET_OR_QUOTE.search(data, at)
            if found is None:
                return len(data)
            at = found.end()
            if found[0] == b'"':
                self._is_quoted = True
            elif found[0] in b"{[":
                self._depth += 1
            else:
                self._depth -= 1
                if not self._depth:
                    self._state = _State.COPYING
                    return at
        return at


_QUOTE, _COLON = b'":'
