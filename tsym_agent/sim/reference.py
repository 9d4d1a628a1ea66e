"""The reference page of scenario files, made from the schema: `python -m tsym_agent.sim.reference > PAGE`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import msgspec

from tsym_agent.sim.fields import Field, fields_of
from tsym_agent.sim.loading import shipped_names
from tsym_agent.sim.schema import (
    EVENT_MEANINGS,
    EVENT_NEEDS,
    UNDOES,
    EventTable,
    GenerateTable,
    LinkTable,
    LocationTable,
    NodeTable,
    RegionTable,
    SiteTable,
    TailnetTable,
    UserTable,
)

_INTRODUCTION = """\
# Scenario files

A scenario describes a tailnet for the simulator: what it is made of, and what happens to it. `tsym sim --scenario FILE
--dir DIR` plays it. It is a TOML file; unknown keys are refused, and every error names the file, the key and what is
expected there. These come with the program: {shipped}.

<!-- Made by `python -m tsym_agent.sim.reference` from the schema; a test holds the two together. -->

Times are seconds from the start, latencies are round trips in milliseconds, shares are from 0 to 1. A *selector* names
nodes: a node's name, `site:NAME`, `tag:NAME`, or `*`.

The smallest one, two machines behind two routers:

```toml
{smallest}```

Which path a pair gets follows from where its nodes stand, as on a real tailnet:

* two machines of one site with `lan` reach each other directly, over the LAN;
* else UDP gets through when both sites let it out and one side has no NAT, or both have an easy one;
* else it goes through a node with `relay_server` that both reach by UDP, if both run 1.86 or newer; the nearest wins;
* else through the DERP region that the pinged node calls home.

Two nodes behind NAT, and users of a peer relay, need two to three seconds or pings until that path is found; until then
pongs come by DERP. The same file, seed and time give the same answers.
"""

SMALLEST = """\
[tailnet]
name = "small.ts.net"

[[user]]
name = "kim"

[[region]]
id = 1
code = "fra"

[[site]]
name = "home"
public_address = "198.51.100.1"
subnet = "192.168.1.0/24"

[[site]]
name = "office"
public_address = "198.51.100.2"
subnet = "10.0.0.0/24"
nat = "hard"
latency_ms = { home = 18 }

[[node]]
name = "laptop"
site = "home"
owner = "kim"
vantage = true

[[node]]
name = "desk"
site = "office"
owner = "kim"
"""

_TABLES: tuple[tuple[str, type[msgspec.Struct], str], ...] = (
    ("`[tailnet]`", TailnetTable, "The network and its control server. Required."),
    ("`[[user]]`", UserTable, "A person who owns nodes."),
    ("`[[region]]`", RegionTable, "A DERP region. At least one."),
    ("`[[site]]`", SiteTable, "A place: machines behind one router, or with addresses of their own. At least one."),
    ("`[[node]]`", NodeTable, "A machine. At least one has `vantage = true`."),
    ("`location` of a node", LocationTable, "Where an exit node says it stands."),
    ("`[[generate]]`", GenerateTable, "Many nodes of one kind: `counts` by site, or `names` at one `site`."),
    ("`[[link]]`", LinkTable, "What is special between two groups of nodes, all the time."),
    ("`[[event]]`", EventTable, "What happens at a time. Of two events that contradict each other the later one wins."),
)


def page() -> str:
    """Return the page as Markdown."""
    shipped = ", ".join(f"`{name}`" for name in shipped_names())
    return "\n".join([_INTRODUCTION.format(shipped=shipped, smallest=SMALLEST), *_tables(), *_events()]) + "\n"


def _tables() -> Iterator[str]:
    for title, table, meaning in _TABLES:
        yield f"## {title}\n\n{meaning}\n"
        yield "| Key | What may stand there | Default | Meaning |"
        yield "|---|---|---|---|"
        fields = fields_of(table)
        yield from (_row(field) for field in fields if field.default is None)
        yield from (_row(field) for field in fields if field.default is not None)
        yield ""


def _row(field: Field) -> str:
    default = "required" if field.default is None else f"`{field.default}`" if field.default else ""
    kind = "one of the kinds below" if field.name == "kind" else field.kind
    return f"| `{field.name}` | {_escaped(kind)} | {_escaped(default)} | {_escaped(field.meaning)} |"


def _events() -> Iterator[str]:
    yield "### Kinds of events\n"
    yield "All take `at`, `for` and `every`, apart from those that undo another kind, which take no `for`.\n"
    yield "| `kind` | Needs | What happens |"
    yield "|---|---|---|"
    for kind, needs in EVENT_NEEDS.items():
        words = ", ".join(" or ".join(f"`{name}`" for name in need.split("|")) for need in needs)
        undoes = f" Undoes `{UNDOES[kind]}`." if kind in UNDOES else ""
        yield f"| `{kind}` | {words} | {EVENT_MEANINGS[kind]}{undoes} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
