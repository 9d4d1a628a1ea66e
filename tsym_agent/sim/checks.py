"""What needs two tables to be seen wrong: names that nothing bears, names borne twice, keys that contradict."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator

from tsym_agent.sim.errors import ScenarioError
from tsym_agent.sim.scenario import Scenario
from tsym_agent.sim.schema import EVENT_NEEDS, UNDOES, EventTable, LinkTable, NodeTable

TAILNET_RANGE = ipaddress.IPv4Network("100.64.0.0/10")

Problem = tuple[str, str]
"""A key and what is wrong with it."""


def check(file: str, scenario: Scenario) -> None:
    """Raise `ScenarioError` for the first thing that cannot be."""
    for problems in (
        _sites(scenario),
        _regions(scenario),
        _nodes(scenario),
        _links(scenario),
        _events(scenario),
    ):
        for key, problem in problems:
            raise ScenarioError(file, key, problem)
    if not scenario.vantages:
        raise ScenarioError(file, "node", "no node has `vantage = true`: there would be nothing to ask")


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"no {what} `{name}`; there is {shown or 'none'}"


def _sites(scenario: Scenario) -> Iterator[Problem]:
    latencies: dict[frozenset[str], float] = {}
    for site in scenario.sites.values():
        key = f"site {site.name}"
        nodes = sum(node.site == site.name for node in scenario.nodes.values())
        yield from _prefix(f"{key}.subnet", site.subnet, nodes + 2)
        if "/" in site.public_address and not site.lan:
            yield from _prefix(f"{key}.public_address", site.public_address, nodes)
        elif site.nat != "none" and not _is_ipv4(site.public_address):
            yield f"{key}.public_address", "expected the IPv4 address of the router, since the site is behind NAT"
        if site.region and site.region not in scenario.regions:
            yield f"{key}.region", _unknown("region", site.region, scenario.regions)
        for other, latency_ms in site.latency_ms.items():
            if other not in scenario.sites:
                yield f"{key}.latency_ms", _unknown("site", other, scenario.sites)
            if latencies.setdefault(frozenset({site.name, other}), latency_ms) != latency_ms:
                yield f"{key}.latency_ms", f"`{other}` says another latency for the way back; name it once"


def _prefix(key: str, text: str, needed: int) -> Iterator[Problem]:
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        yield key, f"expected an IPv4 prefix like 192.168.1.0/24: {error}"
    else:
        if network.num_addresses < needed:
            yield key, f"has {network.num_addresses} addresses, {needed} are needed"


def _regions(scenario: Scenario) -> Iterator[Problem]:
    ids: dict[int, str] = {}
    for region in scenario.regions.values():
        key = f"region {region.code}"
        if ids.setdefault(region.id, region.code) != region.code:
            yield f"{key}.id", f"region `{ids[region.id]}` has the number {region.id} already"
        if region.near and region.near not in scenario.sites:
            yield f"{key}.near", _unknown("site", region.near, scenario.sites)
        for site in region.latency_ms:
            if site not in scenario.sites:
                yield f"{key}.latency_ms", _unknown("site", site, scenario.sites)


def _nodes(scenario: Scenario) -> Iterator[Problem]:
    addresses: dict[str, str] = {}
    for node in scenario.nodes.values():
        key = f"node {node.name}"
        if node.site not in scenario.sites:
            yield f"{key}.site", _unknown("site", node.site, scenario.sites)
        if node.owner and node.owner not in scenario.users:
            yield f"{key}.owner", _unknown("user", node.owner, scenario.users)
        if node.shared_by and node.shared_by not in scenario.users:
            yield f"{key}.shared_by", _unknown("user", node.shared_by, scenario.users)
        if not node.owner and not node.tags and not node.mullvad:
            yield f"{key}.owner", "expected an owner or tags"
        if node.region and node.region not in scenario.regions:
            yield f"{key}.region", _unknown("region", node.region, scenario.regions)
        if node.address:
            if not _is_ipv4(node.address) or ipaddress.IPv4Address(node.address) not in TAILNET_RANGE:
                yield f"{key}.address", f"expected an address of {TAILNET_RANGE}"
            if addresses.setdefault(node.address, node.name) != node.name:
                yield f"{key}.address", f"node `{addresses[node.address]}` has it already"
        yield from _roles(key, node, scenario)


def _roles(key: str, node: NodeTable, scenario: Scenario) -> Iterator[Problem]:
    for route in node.routes:
        try:
            ipaddress.ip_network(route)
        except ValueError as error:
            yield f"{key}.routes", f"expected prefixes like 10.5.0.0/24: {error}"
    exit_node = scenario.nodes.get(node.uses_exit_node)
    if node.uses_exit_node and (exit_node is None or not (exit_node.exit_node or exit_node.mullvad)):
        offers = [other.name for other in scenario.nodes.values() if other.exit_node or other.mullvad]
        yield f"{key}.uses_exit_node", _unknown("exit node", node.uses_exit_node, offers)
    if node.mullvad and node.vantage:
        yield f"{key}.vantage", "a Mullvad exit node has no LocalAPI to serve"


def _links(scenario: Scenario) -> Iterator[Problem]:
    for index, link in enumerate(scenario.links):
        key = f"link[{index}]"
        yield from _ends(key, link, scenario)
        if link.between is None and not (link.source and link.target):
            yield key, "expected `between = [A, B]`, or `from` and `to`"
        if link == LinkTable(between=link.between, source=link.source, target=link.target):
            yield key, "changes nothing; expected latency_ms, add_ms, jitter_ms, loss, blocked, relayed or traffic_kbps"


def _events(scenario: Scenario) -> Iterator[Problem]:
    for index, event in enumerate(scenario.events):
        key = f"event[{index}] ({event.kind})"
        yield from _ends(key, event, scenario)
        yield from _needs(key, event)
        if event.on and not scenario.select(event.on):
            yield f"{key}.on", _unknown("node", event.on, scenario.nodes)
        if event.region and event.region not in scenario.regions:
            yield f"{key}.region", _unknown("region", event.region, scenario.regions)
        if event.lasts is not None and event.kind in UNDOES:
            yield f"{key}.for", f"`{event.kind}` lasts until the next `{UNDOES[event.kind]}`"
        if event.every is not None and event.lasts is not None and event.lasts >= event.every:
            yield f"{key}.for", f"expected less than `every` ({event.every:g} s)"


def _needs(key: str, event: EventTable) -> Iterator[Problem]:
    given = {
        "between": event.between is not None,
        "from": bool(event.source),
        "to": bool(event.target),
        "on": bool(event.on),
        "add_ms": event.add_ms > 0,
        "loss": event.loss > 0,
        "nat": bool(event.nat),
        "region": bool(event.region),
        "state": bool(event.state),
        "text": bool(event.text),
    }
    needs = EVENT_NEEDS[event.kind]
    allowed = {name for need in needs for name in need.split("|")}
    for need in needs:
        if sum(given[name] for name in need.split("|")) != 1:
            yield key, f"expected {' or '.join(f'`{name}`' for name in need.split('|'))}"
    for name in sorted(name for name, is_given in given.items() if is_given and name not in allowed):
        yield f"{key}.{name}", f"means nothing here; `{event.kind}` takes {', '.join(sorted(allowed))}"


def _ends(key: str, table: LinkTable | EventTable, scenario: Scenario) -> Iterator[Problem]:
    ends: Collection[tuple[str, str]] = [("from", table.source), ("to", table.target)]
    if table.between is not None:
        if table.source or table.target:
            yield key, "expected `between`, or `from` and `to`, not both"
        ends = [("between", selector) for selector in table.between]
    for name, selector in ends:
        if selector and not scenario.select(selector):
            yield f"{key}.{name}", _unknown("node", selector, scenario.nodes)


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
