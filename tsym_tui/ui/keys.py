"""The one table of keys: bindings, key row and help are all made from it.

Pure. A key has one meaning in a screen: the keys of a scope and those of `EVERYWHERE` never overlap; a test holds it.
Only plain keys, shifted letters and safe control keys: chords are eaten by terminals and tmux.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec


class Scope(StrEnum):
    """Where a key means something."""

    EVERYWHERE = "everywhere"
    """On every screen; the help is an overlay and not one."""
    OVERVIEW = "overview"
    NODES = "nodes"
    MATRIX = "matrix"
    MAP = "map"
    DETAIL = "detail"
    """The full-screen view of a pair or a node."""
    RESULTS = "results"
    """What hosts answered."""
    STREAM = "stream"
    """Logs and events of hosts."""
    LAUNCH = "launch"
    """The sibling tools and their forms."""
    CALLS = "calls"
    """The calls that were made, and what they cost."""
    HELP = "help"
    PALETTE = "palette"
    """What there is to run; letters are text there."""


class Key(msgspec.Struct, frozen=True):
    """One meaning: a key, several for the same, or two for the two directions of it."""

    name: str
    """How the keys are written."""
    binds: tuple[tuple[str, str], ...]
    """Each key as Textual names it, and the action it runs: of the screen, or of the app where it says so."""
    label: str
    """One or two words for the key row."""
    help: str
    """Half a sentence for the help."""
    scopes: frozenset[Scope]
    rank: int = 0
    """Place in the key row, lowest first; negative ones stand at its right end; 0 = not in the row."""


_NODES = (Scope.NODES, Scope.MATRIX, Scope.MAP)
"""Where one moves among nodes."""
_MAIN = (Scope.OVERVIEW, *_NODES)
_OVER = (Scope.DETAIL, Scope.RESULTS, Scope.STREAM, Scope.CALLS)
"""What lies over a screen and goes away with escape."""
_LISTS = (*_MAIN, Scope.HELP, *_OVER, Scope.LAUNCH)
_ALONE = frozenset({Scope.HELP, Scope.PALETTE, Scope.EVERYWHERE})
"""Where only its own keys mean something."""

SCREEN_KEYS: Mapping[str, str] = {"1": "overview", "2": "nodes", "3": "matrix", "4": "map", "9": "launch"}
"""The number of each screen that one key opens."""


def _key(name: str, binds: Mapping[str, str], label: str, words: str, *scopes: Scope, rank: int = 0) -> Key:
    pairs = tuple((key, action) for keys, action in binds.items() for key in keys.split())
    return Key(name, pairs, label, words, frozenset(scopes) or frozenset({Scope.EVERYWHERE}), rank)


_UP_DOWN = {"j down": "move(1)", "k up": "move(-1)"}

KEYS: tuple[Key, ...] = (
    _key(
        "h j k l",
        {"h left": "steer(-1, 0)", "j down": "steer(0, 1)", "k up": "steer(0, -1)", "l right": "steer(1, 0)"},
        "steer",
        "to the nearest node in that direction; also arrows",
        Scope.MAP,
        rank=1,
    ),
    _key("j k", _UP_DOWN, "move", "down and up", Scope.OVERVIEW, Scope.NODES, rank=1),
    _key("j k", _UP_DOWN, "scroll", "down and up", Scope.DETAIL, Scope.HELP, Scope.STREAM, rank=1),
    _key("j k", _UP_DOWN, "host", "next host, and the one before", Scope.RESULTS, rank=1),
    _key(
        "h j k l",
        {**_UP_DOWN, "h left": "step(-1)", "l right": "step(1)"},
        "move",
        "from cell to cell",
        Scope.MATRIX,
        rank=1,
    ),
    _key("g G", {"g home": "first", "G end": "last"}, "ends", "to the first one, to the last one", *_LISTS),
    _key("PgDn PgUp", {"pagedown": "page(1)", "pageup": "page(-1)"}, "page", "a page down and up", *_LISTS),
    _key(
        "tab",
        {"tab": "pair(1)", "shift+tab": "pair(-1)"},
        "pair",
        "next pair of this node; shift+tab goes back",
        Scope.MAP,
        Scope.NODES,
        Scope.DETAIL,
        rank=2,
    ),
    _key("enter", {"enter 5": "open_worst"}, "open", "where this is seen best", Scope.OVERVIEW, rank=2),
    _key("enter", {"enter 5": "app.open"}, "open", "the selection in full", *_NODES, rank=3),
    _key("space", {"space": "mark"}, "mark", "the host for commands, and unmark it", *_NODES, rank=6),
    _key("V", {"V": "unmark"}, "unmark", "every host", *_NODES),
    _key("x", {"x ctrl+p": "app.palette"}, "run", "choose a command for marked hosts or all; also ctrl+p", rank=6),
    _key(":", {"colon": "app.line"}, "line", "type a command: map tag:web, ping a b, theme light", rank=-2),
    _key("s e", {"s": "app.follow('logs')", "e": "app.follow('events')"}, "logs events", "of the same hosts, merged"),
    _key("h l", {"h left": "step(-1)", "l right": "step(1)"}, "sideways", "scroll the answer", Scope.RESULTS),
    _key("j k", _UP_DOWN, "scroll", "down and up", Scope.CALLS, rank=1),
    _key(
        "tab",
        {"tab": "next_page(1)", "shift+tab": "next_page(-1)"},
        "page",
        "calls, sums by host and by question, what was said here",
        Scope.CALLS,
        rank=2,
    ),
    _key("t", {"t": "raw"}, "raw", "the answer as it came, or laid out", Scope.RESULTS, rank=2),
    _key("d", {"d": "differences"}, "differences", "only what differs between hosts", Scope.RESULTS, rank=3),
    _key("W", {"W": "write"}, "write", "all answers to files", Scope.RESULTS, rank=5),
    _key("R", {"R": "again"}, "again", "ask once more", Scope.RESULTS, rank=5),
    _key("/", {"slash": "filter"}, "filter", "only lines that have it", Scope.STREAM, rank=2),
    _key("f", {"f": "follow_end"}, "follow", "to the newest line, and stay there", Scope.STREAM, rank=3),
    _key("v", {"v": "level"}, "details", "log lines of level 1 and 2, too", Scope.STREAM, rank=4),
    _key("w", {"w": "wrap"}, "wrap", "show long lines whole", Scope.STREAM, rank=4),
    _key("tab", {"tab": "next_stream"}, "logs, events", "the other stream", Scope.STREAM, rank=4),
    _key("↑ ↓", {"up": "move(-1)", "down": "move(1)"}, "choose", "the one before, the next", Scope.PALETTE, rank=1),
    _key("enter", {"enter": "choose"}, "run", "it, or ask for its values first", Scope.PALETTE, rank=2),
    _key("tab", {"tab": "complete"}, "complete", "take the name, or the next choice", Scope.PALETTE, rank=3),
    _key("esc", {"escape ctrl+c ctrl+q": "close"}, "back", "to the list, then close", Scope.PALETTE, rank=4),
    _key("f", {"f": "focus_node"}, "focus", "this node in the middle, and back", Scope.MAP, rank=3),
    _key("n N", {"n": "trouble(1)", "N": "trouble(-1)"}, "trouble", "the next one, the one before", Scope.MAP, rank=4),
    _key(".", {"full_stop": "centre"}, "centre", "on the selection", Scope.MAP),
    _key("b", {"b": "group"}, "group", "by what tells most, site, tag, owner, subnet, none", Scope.MAP, rank=8),
    _key("L", {"L": "layout"}, "layout", "next way to lay the map out", Scope.MAP, rank=7),
    _key("< >", {"less_than_sign": "rotate(-1)", "greater_than_sign": "rotate(1)"}, "turn", "the map", Scope.MAP),
    _key("a", {"a": "animate"}, "animate", "lay out anew and show how", Scope.MAP),
    _key("i", {"i": "mini_map"}, "mini-map", "the whole in a corner of what is seen", Scope.MAP),
    _key(
        "+ - 0",
        {"plus equals_sign": "zoom(1)", "minus": "zoom(-1)", "0": "zoom(0)"},
        "zoom",
        "nearer, farther, all of it",
        Scope.MAP,
        rank=8,
    ),
    _key(
        "shift+↑↓←→",
        {
            "shift+left": "pan(-1, 0)",
            "shift+right": "pan(1, 0)",
            "shift+up": "pan(0, -1)",
            "shift+down": "pan(0, 1)",
        },
        "pan",
        "move the map when it is zoomed",
        Scope.MAP,
    ),
    _key("o", {"o": "sort"}, "sort", "then the letter of a column; the same again turns it", Scope.NODES, rank=3),
    _key("b", {"b": "group"}, "group", "by tag, owner, site, subnet, os, none", Scope.NODES, rank=3),
    _key("z Z", {"z": "fold", "Z": "fold_all"}, "fold", "the group under the cursor, all groups", Scope.NODES, rank=7),
    _key("t", {"t": "raw"}, "raw", "the JSON behind it as a tree, and back", Scope.DETAIL, rank=2),
    _key("z Z", {"z": "fold", "Z": "fold_all"}, "fold", "a branch of the raw tree, all branches", Scope.DETAIL, rank=3),
    _key("j k", _UP_DOWN, "move", "to another tool, run or field, or along the output", Scope.LAUNCH, rank=1),
    _key("enter", {"enter": "choose"}, "open, run", "the form of a tool, then what it says", Scope.LAUNCH, rank=2),
    _key("esc", {"escape": "back"}, "back", "to the list, then to the screen before", Scope.LAUNCH, rank=3),
    _key("C", {"C": "cancel"}, "cancel", "interrupt the run; what does not heed is ended", Scope.LAUNCH, rank=4),
    _key(
        "tab", {"tab": "field(1)", "shift+tab": "field(-1)"}, "field", "the next, the one before", Scope.LAUNCH, rank=5
    ),
    _key("h l", {"h left": "step(-1)", "l right": "step(1)"}, "sideways", "scroll long lines", Scope.LAUNCH),
    _key("m", {"m": "metric"}, "metric", "path, p50, p95, loss, jitter, age", Scope.MATRIX, rank=2),
    _key(
        "n N",
        {"n": "next_bad(1)", "N": "next_bad(-1)"},
        "next bad",
        "next cell with trouble, and the one before",
        Scope.MATRIX,
        rank=3,
    ),
    _key("b", {"b": "groups"}, "group", "by tag, site, subnet, owner, not at all", Scope.MATRIX, rank=4),
    _key("z", {"z": "fold"}, "fold", "the group under the cursor, and unfold it", Scope.MATRIX, rank=4),
    _key("o", {"o": "sort"}, "sort", "then g group, s similarity, n name, b worst", Scope.MATRIX, rank=5),
    _key("t", {"t": "swap"}, "swap axes", "nodes down, hosts across", Scope.MATRIX, rank=5),
    _key("!", {"exclamation_mark": "only_problems"}, "only problems", "hide what is well", *_NODES, rank=5),
    _key("/", {"slash": "filter"}, "filter", "a name, tag: owner: os: path: rtt:> offline", *_MAIN, rank=4),
    _key("r", {"r": "app.probe_now"}, "probe", "the selected pair now, else every pair", rank=9),
    _key("p", {"p": "app.pause"}, "pause", "hold the picture; measuring goes on", rank=10),
    _key(
        " ".join(SCREEN_KEYS),
        {key: f"app.show('{name}')" for key, name in SCREEN_KEYS.items()},
        "screens",
        ", ".join(SCREEN_KEYS.values()),
        rank=6,
    ),
    _key(
        "[ ]",
        {"left_square_bracket": "app.history(-1)", "right_square_bracket": "app.history(1)"},
        "history",
        "back to the view before, and forward again",
    ),
    _key("E", {"E": "app.save"}, "save", "this view as text, SVG, PNG, HTML, JSON or CSV"),
    _key("@", {"at": "app.calls"}, "calls", "what hosts were asked, what it cost, and what was said here"),
    _key("\\", {"backslash": "maximise"}, "maximise", "the main pane, or show those at its sides again", *_MAIN),
    _key("`", {"grave_accent": "app.last_screen"}, "last", "the screen before this one"),
    _key("y", {"y c": "copy"}, "copy", "the selection as text, also over SSH"),
    _key("esc", {"escape": "back"}, "back", "drop the pair, then the filter", *_MAIN),
    _key("esc", {"escape": "back"}, "back", "to the screen before", *_OVER, rank=4),
    _key("H", {"H": "app.hide_names"}, "hide names", "show pseudonyms instead, or names again"),
    _key("ctrl+t", {"ctrl+t": "app.theme"}, "theme", "dark, light, strong, colour-blind, 16, none"),
    _key("ctrl+z", {"ctrl+z": "app.suspend_process"}, "suspend", "to the shell; fg comes back"),
    _key("?", {"question_mark f1": "app.help"}, "keys", "this list", rank=-3),
    _key("q", {"q ctrl+c ctrl+q": "app.leave"}, "quit", "end tsym", rank=-1),
    _key("esc", {"escape question_mark f1 q ctrl+c ctrl+q": "close"}, "back", "close this list", Scope.HELP, rank=2),
)
"""Every meaning there is."""


def keys_of(scope: Scope, keys: Sequence[Key] = KEYS) -> tuple[Key, ...]:
    """Return what means something in a scope: its own first, then what holds everywhere but in overlays."""
    own = tuple(key for key in keys if scope in key.scopes)
    if scope in _ALONE:
        return own
    return (*own, *(key for key in keys if Scope.EVERYWHERE in key.scopes))
