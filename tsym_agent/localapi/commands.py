"""What a LocalAPI command is: an endpoint, a name for people, and everything that must be known before it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from tsym_agent.localapi.parameters import Parameter
from tsym_agent.model.hosts import Rights


class Form(StrEnum):
    """What an answer is."""

    JSON = "json"
    TEXT = "text"
    BYTES = "bytes"
    """Meant for a file and another program."""
    STREAM = "stream"
    """JSON, one object after the other, without end."""


class Question(NamedTuple):
    """A command with its values, as it is sent upstream."""

    method: str
    path: str
    """Below `/localapi/v0/`, percent-encoded."""
    query: dict[str, str]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a daemon can be asked."""

    name: str
    """What people and grants write: letters and `-`."""
    words: str
    """What it answers, in one line."""
    since: str
    """The first release that has it."""
    until: str = ""
    """The last release that had it; empty = it is still there."""
    endpoint: str = ""
    """Below `/localapi/v0/`; empty = as the name. One that ends in `/` takes the rest of its path as a parameter."""
    method: str = "GET"
    fixed: tuple[tuple[str, str], ...] = ()
    """Parameters that are always sent, and are no one's to choose."""
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    """What it wants as a body; empty = none, and then none is sent: a form body would override the query."""
    form: Form = Form.JSON
    part: str = ""
    """The one member of the answer that is meant; empty = all of it."""
    right: Rights | None = Rights.READ
    """What the daemon asks of its caller; None = nothing, whoever may connect may ask."""
    acts: bool = False
    """Whether it does something to the daemon: agents run it only with `--allow-write` and a grant that says so."""
    is_sensitive: bool = False
    """Whether it reads more of the host or the tailnet than a map needs."""
    feature: str = ""
    """Build feature: small builds answer 404 without it."""
    sends: str = ""
    """What it sends or costs beyond an answer; empty = nothing."""
    secrets: tuple[str, ...] = ()
    """Members to blank wherever they stand in an answer before it leaves the machine."""
    timeout_s: float | None = None
    """How long an answer may take; None = as long as the client gives any."""

    @property
    def path(self) -> str:
        """The endpoint's path below `/localapi/v0/`."""
        return self.endpoint or self.name

    def question(self, values: Mapping[str, str]) -> Question:
        """Put values in; raise `ValueError` for one that is unknown, missing, or not what its parameter wants.

        Nothing of a value is sent as it came: each is checked and spelled anew.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        if unknown := sorted(values.keys() - known.keys()):
            takes = f"it takes {', '.join(known)}" if known else "it takes nothing"
            raise ValueError(f"{self.name} has no parameter {unknown[0]!r}: {takes}")
        for name, parameter in known.items():
            if parameter.is_required and name not in values:
                raise ValueError(f"{self.name} needs {name}: {parameter.words}")
        spelled = {name: known[name].canonical(value) for name, value in values.items()}
        tail = "".join(quote(value, safe="") for name, value in spelled.items() if known[name].in_path)
        query = {name: value for name, value in spelled.items() if not known[name].in_path}
        return Question(self.method, self.path + tail, {**query, **dict(self.fixed)})
