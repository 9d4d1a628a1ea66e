"""`[[generate]]` written out: one table becomes many nodes, always the same ones."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tsym_agent.sim.chance import share
from tsym_agent.sim.errors import ScenarioError
from tsym_agent.sim.schema import GenerateTable, NodeTable, ScenarioFile

MOST_NODES = 10_000


def expand(file: str, content: ScenarioFile) -> tuple[NodeTable, ...]:
    """Return the written nodes, then the generated ones."""
    nodes = list(content.node)
    for index, table in enumerate(content.generate):
        key = f"generate[{index}]"
        try:
            nodes.extend(_nodes_of(table))
        except msgspec.ValidationError as error:  # a ValueError, too, but one of a made node, not of the pattern
            raise ScenarioError(file, key, str(error)) from error
        except (KeyError, IndexError, ValueError) as error:
            problem = "only {site}, {n} and {name} may stand in braces"
            raise ScenarioError(file, f"{key}.name", f"cannot be filled in ({error}); {problem}") from error
        if bool(table.counts) == bool(table.names):
            raise ScenarioError(file, key, "expected either `counts` by site, or `names` and a `site`")
        if len(nodes) > MOST_NODES:
            raise ScenarioError(file, key, f"more than {MOST_NODES} nodes")
    return tuple(nodes)


def _nodes_of(table: GenerateTable) -> Iterator[NodeTable]:
    fields = msgspec.structs.asdict(table.node)
    for turn, (site, number, name) in enumerate(_places(table)):
        made = table.name.format(site=site, n=number, name=name)
        own: dict[str, object] = {
            "name": made,
            "site": site,
            "vantage": number <= table.vantage or made in table.vantages,
        }
        own["owner"] = table.owners[turn % len(table.owners)] if table.owners else table.node.owner.format(name=name)
        if table.systems:
            own["os"] = table.systems[turn % len(table.systems)]
        if table.delay_spread_ms:
            own["delay_ms"] = table.node.delay_ms + round(table.delay_spread_ms * share("delay", made), 1)
        yield msgspec.convert(fields | own, NodeTable)


def _places(table: GenerateTable) -> Iterator[tuple[str, int, str]]:
    """Yield site, number at the site, and name of each node to make."""
    for number, name in enumerate(table.names, 1):
        yield table.site, number, name
    for site, count in table.counts.items():
        for number in range(1, count + 1):
            yield site, number, ""
