"""The command line of the app, without a screen: what can be written behind `:`, how it is read and completed. Pure.

The names are those of the commands outside (`tsym matrix`, `tsym ping`, `tsym get`), of what the palette lists, and a
few more that only make sense in here. `tsym_tui.ui.obeying` does what is written.
"""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Collection, Iterable, Sequence
from enum import Enum, auto

import msgspec

from tsym_agent.localapi.commands import Command
from tsym_agent.model.nodes import Node
from tsym_tui.fleet.filters import Completion
from tsym_tui.fleet.filters import complete as complete_filter
from tsym_tui.fleet.questions import QUESTIONS, takes_names

MOST_REMEMBERED = 200
"""Lines of the history."""


class LineError(ValueError):
    """A line that cannot be obeyed; the text says why, and what to write instead."""


class Wants(Enum):
    """What stands behind a word of the line."""

    NOTHING = auto()
    FILTER = auto()
    NODES = auto()
    THEME = auto()
    LAYOUT = auto()
    SETTING = auto()
    COMMAND = auto()
    """A LocalAPI command and its values."""
    FILE = auto()


class Order(msgspec.Struct, frozen=True):
    """One word that the line understands."""

    usage: str
    words: str
    wants: Wants = Wants.NOTHING


SETTABLE = ("thresholds-ms", "trunks-above", "bundles-above", "animate", "mini-map", "hide-names", "glyphs")

ORDERS: dict[str, Order] = {
    "overview": Order("[FILTER]", "the overview, of what the filter leaves", Wants.FILTER),
    "nodes": Order("[FILTER]", "the table, of what the filter leaves", Wants.FILTER),
    "matrix": Order("[FILTER]", "the matrix, of what the filter leaves", Wants.FILTER),
    "map": Order("[FILTER]", "the map, of what the filter leaves", Wants.FILTER),
    "launch": Order("", "the other tools"),
    "filter": Order("[FILTER]", "leave out the rest; nothing = show all again", Wants.FILTER),
    "open": Order("NODE [NODE]", "a node or a pair in full", Wants.NODES),
    "mark": Order("[FILTER]", "the hosts that commands run on; nothing = all", Wants.FILTER),
    "ping": Order("[FROM] TO [NAME=VALUE]", "from one host, else from those marked or all", Wants.NODES),
    "get": Order("COMMAND [NAME=VALUE] [--on FILTER]", "ask hosts one LocalAPI question", Wants.COMMAND),
    "layout": Order("NAME", "how the map is laid out", Wants.LAYOUT),
    "theme": Order("NAME", "the colours", Wants.THEME),
    "set": Order("NAME VALUE", f"one of {', '.join(SETTABLE)}", Wants.SETTING),
    "save": Order("FILE", "this view as .txt .svg .png .html .json or .csv", Wants.FILE),
    "save!": Order("FILE", "the same, in place of a file that is there", Wants.FILE),
    "w": Order("", "nothing: measuring needs no saving"),
    "q": Order("", "end tsym"),
}
"""What only the line knows; the palette's names come on top."""


class Line(msgspec.Struct, frozen=True):
    """A line that was read."""

    name: str
    rest: str = ""

    @property
    def parts(self) -> list[str]:
        """What follows the name, as a shell would part it; raises `LineError` for a quote that nobody closes."""
        try:
            return shlex.split(self.rest)
        except ValueError as error:
            raise LineError(f"a quote is not closed: {self.rest}") from error


class Known(msgspec.Struct, frozen=True):
    """What a line can be about."""

    names: tuple[str, ...] = ()
    """What the palette lists, in words without blanks."""
    nodes: tuple[Node, ...] = ()
    node_names: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()


def read_line(text: str, names: Collection[str]) -> Line:
    """Part a line into its first word and the rest; raise `LineError` for a word that means nothing.

    The beginning of a word is enough where it can be no other.
    """
    word, _, rest = text.strip().removeprefix(":").strip().partition(" ")
    if not word:
        raise LineError("write a word, or esc to leave; tab lists them")
    known = [*ORDERS, *names]
    found = [word] if word in known else sorted({name for name in known if name.startswith(word)})
    if len(found) == 1:
        return Line(found[0], rest.strip())
    if found:
        raise LineError(f"{word} may be {' or '.join(found[:6])}")
    close = difflib.get_close_matches(word, known, n=3)
    raise LineError(f"nothing is called {word!r}" + (f"; did you mean {' or '.join(close)}?" if close else ""))


def hint_for(text: str) -> str:
    """Say what may follow what was typed so far; empty where nothing is known."""
    word = text.lstrip().partition(" ")[0]
    if not word:
        return "map tag:web, ping a b, get derp-map, theme light, q; tab completes, up and down remember"
    order = ORDERS.get(word)
    if order is None:
        command = QUESTIONS.get(word)
        return command.words if command is not None else ""
    return f"{order.usage}   {order.words}" if order.usage else order.words


def complete(text: str, known: Known) -> Completion:
    """Say how the end of a line may go on."""
    word, blank, rest = text.partition(" ")
    if not blank:
        return _among(word, 0, [*ORDERS, *known.names] if word else [])
    order = ORDERS.get(word)
    wants = order.wants if order is not None else Wants.COMMAND if word in QUESTIONS else Wants.NOTHING
    start = len(word) + 1
    if wants is Wants.FILTER:
        found = complete_filter(rest, known.nodes)
        return Completion(start + found.start, found.choices)
    if wants is Wants.COMMAND:
        return _of_command(word, rest, start, known)
    last = rest.rpartition(" ")[2]
    choices = {
        Wants.NODES: known.node_names,
        Wants.THEME: known.themes,
        Wants.LAYOUT: known.layouts,
        Wants.SETTING: SETTABLE if " " not in rest else (),
    }
    return _among(last, len(text) - len(last), choices.get(wants, ()))


def _of_command(word: str, rest: str, start: int, known: Known) -> Completion:
    """Complete the name of a command, then the names and values of what it takes, then who is asked."""
    at = start
    if word == "get":
        name, blank, more = rest.partition(" ")
        if not blank:
            return _among(name, at, QUESTIONS)
        word, rest, at = name, more, at + len(name) + 1
    before, on, selector = rest.partition("--on ")
    if on:
        found = complete_filter(selector, known.nodes)
        return Completion(at + len(before) + len(on) + found.start, found.choices)
    command = QUESTIONS.get(word)
    last = rest.rpartition(" ")[2]
    place = at + len(rest) - len(last)
    if command is None:
        return Completion(place)
    name, equals, value = last.partition("=")
    if equals:
        return _among(value, place + len(name) + 1, _values(command, name, known))
    return _among(last, place, [*(f"{parameter.name}=" for parameter in command.parameters), "--on "])


def _values(command: Command, name: str, known: Known) -> Sequence[str]:
    for parameter in command.parameters:
        if parameter.name == name:
            return known.node_names if takes_names(parameter) else parameter.choices
    return ()


def _among(typed: str, start: int, choices: Iterable[str]) -> Completion:
    wanted = typed.casefold()
    return Completion(start, tuple(dict.fromkeys(one for one in choices if one.casefold().startswith(wanted))))


class LineHistory:
    """Lines that were obeyed, the newest last; going back keeps what was being typed."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._at = 0
        self._typed = ""

    def add(self, text: str) -> None:
        """Remember a line, once."""
        if text in self._lines:
            self._lines.remove(text)
        self._lines = [*self._lines, text][-MOST_REMEMBERED:]
        self.rewind()

    def rewind(self) -> None:
        """Begin at the newest again."""
        self._at, self._typed = len(self._lines), ""

    def step(self, step: int, typed: str) -> str:
        """Return the line before (-1) or after; beyond the newest stands what was being typed."""
        if self._at == len(self._lines):
            self._typed = typed
        self._at = min(max(0, self._at + step), len(self._lines))
        return self._typed if self._at == len(self._lines) else self._lines[self._at]
