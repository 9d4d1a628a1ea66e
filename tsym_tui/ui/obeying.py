"""Doing what the command line says. A line is read and checked whole before anything happens.

Loaded when the line is first opened: a first frame needs none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_tui.fleet.fanout import Job
from tsym_tui.fleet.filters import Filter, FilterError, parse_filter
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.questions import PING, QuestionError, checked, find_command, read_values
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui import commanding
from tsym_tui.ui.choices import Choice, ChoiceKind
from tsym_tui.ui.keymaps import slug
from tsym_tui.ui.line import ORDERS, SETTABLE, Known, Line, LineError, read_line
from tsym_tui.ui.maps import layout_names
from tsym_tui.ui.settings import AUTO, GLYPH_NAMES

if TYPE_CHECKING:
    from tsym_tui.ui.app import TsymApp

Deed = Callable[[], object]
"""What a line means, ready to be done."""


def known(app: TsymApp) -> Known:
    """Gather what lines can be about now."""
    digest = app.desk.view.digest
    return Known(
        names=tuple(_choices(app)),
        nodes=() if digest is None else tuple(digest.snapshot.nodes.values()),
        node_names=() if digest is None else tuple(digest.name_of(ref) for ref in digest.order),
        themes=(AUTO, *THEMES),
        layouts=tuple(layout_names()),
    )


def prepare(app: TsymApp, text: str) -> Deed:
    """Read a line and return what it means; raise `LineError` when it cannot be done."""
    choices = _choices(app)
    line = read_line(text, choices)
    if line.name in _DEEDS:
        return _DEEDS[line.name](app, line)
    choice = choices[line.name]
    if choice.kind is ChoiceKind.ASK:
        return _ask(app, Line("get", f"{choice.name} {line.rest}"))
    if line.rest:
        raise LineError(f"{line.name} takes nothing behind it")
    return partial(commanding.run_choice, app, choice)


def _choices(app: TsymApp) -> dict[str, Choice]:
    """Return what the palette lists, by names without blanks, but what the line says in its own words."""
    return {name: choice for choice in commanding.choices(app) if (name := slug(choice.name)) not in ORDERS}


# one function for each order


def _show(app: TsymApp, line: Line) -> Deed:
    wanted = _filter(line.rest) if line.rest else None

    def show() -> None:
        with app.walk.together():
            if wanted is not None:
                app.desk.view.narrow(wanted)
            app.action_show(line.name)
        app.front.show()

    return show


def _narrow(app: TsymApp, line: Line) -> Deed:
    wanted = _filter(line.rest)

    def narrow() -> None:
        app.walk.note()
        app.desk.view.narrow(wanted)
        app.walk.note()
        app.front.show()

    return narrow


def _open(app: TsymApp, line: Line) -> Deed:
    nodes = [_node(app, name) for name in line.parts]
    if len(nodes) not in {1, 2}:
        raise LineError(_usage("open"))

    def show() -> None:
        view = app.desk.view
        if nodes[0] not in view.listed:  # else the next picture would select another one
            view.narrow(Filter(), only_problems=False)
        view.select(*nodes)
        app.front.after_selection()
        app.action_open()

    return show


def _mark(app: TsymApp, line: Line) -> Deed:
    view = app.desk.view
    wanted = _filter(line.rest)
    hosts = [] if view.digest is None else [host.ref for host in view.digest.snapshot.hosts if host.ref is not None]
    found = set() if view.digest is None or not line.rest else {
        ref for ref in hosts if wanted.matches(view.digest.snapshot.nodes[ref], view.digest.sum_of(ref))
    }  # fmt: skip
    if line.rest and not found:
        raise LineError(f"no host of ours matches {line.rest}")

    def mark() -> None:
        view.marked.clear()
        view.marked.update(found)
        app.front.show()

    return mark


def _ping(app: TsymApp, line: Line) -> Deed:
    """Read `ping [FROM] TO [NAME=VALUE]`."""
    names = [part for part in line.parts if "=" not in part]
    values = [part for part in line.parts if "=" in part]
    if len(names) > 2:
        raise LineError(_usage("ping"))
    asked: Sequence[Asked] = commanding.chosen_hosts(app.desk)
    if len(names) == 2:
        source = _node(app, names[0])
        asked = [one for one in commanding.everybody(app.desk) if one.host.ref == source]
        if not asked:
            raise LineError(f"{names[0]} is no host of ours: it cannot be told to ping")
    words = [*([f"ip={_address(app, names[-1])}"] if names else []), *values]
    return _run(app, "ping", words, asked)


def _ask(app: TsymApp, line: Line) -> Deed:
    """Read `get COMMAND [NAME=VALUE] [--on FILTER]`."""
    name, *words = line.parts or [""]
    if not name:
        raise LineError(_usage("get"))
    asked: Sequence[Asked] = commanding.chosen_hosts(app.desk)
    if "--on" in words:
        at = words.index("--on")
        asked = _asked_on(app, " ".join(words[at + 1 :]))
        words = words[:at]
    return _run(app, name, words, asked)


def _run(app: TsymApp, name: str, words: Sequence[str], asked: Sequence[Asked]) -> Deed:
    addresses = commanding.addresses(app.desk)
    try:
        command = PING if name == PING.name else find_command(name)
        values = checked(command, read_values(command, words), lambda text: addresses.get(text.casefold()))
    except QuestionError as error:
        raise LineError(str(error).partition("; write")[0]) from error
    if not asked:
        raise LineError("there is no host to run on")
    return partial(commanding.run_job, app, Job(command=command, values=values), tuple(asked))


def _asked_on(app: TsymApp, text: str) -> Sequence[Asked]:
    wanted, digest = _filter(text), app.desk.view.digest
    found = [
        one
        for one in commanding.everybody(app.desk)
        if digest is not None and one.node is not None and wanted.matches(one.node, digest.sum_of(one.node.ref))
    ]
    if not found:
        raise LineError(f"no host of ours matches {text}")
    return found


def _layout(app: TsymApp, line: Line) -> Deed:
    names = layout_names()
    if line.rest not in names:
        raise LineError(f"there is no layout {line.rest!r}: there are {', '.join(names)}")

    def lay_out() -> None:
        app.change("layout", line.rest)  # first: a map that is made now reads it from the settings
        app.action_show("map")

    return lay_out


def _theme(app: TsymApp, line: Line) -> Deed:
    if line.rest not in (AUTO, *THEMES):
        raise LineError(f"there is no theme {line.rest!r}: there are {', '.join((AUTO, *THEMES))}")
    return partial(app.dress, line.rest)


def _set(app: TsymApp, line: Line) -> Deed:
    name, _, text = line.rest.partition(" ")
    reader = _READERS.get(name)
    if reader is None:
        raise LineError(f"there is no setting {name!r}: there are {', '.join(SETTABLE)}" if name else _usage("set"))
    value = reader(text.strip())
    try:
        msgspec.structs.replace(app.desk.settings, **{name.replace("-", "_"): value})
    except ValueError as error:
        raise LineError(str(error)) from error
    return partial(app.change, name.replace("-", "_"), value)


def _save(app: TsymApp, line: Line) -> Deed:
    from tsym_tui.ui import saving

    try:
        wanted = saving.read_target(line.rest, overwrites=line.name == "save!")
    except saving.SavingError as error:
        words = str(error)
        raise LineError(f"{words}; save! overwrites it" if words.endswith("already") else words) from error
    return partial(saving.save_front, app, wanted)


def _quit(app: TsymApp, _: Line) -> Deed:
    return app.action_leave


def _write(app: TsymApp, _: Line) -> Deed:
    return partial(app.front.say, "there is nothing to write back; E saves this view to a file")


_DEEDS: Mapping[str, Callable[[TsymApp, Line], Deed]] = {
    "overview": _show,
    "nodes": _show,
    "matrix": _show,
    "map": _show,
    "launch": _show,
    "filter": _narrow,
    "open": _open,
    "mark": _mark,
    "ping": _ping,
    "get": _ask,
    "layout": _layout,
    "theme": _theme,
    "set": _set,
    "save": _save,
    "save!": _save,
    "w": _write,
    "q": _quit,
}


# reading parts


def _usage(name: str) -> str:
    return f"write {name} {ORDERS[name].usage}"


def _filter(text: str) -> Filter:
    try:
        return parse_filter(text)
    except FilterError as error:
        raise LineError(str(error)) from error


def _node(app: TsymApp, name: str) -> NodeRef:
    digest = app.desk.view.digest
    wanted = name.rstrip(".").casefold()
    nodes = {} if digest is None else digest.snapshot.nodes
    found = [
        ref
        for ref, node in nodes.items()
        if (
            digest is not None
            and wanted in {digest.name_of(ref).casefold(), node.name.casefold(), str(ref.stable_id).casefold()}
        )
        or name in node.addresses
    ]
    if len(found) != 1:
        raise LineError(f"{name} may be several nodes: write an address" if found else f"no node is called {name!r}")
    return found[0]


def _address(app: TsymApp, name: str) -> str:
    ref, digest = _node(app, name), app.desk.view.digest
    addresses = () if digest is None else digest.snapshot.nodes[ref].addresses
    if not addresses:
        raise LineError(f"{name} has no address to ping")
    return addresses[0]


def _switch(text: str) -> bool:
    if text in {"", "on", "true", "yes", "1"}:
        return True
    if text in {"off", "false", "no", "0"}:
        return False
    raise LineError(f"write on or off, not {text!r}")


def _count(text: str) -> int:
    if not text.isdecimal():
        raise LineError(f"write a number, not {text!r}")
    return int(text)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        raise LineError(f"write rising numbers such as 5,20,50,100,200, not {text!r}") from error


def _glyphs(text: str) -> str:
    if text not in GLYPH_NAMES:
        raise LineError(f"write one of {', '.join((AUTO, *Level))}")
    return text


_READERS: Mapping[str, Callable[[str], object]] = {
    "thresholds-ms": _numbers,
    "trunks-above": _count,
    "bundles-above": _count,
    "animate": _switch,
    "mini-map": _switch,
    "hide-names": _switch,
    "glyphs": _glyphs,
}
