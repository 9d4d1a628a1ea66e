"""Which node a person means."""

from __future__ import annotations

import pytest

from tests.unit.fleet.fakes import ref
from tsym_agent.model.ids import NodeRef, StableNodeID, Tailnet
from tsym_agent.model.nodes import Node
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.names import find_node, unique_names

NAS = Node(ref=ref("nas"), name="nas.home.example", host_name="NAS-2", addresses=("100.64.0.2", "fd7a::2"))
DESK = Node(ref=ref("desk"), name="desk.home.example", host_name="localhost", addresses=("100.64.0.3",))
TWIN = Node(ref=ref("twin"), name="desk.other.example", host_name="localhost", addresses=("100.64.0.4",))
GATE = Node(ref=ref("gate"), name="gate.home.example", addresses=("100.64.0.5",), routes=("10.0.0.0/8", "fd00::/8"))
NODES = (NAS, DESK, TWIN, GATE)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nas", NAS),
        ("nas-2", NAS),
        ("Nas.Home.Example.", NAS),
        ("100.64.0.2", NAS),
        ("fd7a:0::2", NAS),
        ("[fd7a::2]", NAS),
        ("n-nas", NAS),
        ("desk.other.example", TWIN),
        ("desk#n-twin", TWIN),
        ("10.1.2.3", GATE),
        ("fd00::9", GATE),
    ],
)
def test_one_node(text: str, found: Node) -> None:
    assert find_node(text, NODES) is found


@pytest.mark.parametrize("text", ["desk", "localhost"])
def test_several_nodes_are_listed(text: str) -> None:
    with pytest.raises(CommandError, match=r"(?s)one of several.*100\.64\.0\.3.*n-desk.*100\.64\.0\.4"):
        find_node(text, NODES)


def test_the_same_name_in_two_tailnets_says_which() -> None:
    other = NodeRef(Tailnet("https://headscale.example", "work"), StableNodeID("7"))
    twin = Node(ref=other, name="nas.home.example", addresses=("100.64.0.9",))

    with pytest.raises(CommandError, match=r"in work@https://headscale\.example"):
        find_node("nas", (NAS, twin))


@pytest.mark.parametrize("text", ["", "printer", "100.64.9.9", "1.2.3.4"])
def test_nobody_is_called_so(text: str) -> None:
    with pytest.raises(CommandError, match="no node is called"):
        find_node(text, NODES)


def test_short_names_stay_unique() -> None:
    assert unique_names(NODES) == {
        NAS.ref: "nas", DESK.ref: "desk.home.example", TWIN.ref: "desk.other.example", GATE.ref: "gate",
    }  # fmt: skip
