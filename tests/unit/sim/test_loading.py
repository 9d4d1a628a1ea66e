"""Scenario files: what is refused, and with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sim.tailnets import node, tailnet
from tsym_agent.sim.errors import ScenarioError
from tsym_agent.sim.loading import load_scenario, parse_scenario, shipped_names
from tsym_agent.sim.reference import SMALLEST, page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "scenario.md"


def test_the_reference_page_is_the_schemas() -> None:
    assert PAGE.read_text() == page(), "run python -m tsym_agent.sim.reference > docs/reference/scenario.md"


def test_the_pages_smallest_scenario_is_one() -> None:
    assert list(parse_scenario(SMALLEST).nodes) == ["laptop", "desk"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        pytest.param("[tailnet]", "[tailnet", "not TOML: .*line 1", id="not TOML"),
        pytest.param('nat = "hard"', 'nat = "soft"', r'site\[1\].nat: \'soft\' .* "easy", "hard" or "none"', id="enum"),
        pytest.param('nat = "hard"', 'nta = "hard"', r"site\[1\].nta: unknown key; did you mean `nat`", id="typo"),
        pytest.param('nat = "hard"', "zzzzz = 1", r"unknown key; expected one of name, public_address", id="unknown"),
        pytest.param("vantage = true", "vantage = 1", r"node\[0\].vantage: 1 .* true or false", id="type"),
        pytest.param('name = "desk"', 'name = "A B"', r"node\[1\].name: 'A B' .* a name of a-z", id="name"),
        pytest.param('name = "desk"', 'name = "laptop"', "node laptop: there are two", id="twice"),
        pytest.param('name = "small.ts.net"', "", "tailnet.name: missing", id="missing"),
        pytest.param('site = "office"', 'site = "x"', "node desk.site: no site `x`; there is home, office", id="site"),
        pytest.param('owner = "kim"', 'owner = "x"', "node laptop.owner: no user `x`", id="owner"),
        pytest.param('owner = "kim"', "", "expected an owner or tags", id="nobody's"),
        pytest.param("home = 18", "home = -1", r"site\[1\].latency_ms: .* from 0", id="negative"),
        pytest.param("home = 18", "x = 18", "no site `x`", id="latency to nowhere"),
        pytest.param("vantage = true", "", "no node has `vantage = true`", id="nothing to ask"),
        pytest.param('"10.0.0.0/24"', '"10.0.0/24"', "site office.subnet: expected an IPv4 prefix", id="subnet"),
        pytest.param('"10.0.0.0/24"', '"10.0.0.0/32"', "has 1 addresses, 3 are needed", id="small subnet"),
        pytest.param('public_address = "198.51.100.2"', "", "site office.public_address: expected", id="no router"),
        pytest.param('name = "desk"', 'name = "desk"\nlast_seen_s = nan', "nan will not do", id="not a number"),
        pytest.param('name = "desk"', 'name = "desk"\nversion = "2"', "a version like 1.102.3", id="version"),
        pytest.param('name = "desk"', 'name = "desk"\nroutes = ["x"]', "expected prefixes", id="routes"),
        pytest.param('name = "desk"', 'name = "desk"\naddress = "10.0.0.1"', "100.64.0.0/10", id="address"),
        pytest.param('name = "desk"', 'name = "desk"\nuses_exit_node = "laptop"', "no exit node", id="exit node"),
        pytest.param('name = "desk"', 'name = "desk"\nregion = "x"', "no region `x`; there is fra", id="region"),
    ],
)
def test_a_mistake_is_named(before: str, after: str, words: str) -> None:
    assert before in SMALLEST

    with pytest.raises(ScenarioError, match=f"^scenario.toml: .*{words}"):
        parse_scenario(SMALLEST.replace(before, after, 1))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        pytest.param('[[link]]\nbetween = ["here", "there"]', "changes nothing", id="link without effect"),
        pytest.param('[[link]]\nfrom = "here"\nloss = 0.1', "`between = .*or `from` and `to`", id="link half"),
        pytest.param('[[link]]\nbetween = ["here", "x"]\nloss = 0.1', r"link\[0\].between: no node `x`", id="link end"),
        pytest.param('[[event]]\nkind = "boom"\nat = 1', r"event\[0\].kind: 'boom'", id="event kind"),
        pytest.param(
            '[[event]]\nkind = "link-cut"\nat = 1', r"event\[0\] \(link-cut\): expected `between`", id="needs"
        ),
        pytest.param('[[event]]\nkind = "nat"\nat = 1\non = "here"', "expected `nat`", id="needs nat"),
        pytest.param('[[event]]\nkind = "key-expired"\nat = 1\non = "here"\nloss = 0.5', "means nothing", id="surplus"),
        pytest.param('[[event]]\nkind = "node-added"\nat = 1\nfor = 2\non = "here"', "lasts until", id="for of undo"),
        pytest.param(
            '[[event]]\nkind = "node-offline"\nat = 1\nfor = 9\nevery = 5\non = "here"', "less than `every`", id="for"
        ),
        pytest.param('[[event]]\nkind = "node-offline"\nat = 1\non = "tag:x"', "no node `tag:x`", id="selector"),
        pytest.param('[[generate]]\nname = "x"', "either `counts` .* or `names`", id="generate nothing"),
        pytest.param(
            '[[generate]]\nname = "{x}"\ncounts = { a = 1 }\nnode = { owner = "kim" }', "braces", id="generate pattern"
        ),
        pytest.param(
            '[[generate]]\nname = "{n}!"\ncounts = { a = 1 }\nnode = { owner = "kim" }',
            r"generate\[0\]: Expected `str` matching regex .* at `\$\.name`$",
            id="generate name",
        ),
        pytest.param(
            '[[generate]]\nname = "{n}"\ncounts = { a = 9999, b = 9999 }\nnode = { owner = "kim" }',
            "more than 10000 nodes",
            id="too many",
        ),
    ],
)
def test_a_mistake_in_what_is_special_is_named(table: str, words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        tailnet(table)


def test_a_latency_told_twice_differently_is_refused() -> None:
    text = SMALLEST.replace('subnet = "192', 'latency_ms = { office = 20 }\nsubnet = "192', 1)

    with pytest.raises(ScenarioError, match="another latency"):
        parse_scenario(text)


def test_an_unknown_name_lists_the_shipped_scenarios() -> None:
    with pytest.raises(ScenarioError, match="hoem: no such scenario; expected broken, company, home, large"):
        load_scenario("hoem")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read: No such file"):
        load_scenario(tmp_path / "x.toml")


def test_a_file_that_is_not_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(ScenarioError, match="not UTF-8"):
        load_scenario(path)


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SMALLEST)

    assert load_scenario(path).name == "mine"


def test_generated_nodes_take_turns() -> None:
    scenario = tailnet(
        """
        [[generate]]
        name = "{site}-x-{n}"
        counts = { a = 2, b = 1 }
        vantage = 1
        owners = ["kim", "friend"]
        systems = ["linux", "macOS"]
        node = { tags = ["tag:x"] }
        """
    )

    made = [(n.name, n.owner, n.os, n.vantage) for n in scenario.nodes.values() if n.tags]
    assert made == [
        ("a-x-1", "kim", "linux", True),
        ("a-x-2", "friend", "macOS", False),
        ("b-x-1", "kim", "linux", True),
    ]


@pytest.mark.parametrize(
    ("selector", "names"),
    [("*", {"here", "there", "x"}), ("site:a", {"here"}), ("tag:x", {"x"}), ("x", {"x"}), ("nobody", set())],
)
def test_selectors_mean_nodes(selector: str, names: set[str]) -> None:
    assert tailnet(node("x", "b", 'tags = ["tag:x"]')).select(selector) == names


@pytest.mark.parametrize(
    ("name", "nodes", "hosts"), [("home", 8, 4), ("company", 60, 12), ("broken", 42, 16), ("large", 1000, 50)]
)
def test_the_shipped_scenarios_have_their_sizes(name: str, nodes: int, hosts: int) -> None:
    scenario = load_scenario(name)

    assert (len(scenario.nodes), len(scenario.vantages)) == (nodes, hosts)


def test_no_scenario_ships_unseen() -> None:
    assert shipped_names() == ("broken", "company", "home", "large")
