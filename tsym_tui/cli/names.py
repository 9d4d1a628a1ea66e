"""Names of nodes: shortened for reading, looked up for asking."""

from __future__ import annotations

import difflib
import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_tui.cli.errors import CommandError


def unique_names(nodes: Iterable[Node]) -> dict[NodeRef, str]:
    """Shorten names to their first label where that is unique, else keep them whole, else add the ID."""
    nodes = tuple(nodes)
    short = Counter(node.short_name for node in nodes)
    whole = Counter(node.name for node in nodes)
    return {
        node.ref: node.short_name
        if short[node.short_name] == 1
        else node.name
        if whole[node.name] == 1
        else f"{node.short_name}#{node.ref.stable_id}"
        for node in nodes
    }


def find_node(text: str, nodes: Sequence[Node]) -> Node:
    """Return the one node that a person means by a name, FQDN, IP address or ID; raise `CommandError` otherwise.

    An address inside a route means the node that serves it, as for `tailscale ping`.
    """
    found = _matching(text, nodes)
    if len(found) == 1:
        return found[0]
    if found:
        listed = "\n".join(f"  {_described(node, found)}" for node in sorted(found, key=lambda node: node.ref))
        raise CommandError(f"{text!r} may be one of several; write an address or an ID:\n{listed}")
    names = sorted({name for node in nodes for name in (node.short_name, node.name, node.host_name) if name})
    close = difflib.get_close_matches(text, names, n=3)
    hint = f"; did you mean {' or '.join(close)}?" if close else "; `tsym nodes --all` lists them"
    raise CommandError(f"no node is called {text!r}{hint}")


def _matching(text: str, nodes: Sequence[Node]) -> list[Node]:
    """Match by address or ID first, then by whole name, then by its first label or host name."""
    address = parse_address(text)
    if address is not None:
        return [node for node in nodes if _has_address(node, address)] or _serving(address, nodes)
    wanted = text.rstrip(".").casefold()
    short, _, stable_id = text.partition("#")
    if not wanted:
        return []
    for matches in (
        [node for node in nodes if node.ref.stable_id == text],
        [node for node in nodes if stable_id and node.ref.stable_id == stable_id and node.short_name == short],
        [node for node in nodes if node.name.casefold() == wanted],
        [node for node in nodes if wanted in {node.short_name.casefold(), node.host_name.casefold()}],
    ):
        if matches:
            return matches
    return []


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(text: str) -> Address | None:
    """Return the IP address that a person wrote, in brackets or not; None for anything else."""
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _has_address(node: Node, address: Address) -> bool:
    return any(parse_address(own) == address for own in node.addresses)


def _serving(address: Address, nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes with the most specific route that holds the address."""
    best: dict[int, list[Node]] = {}
    for node in nodes:
        for route in node.routes:
            try:
                network = ipaddress.ip_network(route, strict=False)
            except ValueError:
                continue
            if network.version == address.version and address in network:
                best.setdefault(network.prefixlen, []).append(node)
    return best[max(best)] if best else []


def _described(node: Node, among: Sequence[Node]) -> str:
    tailnet = f" in {node.ref.tailnet}" if len({other.ref.tailnet for other in among}) > 1 else ""
    return f"{node.name}  {node.addresses[0] if node.addresses else 'no address'}  {node.ref.stable_id}{tailnet}"
