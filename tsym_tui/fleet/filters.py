"""The filter language: what a person types behind `/`, after `--filter` and, of hosts, after `--on`.

    tag:db os:linux      terms with blanks between: all of them must hold
    tag:db,web           a comma inside a term: either value
    tag:db, path:dead    a comma and a blank: either of two whole filters
    !tag:db              the opposite
    "my laptop"          quotes hold blanks and commas together

Which terms there are stands in `terms`. Reading has two steps: `read_terms` takes a line apart and never fails, so that
a prompt can complete what is half typed; `parse_filter` makes tests of it and says what it cannot understand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tsym_agent.model.nodes import Node
from tsym_tui.fleet.terms import BY_KEY, KEYS_LINE, TERMS, WORDS, FilterError, Sums, Term, Test, anything, has_text

__all__ = ["Filter", "FilterError", "Sums", "parse_filter"]


class Choice(msgspec.Struct, frozen=True):
    """One of the values of a term."""

    key: str = ""
    """Empty = part of a name, or a word of the language."""
    value: str = ""
    is_quoted: bool = False
    text: str = ""
    """As it was typed, without quotes."""


class TypedTerm(msgspec.Struct, frozen=True):
    """One term as it was typed."""

    choices: tuple[Choice, ...]
    is_not: bool = False
    text: str = ""
    """As it was typed, without quotes."""


class Filter(msgspec.Struct, frozen=True):
    """A filter as it was typed, and its tests."""

    text: str = ""
    alternatives: tuple[tuple[Test, ...], ...] = ()
    """One of them must hold, and of it every test."""

    def __bool__(self) -> bool:
        """Whether it filters anything."""
        return bool(self.alternatives)

    def matches(self, node: Node, sums: Sums) -> bool:
        """Whether it lets the node pass."""
        if not self.alternatives:
            return True
        return any(all(test(node, sums) for test in tests) for tests in self.alternatives)


def parse_filter(text: str, *, is_measured: bool = True) -> Filter:
    """Read a filter line; raises FilterError for a term that cannot be read.

    `is_measured` says whether there are probes to ask; without any, a term about them is refused, not false.
    """
    return Filter(text.strip(), tuple(to_tests(terms, is_measured=is_measured) for terms in read_terms(text)))


def to_tests(terms: Iterable[TypedTerm], *, is_measured: bool = True) -> tuple[Test, ...]:
    """Make tests of the terms of one alternative."""
    return tuple(_test_of(term, is_measured=is_measured) for term in terms)


def read_terms(text: str) -> tuple[tuple[TypedTerm, ...], ...]:
    """Take a line apart into alternatives of terms; empty ones are left out."""
    alternatives: list[list[TypedTerm]] = [[]]
    for word in split_words(text):
        if word == ",":
            alternatives.append([])
            continue
        is_last = word.endswith(",")
        if term := word.strip(","):
            alternatives[-1].append(_read_term(term))
        if is_last:
            alternatives.append([])
    return tuple(tuple(terms) for terms in alternatives if terms)


def split_words(text: str) -> list[str]:
    """Split at blanks outside quotes; a quote that is still open goes to the end."""
    words, word, is_open = [], "", False
    for char in text:
        if char == '"':
            is_open = not is_open
        if char.isspace() and not is_open:
            words += [word] if word else []
            word = ""
        else:
            word += char
    return [*words, word] if word else words


def _read_term(word: str) -> TypedTerm:
    is_not = word.startswith("!")
    choices: list[Choice] = []
    for part in _split_commas(word.removeprefix("!")):
        inherited = choices[0].key if choices else ""
        choices += [_read_choice(part, inherited)] if part or not choices else []
    return TypedTerm(tuple(choices), is_not, word.replace('"', ""))


def _split_commas(word: str) -> list[str]:
    parts, part, is_open = [], "", False
    for char in word:
        if char == '"':
            is_open = not is_open
        if char == "," and not is_open:
            parts.append(part)
            part = ""
        else:
            part += char
    return [*parts, part]


def _read_choice(part: str, inherited: str) -> Choice:
    """Read one value; it has the key of the first one unless it brings its own."""
    plain = part.replace('"', "")
    head, colon, rest = part.partition(":")
    is_key = head.lower() in BY_KEY or (head.isalpha() and ":" not in rest.partition('"')[0])  # no IPv6 address
    if colon and is_key:
        return Choice(head.lower(), rest.replace('"', "").casefold(), '"' in rest, plain)
    return Choice(inherited, plain.casefold(), '"' in part, plain)


def _test_of(term: TypedTerm, *, is_measured: bool) -> Test:
    """Make a test of a term: of several values one must hold."""
    tests = tuple(_test_of_choice(choice, is_measured=is_measured) for choice in term.choices)
    if term.is_not and tests == (anything,):
        raise FilterError("nothing after !")
    if term.is_not:
        return lambda node, sums: not any(test(node, sums) for test in tests)
    if len(tests) == 1:
        return tests[0]
    return lambda node, sums: any(test(node, sums) for test in tests)


def _test_of_choice(choice: Choice, *, is_measured: bool) -> Test:
    if choice.text.startswith("!"):
        raise FilterError("! stands before a whole term, as in !tag:db,web")
    if not choice.key:
        if choice.value in WORDS and not choice.is_quoted:
            return WORDS[choice.value][1]
        return has_text(choice.value) if choice.value else anything
    term = BY_KEY.get(choice.key)
    if term is None:
        raise FilterError(f"no such term {choice.key}: (there are {KEYS_LINE}); in quotes it is part of a name")
    if term.is_measured and not is_measured:
        raise FilterError(f"{choice.text} asks for measurements, and nothing is probed here")
    return term.read(choice.value) if choice.value else anything


# completion

MOST_COMPLETIONS = 200
"""More than a prompt shows; a tailnet may have thousands of names."""


class Completion(msgspec.Struct, frozen=True):
    """What may stand where a person is typing."""

    start: int
    """Where in the line the part begins that is completed."""
    choices: tuple[str, ...] = ()
    """What it may become, best first."""


def complete(text: str, nodes: Iterable[Node]) -> Completion:
    """Say how the end of a line may go on: keys, words, or values that the nodes have."""
    word = _last_word(text)
    part = _split_commas(word.removeprefix("!"))[-1]
    start = len(text) - len(part)
    head, colon, value = part.partition(":")
    inherited = _read_term(word).choices[0].key if word and "," in word else ""
    key = head.lower() if colon and head.isalpha() else inherited
    term = BY_KEY.get(key)
    if term is None:
        return Completion(start, () if colon or not part else _first_words(part.casefold()))
    typed = (value if colon else part).strip('"').casefold()
    known = term.choices or _values_of(term, nodes)
    fitting = sorted((value for value in known if value.casefold().startswith(typed)), key=str.casefold)
    lead = f"{head}:" if colon else ""
    return Completion(start, tuple(lead + quoted(value) for value in fitting[:MOST_COMPLETIONS]))


def known_values(text: str, nodes: Iterable[Node]) -> Sequence[str]:
    """Name the values there are for the last term of a line, for a person whose filter leaves nothing."""
    words = split_words(text)
    if not words:
        return ()
    key = _read_term(words[-1]).choices[0].key
    term = BY_KEY.get(key)
    if term is None:
        return ()
    return term.choices or sorted(_values_of(term, nodes), key=str.casefold)


def _values_of(term: Term, nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for node in nodes for value in term.values(node) if value))


def quoted(value: str) -> str:
    """Write a value so that it reads as one."""
    return f'"{value}"' if any(char in ' ,"' for char in value) else value


def _last_word(text: str) -> str:
    words = split_words(text)
    is_open = text.count('"') % 2 == 1
    return words[-1] if words and (is_open or not text[-1].isspace()) else ""


def _first_words(typed: str) -> tuple[str, ...]:
    """Return the keys and words that begin so."""
    return tuple(word for word in (*(f"{term.key}:" for term in TERMS), *WORDS) if word.startswith(typed))


# the help


def language_lines() -> tuple[tuple[str, str], ...]:
    """Return the whole language as pairs of an example and its meaning: for the help, `--help` and the reference."""
    return (
        ("web", "part of a name or an address; web-* a pattern"),
        *((term.example, term.words) for term in TERMS),
        *((word, words) for word, (words, _) in WORDS.items()),
        ("!tag:db", "not so"),
        ("tag:db os:linux", "both"),
        ("tag:db,web", "either value"),
        ("tag:db, path:dead", "either filter: a comma and a blank"),
        ('site:"my home"', "quotes hold blanks together"),
    )
