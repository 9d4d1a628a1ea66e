"""What can be started, and what each can be told: read from a tree of click commands by its shape. Pure.

A command may say of itself, in attributes that click does not have: `changes`, what it changes in words; `terminal`,
the flag without which it needs a terminal; `missing`, what is to be installed before it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, auto
from typing import Protocol, cast

import msgspec

SECRET_WORDS = frozenset({"key", "authkey", "apikey", "password", "passphrase", "secret", "token", "credential"})
"""A field with one of these in its name holds a secret, unless it names the file that does."""

_HOLDERS = frozenset({"file", "path", "dir", "name", "id", "expiry", "tag"})

FIRST = ("sim", "invite", "control")
"""Tools, where all others are questions; groups are tools, too."""


class Kind(Enum):
    """How a field is filled in."""

    TEXT = auto()
    SWITCH = auto()
    """Said or not said."""
    TOGGLE = auto()
    """Said, denied, or left alone."""
    CHOICE = auto()
    COUNT = auto()
    """Said so many times."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One option or argument."""

    name: str
    flag: str = ""
    """How it is said; empty for an argument, which stands for itself."""
    denial: str = ""
    """How a toggle is denied."""
    kind: Kind = Kind.TEXT
    words: str = ""
    wants: str = ""
    """What it takes: a word such as NAME, a range, choices."""
    choices: tuple[str, ...] = ()
    default: str = ""
    """What is taken when it is left empty, as a person would write it."""
    variables: tuple[str, ...] = ()
    """Environment variables that set it, the strongest first."""
    is_required: bool = False
    is_repeatable: bool = False
    is_secret: bool = False
    """Neither shown nor made an argument."""
    takes: int = 1
    """How many values stand behind the flag."""
    changes: str = ""
    """What it changes when it is given; empty = nothing."""
    check: Callable[[str], str] = lambda _: ""
    """Says what is wrong with one value; nothing when it is good."""


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """Something to start."""

    words: tuple[str, ...]
    """How it is called: program, then commands."""
    about: str = ""
    """One line."""
    help: str = ""
    fields: tuple[Field, ...] = ()
    changes: str = ""
    """What it changes; empty = nothing."""
    harmless_with: frozenset[str] = frozenset()
    """Names of fields with which it changes nothing."""
    needs: str = ""
    """The flag without which it needs a terminal of its own; empty = it needs none."""
    missing: str = ""
    """What to install before it is there; empty = it is there."""
    is_tool: bool = False
    """Whether it stands with the tools, apart from the questions about a tailnet."""
    outcomes: Mapping[int, str] = {}
    """What its exit codes mean where that is not what they mean everywhere."""

    @property
    def name(self) -> str:
        """How a list calls it."""
        return " ".join(self.words[1:] or self.words)


class Type(Protocol):
    """What a parameter's type knows."""

    name: str

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> object:
        """Return a value, or raise with words about what is wrong."""


class Parameter(Protocol):
    """An option or an argument."""

    name: str | None
    opts: Sequence[str]
    secondary_opts: Sequence[str]
    type: Type
    required: bool
    nargs: int
    multiple: bool
    envvar: str | Sequence[str] | None
    param_type_name: str

    def get_default(self, ctx: Context, call: bool = ...) -> object:
        """Return what holds when nothing is given."""


class Context(Protocol):
    """What a command is asked in."""


class Command(Protocol):
    """A command of the tree."""

    name: str | None
    help: str | None
    hidden: bool

    def get_params(self, ctx: Context) -> Sequence[Parameter]:
        """Return all it takes, its own help included."""

    def get_short_help_str(self, limit: int = ...) -> str:
        """Return its line in a list."""

    def context_class(self, command: Command, *, info_name: str, parent: Context | None = ...) -> Context:
        """Make what it is asked in."""


class Group(Command, Protocol):
    """A command that has others."""

    def list_commands(self, ctx: Context) -> Sequence[str]:
        """Name them."""

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Return one."""


def read_tools(tree: object) -> Iterator[Tool]:
    """Yield what a tree of commands can start, leaves only; each is loaded when it is asked for."""
    root = cast("Group", tree)
    if not hasattr(root, "list_commands"):
        return
    yield from _read_group(root, None, (root.name or "",), is_tool=False)


def _read_group(group: Group, parent: Context | None, words: tuple[str, ...], *, is_tool: bool) -> Iterator[Tool]:
    context = group.context_class(group, info_name=words[-1], parent=parent)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        path = (*words, name)
        if hasattr(command, "list_commands"):
            yield from _read_group(cast("Group", command), context, path, is_tool=True)
        else:
            inner = command.context_class(command, info_name=name, parent=context)
            yield _read_command(command, inner, path, is_tool=is_tool or name in FIRST)


def _read_command(command: Command, context: Context, words: tuple[str, ...], *, is_tool: bool) -> Tool:
    missing = str(getattr(command, "missing", ""))
    fields = (_read_field(command, context, parameter) for parameter in command.get_params(context))
    return Tool(
        words=words,
        about=command.get_short_help_str(200),
        help=(command.help or "").replace("\b", "").strip(),
        fields=() if missing else tuple(field for field in fields if field is not None),
        changes=str(getattr(command, "changes", "")),
        needs=str(getattr(command, "terminal", "")),
        missing=missing,
        is_tool=is_tool or bool(missing),
    )


def _read_field(command: Command, context: Context, parameter: Parameter) -> Field | None:
    """Describe a parameter; None for what no form asks: help, and what is hidden."""
    name = parameter.name or ""
    is_argument = parameter.param_type_name == "argument"
    if "--help" in parameter.opts or getattr(parameter, "hidden", False):
        return None
    flag = "" if is_argument else max(parameter.opts, key=len)
    kind = _kind(parameter)
    choices = {
        Kind.SWITCH: ("yes",),
        Kind.TOGGLE: ("yes", "no"),
        Kind.CHOICE: tuple(str(choice) for choice in getattr(parameter.type, "choices", ())),
    }.get(kind, ())
    return Field(
        name=name,
        flag=flag,
        denial=max(parameter.secondary_opts, key=len, default=""),
        kind=kind,
        words=str(getattr(parameter, "help", None) or ""),
        wants=_wants(parameter, kind),
        choices=choices,
        default=_default_words(parameter.get_default(context), kind),
        variables=_variables(command, parameter),
        is_required=parameter.required,
        is_repeatable=bool(getattr(parameter, "multiple", False)) or parameter.nargs < 0,
        is_secret=bool(getattr(parameter, "hide_input", False)) or (kind is Kind.TEXT and is_secret_name(name)),
        takes=max(1, parameter.nargs),
        changes=str(getattr(parameter, "changes", "")),
        check=_checker(parameter, context, kind),
    )


def is_secret_name(name: str) -> bool:
    """Whether a field called so holds a secret itself."""
    words = name.casefold().replace("-", "_").split("_")
    return bool(SECRET_WORDS & set(words)) and words[-1] not in _HOLDERS


def _kind(parameter: Parameter) -> Kind:
    if getattr(parameter, "count", False):
        return Kind.COUNT
    if getattr(parameter, "is_flag", False):
        return Kind.TOGGLE if parameter.secondary_opts else Kind.SWITCH
    return (
        Kind.CHOICE if hasattr(parameter.type, "choices") and not getattr(parameter, "multiple", False) else Kind.TEXT
    )


def _wants(parameter: Parameter, kind: Kind) -> str:
    if kind in {Kind.SWITCH, Kind.TOGGLE}:
        return ""
    if choices := getattr(parameter.type, "choices", ()):
        return ", ".join(str(choice) for choice in choices)
    low, high = getattr(parameter.type, "min", None), getattr(parameter.type, "max", None)
    if low is not None or high is not None:
        number = "whole number" if "integer" in parameter.type.name else "number"
        within = [f"from {low:g}"] if low is not None else []
        within += [f"{'to' if low is not None else 'up to'} {high:g}"] if high is not None else []
        return " ".join([number, *within])
    if kind is Kind.COUNT:
        return "how many times"
    own = {"integer": "whole number", "float": "number"}.get(parameter.type.name)
    return own or str(getattr(parameter, "metavar", None) or parameter.type.name)


def _default_words(value: object, kind: Kind) -> str:
    """Write a default as it would be typed; sentinels of the parser and empty ones are none."""
    if isinstance(value, bool):
        return {True: "yes", False: "no"}[value] if kind is Kind.TOGGLE else ""
    if isinstance(value, (list, tuple)):
        return " ".join(_default_words(part, kind) for part in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, (str, int)) and not (kind is Kind.COUNT and not value) else ""


def _variables(command: Command, parameter: Parameter) -> tuple[str, ...]:
    tell = getattr(parameter, "variables", None)
    if callable(tell):
        return tuple(str(name) for name in tell(command))
    own = parameter.envvar
    return () if not own else (own,) if isinstance(own, str) else tuple(own)


def _checker(parameter: Parameter, context: Context, kind: Kind) -> Callable[[str], str]:
    """Return what says whether a value is good, in the words of the parameter's own type."""

    def check(text: str) -> str:
        if kind in {Kind.SWITCH, Kind.TOGGLE}:
            return ""
        if kind is Kind.COUNT:
            return "" if text.isdecimal() and int(text) < 10 else f"{text!r} is not a number below 10"
        try:
            parameter.type.convert(text, parameter, context)
        except Exception as error:  # noqa: BLE001 - a type of anybody's may raise anything; what it says is the answer
            return str(getattr(error, "message", "")) or str(error) or type(error).__name__
        return ""

    return check
