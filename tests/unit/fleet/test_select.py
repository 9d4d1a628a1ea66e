"""Choosing hosts."""

from __future__ import annotations

import pytest

from tests.unit.fleet.fakes import ref
from tsym_agent.model.hosts import Host, HostState
from tsym_agent.model.nodes import Node
from tsym_tui.fleet.filters import FilterError
from tsym_tui.fleet.fleet import Asked
from tsym_tui.fleet.select import parse_selector


def host(name: str, *tags: str, os: str = "linux", file_tags: tuple[str, ...] = ()) -> Asked:
    node = Node(
        ref=ref(name),
        name=f"{name}.home.example",
        host_name=name,
        addresses=("100.64.0.1",),
        tags=tags,
        os=os,
        online=True,
    )
    return Asked(Host(spec=f"unix:/{name}", name=name, ref=node.ref, state=HostState.OK), node, None, file_tags)


HOSTS = (
    host("web", "tag:web"),
    host("web-2", "tag:web", os="macOS"),
    host("db", "tag:db", file_tags=("office",)),
    Asked(Host(spec="ssh:backup", name="ssh:backup", state=HostState.FAILED), None, None, ("office",)),
)


def chosen(*texts: str) -> list[str]:
    return [one.host.name for one in parse_selector(texts).chosen(HOSTS)]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((), ["web", "web-2", "db", "ssh:backup"]),
        (("all",), ["web", "web-2", "db", "ssh:backup"]),
        (("web",), ["web"]),
        (("WEB-2",), ["web-2"]),
        (("web-2.home.example",), ["web-2"]),
        (("eb",), ["web", "web-2"]),
        (("tag:web os:mac",), ["web-2"]),
        (("tag:web", "db"), ["web", "web-2", "db"]),
        (("db,web",), ["web", "db"]),
        (("ssh:backup",), ["ssh:backup"]),
        (("office",), ["db", "ssh:backup"]),
        (("tag:office online",), ["db"]),
        (("tag:web os:mac, db",), ["web-2", "db"]),
        (("tag:web,db",), ["web", "web-2", "db"]),
        (("tag:web,ssh:backup",), ["web", "web-2", "ssh:backup"]),
        (("nobody,ssh:backup",), ["ssh:backup"]),
        (("!tag:web",), ["db", "ssh:backup"]),
        (("nobody",), []),
    ],
)
def test_a_selector_means(texts: tuple[str, ...], expected: list[str]) -> None:
    assert chosen(*texts) == expected


@pytest.mark.parametrize("text", ["path:derp", "!rtt:>5", "web path:dead"])
def test_terms_about_measurements_are_refused_where_nothing_is_probed(text: str) -> None:
    with pytest.raises(FilterError, match="nothing is probed"):
        parse_selector([text])
