"""A pair and a node over the whole screen: what is said of them, what is asked, and the raw tree."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import msgspec
import pytest

from tests.ui import pictures
from tests.ui.fake_client import FakeClient
from tests.ui.fake_source import FakeSample
from tests.ui.pictures import NOW, host, node, pair, ref, snapshot
from tests.ui.running import Running, running
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_agent.model.prefs import Prefs
from tsym_agent.model.status import PeerStatus
from tsym_agent.model.traces import EndpointChange
from tsym_tui.fleet.inquiry import Changes, Entry, Finding, Inquiry, Pong, Trouble, Wishes
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui.digests import digest
from tsym_tui.ui.rows.candidates import address_kind, candidates, carrying_route
from tsym_tui.ui.rows.histogram import histogram
from tsym_tui.ui.rows.jsontree import Tree, copied, tree_rows
from tsym_tui.ui.rows.layers import LAYERS, Wing, evidence
from tsym_tui.ui.rows.nodeview import NodeFacts, node_view
from tsym_tui.ui.rows.pairview import LEAST_CELLS, PairFacts, pair_view
from tsym_tui.ui.rows.pathstrips import strip
from tsym_tui.ui.rows.pens import Pen, width_of
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.rows.timelines import Span, chart, spark
from tsym_tui.ui.settings import Settings

DARK = Pen(THEMES["dark"])
ASCII = Pen(THEMES["mono"], Level.ASCII)
HOME = digest(pictures.home())
LAPTOP, NAS = ref("laptop"), ref("nas")
TSMP_OK = Pong(LAPTOP, NAS, PingKind.TSMP, 3.9)


def asked(*found: Finding, waiting: int = 0) -> Inquiry:
    inquiry = Inquiry((LAPTOP, NAS), waiting + 1)
    inquiry.take(found)
    return inquiry


def samples(*paths: PathKind | None, every_s: float = 20.0) -> list[FakeSample]:
    """Remember one probe of each class in this order; None was lost."""
    return [
        FakeSample(
            every_s * number,
            None if path is None else 40.0,
            path or PathKind.UNKNOWN,
            derp_region="fra" if path is PathKind.DERP else None,
        )
        for number, path in enumerate(paths)
    ]


def text_of_pair(
    here: str, there: str, inquiry: Inquiry | None = None, cells: int = 115, forth: list[FakeSample] | None = None
) -> str:
    facts = PairFacts(HOME, (ref(here), ref(there)), forth or (), (), inquiry or Inquiry(), NOW)
    return plain_text(pair_view(DARK, facts, cells))


# the butterfly


def wing(**fields: Any) -> Wing:  # noqa: ANN401 - whatever a pair has
    return Wing(LAPTOP, NAS, pair("laptop", "nas", **fields), samples(*[PathKind.DIRECT] * 3))


@pytest.mark.parametrize(
    ("found", "is_so", "words"),
    [
        (asked(TSMP_OK), True, ""),
        (asked(Pong(LAPTOP, NAS, PingKind.TSMP, None, "timed out")), False, "timed out"),
        (asked(Trouble(LAPTOP, "TSMP ping", "it refuses us")), None, "it refuses us"),
        (asked(waiting=1), None, "asking"),
        (asked(), None, "not asked"),
    ],
)
def test_a_layer_inside_the_tunnel_is_known_only_from_its_own_ping(
    found: Inquiry, is_so: bool | None, words: str
) -> None:
    told = evidence(wing(), PingKind.TSMP, found)

    assert (told.is_so, told.words) == (is_so, words)


@pytest.mark.parametrize(
    ("state", "ping", "is_so"),
    [
        (SampleState.FRESH, PingKind.DISCO, True),
        (SampleState.FRESH, None, None),
        (SampleState.FAILED, PingKind.DISCO, False),
        (SampleState.STALE, PingKind.DISCO, None),
        (SampleState.NEVER, None, None),
    ],
)
def test_the_disco_layer_says_what_the_pair_is_worth(
    state: SampleState, ping: PingKind | None, is_so: bool | None
) -> None:
    assert evidence(wing(state=state, ping=ping), PingKind.DISCO, Inquiry()).is_so is is_so


def test_a_relayed_pong_shows_that_udp_did_not_go_straight_and_silence_shows_nothing() -> None:
    relayed = Wing(LAPTOP, NAS, pair("laptop", "nas", path=PathKind.DERP), samples(*[PathKind.DERP] * 4))
    silent = Wing(LAPTOP, NAS, pictures.dead("laptop", "nas"), samples(None, None))

    assert evidence(relayed, None, Inquiry()).words == "no direct pong in 4"
    assert evidence(relayed, None, Inquiry()).is_so is False
    assert evidence(silent, None, Inquiry()).is_so is None


@pytest.mark.parametrize("kind", [kind for _, _, kind in LAYERS])
def test_a_side_without_a_host_knows_nothing(kind: PingKind | None) -> None:
    told = evidence(Wing(NAS, LAPTOP, None), kind, Inquiry())

    assert (told.is_so, told.latency_ms, told.words) == (None, None, "no host there to ask")


@pytest.mark.parametrize("cells", [LEAST_CELLS, 75, 103, 104, 115, 195])
@pytest.mark.parametrize("pen", [DARK, ASCII], ids=["braille", "ascii"])
def test_no_row_of_a_pair_is_wider_than_the_screen(pen: Pen, cells: int) -> None:
    long = digest(
        snapshot([node("a" * 40), node("客厅电视机" * 5)], [pair("a" * 40, "客厅电视机" * 5)], [host("a" * 40)])
    )
    found = asked(TSMP_OK, Trouble(LAPTOP, "prefs", "word " * 80))
    for sums, ends in ((HOME, (LAPTOP, ref("work-mbp"))), (long, (long.order[0], long.order[1]))):
        facts = PairFacts(sums, ends, pictures.history(), samples(PathKind.DIRECT, PathKind.DERP), found, NOW)
        rows = pair_view(pen, facts, cells)

        assert [plain_text([row]) for row in rows if width_of(row) > cells] == []


# the sentence


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (("laptop", "nas"), "● direct, 3.1 ms."),
        (("laptop", "work-mbp"), "▲ relayed through DERP fra, 46 ms."),
        (("laptop", "phone"), "◆ relayed by"),
        (("laptop", "old-mac"), "✕ dead for 2 h, was direct."),
    ],
)
def test_the_first_row_says_it_all(ends: tuple[str, str], words: str) -> None:
    assert words in text_of_pair(*ends).splitlines()[0]


def test_a_pair_that_answers_one_way_says_which() -> None:
    assert "One way only: pi-kitchen gets answers, vps-fra gets none." in text_of_pair("pi-kitchen", "vps-fra")


def test_a_relayed_pair_remembers_what_direct_was() -> None:
    forth = samples(PathKind.DIRECT, PathKind.DIRECT, PathKind.DERP, PathKind.DERP, every_s=60)
    until = (NOW - timedelta(seconds=122)).astimezone(UTC)

    assert f"Direct it was 40 ms, until {until:%H:%M}." in text_of_pair("laptop", "work-mbp", forth=forth)


# strips and charts


def test_a_strip_shows_classes_by_their_dash_losses_and_gaps() -> None:
    past = samples(*[PathKind.DIRECT] * 10, None, None, *[PathKind.DERP] * 10, every_s=10)
    drawn = plain_text([strip(DARK, past, Span(210, 210), lambda sample: sample.path.value, 110)])

    assert "━ ● direct ━" in drawn
    assert "✕" in drawn
    assert "┉ ▲ derp ┉" in drawn


def test_what_was_not_asked_for_a_while_is_a_gap() -> None:
    past = [FakeSample(0.0, 3.0), FakeSample(600.0, 3.0)]

    assert "┊" in plain_text([strip(DARK, past, Span(600, 600), lambda _: "direct", 60)])


@pytest.mark.parametrize("level", list(Level))
def test_a_jump_of_a_round_trip_is_seen_at_every_level(level: Level) -> None:
    pen = Pen(THEMES["dark"], level)
    past = [FakeSample(float(second), 2.0 if second < 50 else 90.0) for second in range(0, 100, 5)]
    drawn = plain_text([spark(pen, past, Span(95, 95), 10)]).strip()

    assert drawn[0] != drawn[-1]
    assert level is not Level.ASCII or drawn.isascii()


def test_a_chart_has_as_many_rows_as_asked_and_its_line_is_continuous() -> None:
    past = [FakeSample(float(second), 5.0 if second < 300 else 95.0) for second in range(0, 600, 10)]
    rows = chart(DARK, past, Span(590, 590), 40, 3)

    assert len(rows) == 3
    columns = zip(*(plain_text([row]).rstrip("\n").ljust(40) for row in rows), strict=True)
    assert all(any(cell != " " for cell in column) for column in columns)


def test_the_histogram_counts_every_round_trip() -> None:
    rows = histogram(DARK, [3.0] * 50 + [41.0], 60)
    text = plain_text(rows)

    assert text.count("█") >= 4
    assert "▁" in text
    assert text.splitlines()[-1].startswith("0")
    assert histogram(DARK, [], 60) == []


# candidates and routes


def test_candidates_are_what_the_far_end_lists_and_what_pongs_came_from() -> None:
    own = Entry(NAS, NAS, PeerStatus(addrs=("192.0.2.20:41641", "10.0.0.7:41641")), {})
    past = [
        FakeSample(0.0, 9.0, PathKind.DIRECT, "203.0.113.9:41641"),
        FakeSample(60.0, 3.0, PathKind.DIRECT, "192.0.2.20:41641"),
    ]
    found = candidates(HOME, (LAPTOP, NAS), past, 60.0, asked(own))

    assert [(one.where, one.is_used, one.answered_s) for one in found] == [
        ("192.0.2.20:41641", True, 0.0),
        ("203.0.113.9:41641", False, 60.0),
        ("10.0.0.7:41641", False, None),
    ]


def test_a_far_end_without_a_host_has_only_what_was_seen_and_says_so() -> None:
    assert "only what was seen: nobody told us its own list" in text_of_pair("laptop", "tv")


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        ("192.168.1.20:41641", "private"),
        ("203.0.113.7:41641", "public"),
        ("[2001:db8::5]:41641", "IPv6"),
        ("[fd00::5]:1", "IPv6 LAN"),
        ("100.64.3.2:1", "carrier"),
        ("169.254.0.1:1", "link-local"),
        ("nonsense", ""),
    ],
)
def test_an_address_says_its_sort(endpoint: str, kind: str) -> None:
    assert address_kind(endpoint) == kind


@pytest.mark.parametrize(
    ("address", "route"),
    [("100.64.0.7", "100.64.0.7/32"), ("10.5.1.1", "10.5.0.0/16"), ("10.9.1.1", "0.0.0.0/0"), ("fd00::1", None)],
)
def test_the_longest_route_carries_an_address(address: str, route: str | None) -> None:
    assert carrying_route(address, ("100.64.0.7/32", "10.5.0.0/16", "0.0.0.0/0")) == route


def test_the_route_used_is_read_from_the_sources_own_table() -> None:
    seen = Entry(LAPTOP, NAS, PeerStatus(allowed_ips=("100.64.0.2/32", "10.5.0.0/24"), tx_bytes=14_000_000), {})
    changes = Changes(LAPTOP, NAS, (EndpointChange("2025-03-01T12:00:00Z", "bestAddr-update"),))
    text = text_of_pair("laptop", "nas", asked(seen, changes))

    assert "→ 100.64.0.2/32 of nas" in text
    assert "it also carries 10.5.0.0/24" in text
    assert "sent 14 MB" in text
    assert "bestAddr-update" in text


def test_what_could_not_be_asked_is_said_with_its_reason() -> None:
    text = text_of_pair(
        "laptop", "nas", asked(Trouble(LAPTOP, "prefs", "use sudo"), Trouble(LAPTOP, "status", "use sudo"))
    )

    assert "not read from laptop (prefs, status): use sudo" in text


# a node


def text_of_node(name: str, inquiry: Inquiry | None = None, cells: int = 75) -> str:
    return plain_text(node_view(DARK, NodeFacts(HOME, ref(name), inquiry or Inquiry(), NOW), cells))


def test_what_only_its_own_daemon_knows_is_said_to_be_unknown() -> None:
    text = text_of_node("tv")

    assert "version  unknown: only its own daemon tells" in text
    assert "routes   unknown: nobody has told yet" in text
    assert "no host of ours" in text


def test_three_facts_stand_apart() -> None:
    text = text_of_node("old-mac")

    assert [word in text for word in ("✕  offline   2 h ago", "?  handshake none seen", "✕  no answer for 2 h")] == [
        True
    ] * 3


def test_routes_say_who_wants_them() -> None:
    wishes = Wishes(NAS, Prefs(advertise_routes=("10.1.0.0/16", "10.2.0.0/16")), {})
    seen = Entry(
        NAS, NAS, PeerStatus(allowed_ips=("100.64.0.2/32", "10.1.0.0/16"), primary_routes=("10.1.0.0/16",)), {}
    )
    rows = {
        line.split()[0]: line.split()[1:]
        for line in text_of_node("nas", asked(wishes, seen)).splitlines()
        if "/16" in line
    }

    assert rows == {"10.1.0.0/16": ["✓", "✓", "✓"], "10.2.0.0/16": ["✓", "no", "no"]}


@pytest.mark.parametrize("cells", [20, 50, 75, 76, 115, 195])
@pytest.mark.parametrize("pen", [DARK, ASCII], ids=["braille", "ascii"])
def test_a_nodes_rows_are_ascii_where_they_must_be(pen: Pen, cells: int) -> None:
    rows = [row for one in HOME.order for row in node_view(pen, NodeFacts(HOME, one, asked(), NOW), cells)]

    assert pen is DARK or plain_text(rows).isascii()


def test_a_node_that_left_says_so() -> None:
    assert "has left the tailnet" in text_of_node("gone")


# the raw tree

VALUE = {"a": {"b": [1, 2, {"c": "deep"}], "e": []}, "x": None, "客": "y"}


def keys(tree: Tree) -> list[object]:
    return [line.path[-1] for line in tree.lines]


def test_the_first_levels_stand_open() -> None:
    assert keys(Tree(VALUE)) == ["a", "b", 0, 1, 2, "e", "x", "客"]


def test_z_folds_the_branch_under_the_cursor_and_of_a_leaf_the_one_around_it() -> None:
    tree = Tree(VALUE)
    tree.move(2)
    tree.fold()
    assert keys(tree) == ["a", "b", "e", "x", "客"]
    assert tree.here is not None
    assert tree.here.path == ("a", "b")

    tree.fold()
    assert keys(tree) == ["a", "b", 0, 1, 2, "e", "x", "客"]


def test_all_are_folded_and_unfolded_at_once() -> None:
    tree = Tree(VALUE)
    tree.fold_all()
    assert keys(tree) == ["a", "x", "客"]

    tree.fold_all()
    assert "c" in keys(tree)


def test_a_newer_value_keeps_the_cursor_and_what_is_folded() -> None:
    tree = Tree(VALUE)
    tree.move(1)
    tree.fold()
    tree.show(VALUE | {"a": {"new": 1} | VALUE["a"]})  # type: ignore[operator]  # both are objects

    assert tree.here is not None
    assert tree.here.path == ("a", "b")
    assert not tree.here.is_open


def test_a_text_is_copied_as_it_is_and_a_branch_as_json() -> None:
    lines = {line.path: line for line in Tree(VALUE).lines}

    assert copied(lines["客",]) == "y"
    assert msgspec.json.decode(copied(lines["a", "b"])) == [1, 2, {"c": "deep"}]
    assert copied(lines["x",]) == "null"


@pytest.mark.parametrize("cells", [12, 40, 120])
@pytest.mark.parametrize("pen", [DARK, ASCII], ids=["braille", "ascii"])
def test_a_tree_fits_its_pane_and_shows_its_cursor(pen: Pen, cells: int) -> None:
    tree = Tree({f"key {number}": "v" * 200 for number in range(100)})
    tree.move(60)
    rows = tree_rows(pen, tree, cells, 20)

    assert len(rows) == 20
    assert all(width_of(row) <= cells for row in rows)
    assert "key 60" in plain_text(rows) or cells < 20
    assert pen is DARK or plain_text(rows).isascii()


# the screen

NODES = Settings(theme="dark", glyphs="braille", start_screen="nodes")


async def opened(run: Running, *keys: str) -> None:
    await run.press(*keys, "enter")
    await run.settled()


async def test_opening_a_node_asks_its_host_and_shows_what_it_says() -> None:
    async with running(pictures.home(), settings=NODES) as run:
        body = {"Self": {"ID": str(LAPTOP.stable_id), "Addrs": ["192.0.2.10:41641"], "AllowedIPs": ["10.7.0.0/24"]}}
        client = FakeClient(msgspec.json.encode(body))
        run.source.clients["laptop"] = client
        await opened(run)
        await run.until(lambda: "10.7.0.0/24" in run.text(), "the routes")

        assert {name for name, _ in client.asked} == {"status", "prefs"}
        assert "192.0.2.10:41641" in run.text()


async def test_a_host_that_cannot_be_asked_leaves_the_rest_readable() -> None:
    async with running(pictures.home(), settings=NODES, size=(120, 50)) as run:
        await opened(run, "tab")
        await run.until(lambda: "not read from laptop" in run.text(), "the reason")

        assert "● direct, 3.1 ms." in run.text()


async def test_answers_for_what_is_looked_at_no_more_are_dropped() -> None:
    async with running(pictures.home(), settings=NODES, size=(120, 50)) as run:
        client = FakeClient(msgspec.json.encode({"Self": {"ID": str(LAPTOP.stable_id), "Addrs": ["192.0.2.10:41641"]}}))
        client.gate.clear()
        run.source.clients["laptop"] = client
        await opened(run)
        await run.press("tab", "tab")
        client.gate.set()
        await run.settled()

        assert "endpoints\n" not in run.text()


async def test_t_shows_the_tree_and_y_copies_what_is_under_its_cursor() -> None:
    async with running(pictures.home(), settings=NODES) as run:
        await opened(run)
        await run.press("t")
        assert "▾ node" in run.text()

        await run.press("j", "y")
        assert run.app.clipboard == str(LAPTOP.stable_id)

        await run.press("k", "z")
        assert "▸ node" in run.text()

        await run.press("t")
        assert "▾" not in run.text()


async def test_escape_leaves_the_tree_first() -> None:
    async with running(pictures.home(), settings=NODES) as run:
        await opened(run)
        await run.press("t", "escape")
        assert "› Node › laptop" in run.text()

        await run.press("escape")
        assert "› Nodes" in run.text()


async def test_y_copies_the_view_as_text() -> None:
    async with running(pictures.home(), settings=NODES) as run:
        await opened(run, "tab")
        await run.press("y")

        assert run.app.clipboard.startswith("● direct, 3.1 ms.")


async def test_what_was_said_under_a_real_name_goes_when_names_are_hidden() -> None:
    async with running(pictures.home(), settings=NODES, size=(140, 50)) as run:
        body = {"Self": {"ID": str(LAPTOP.stable_id), "Addrs": ["192.0.2.10:41641"], "AllowedIPs": ["10.7.0.0/24"]}}
        run.source.clients["laptop"] = FakeClient(msgspec.json.encode(body))
        await opened(run)
        await run.until(lambda: "192.0.2.10:41641" in run.text(), "the endpoints")
        await run.press("t", "H")
        await run.settled()

        assert [word for word in ("192.0.2.10", "laptop", str(LAPTOP.stable_id)) if word in run.text()] == []
