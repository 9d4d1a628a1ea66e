"""The overview: its numbers, its rows, and what its keys do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.ui import pictures
from tests.ui.fake_source import FakeSample
from tests.ui.pictures import dead, host, node, pair, ref, snapshot
from tests.ui.running import Running, running
from tsym_agent.model.hosts import HostState
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui.digests import digest
from tsym_tui.ui.overviews import Overview, overview_of, percent
from tsym_tui.ui.problems import find_problems
from tsym_tui.ui.rows.figures import figure_rows
from tsym_tui.ui.rows.overview import render_overview
from tsym_tui.ui.rows.pens import Pen, width_of
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.rows.timestrips import strip_pictures, strip_row
from tsym_tui.ui.rows.trendlines import spark_rows
from tsym_tui.ui.screens.detail import DetailScreen
from tsym_tui.ui.screens.matrix import MatrixScreen
from tsym_tui.ui.screens.overview import OverviewScreen
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.trends import Trends
from tsym_tui.ui.widgets.overviewpane import OverviewPane

DARK = Pen(THEMES["dark"])
OVERVIEW = Settings(theme="dark", glyphs="braille", start_screen="overview")


def numbers(picture: Snapshot) -> Overview:
    """Count a picture."""
    sums = digest(picture)
    return overview_of(sums, find_problems(sums))


def written(picture: Snapshot, size: tuple[int, int] = (120, 31), pen: Pen = DARK, **chosen: Any) -> str:  # noqa: ANN401 - whatever can be chosen
    """Write a picture's overview without colours."""
    sums = digest(picture)
    problems = find_problems(sums)
    return plain_text(render_overview(pen, overview_of(sums, problems), problems, size, **chosen).rows)


def well() -> Snapshot:
    """Return a tailnet in which nothing is wrong."""
    pairs = [pair(one, two) for one in "ab" for two in "abc" if one != two]
    return snapshot([node("a"), node("b"), node("c")], pairs, [host("a"), host("b")])


def company(count: int = 30) -> Snapshot:
    """Return a tailnet with many different troubles."""
    names = [f"n{place}" for place in range(count)]
    pairs = [
        pair(source, name, ms=300 + place) if place % 3 else dead(source, name)
        for source in ("a", "b")
        for place, name in enumerate(names)
    ]
    keys = {"key_expiry": "2025-03-04T12:00:00Z"}
    nodes = [node("a", **keys), node("b", **keys), *(node(name, **keys) for name in names)]
    gone = host("c", ref=None, name="", state=HostState.FAILED, age_s=None)
    warns = host("b", health=("the clock is wrong",))
    return snapshot(nodes, [*pairs, pair("a", "b"), pair("b", "a")], [host("a"), warns, gone])


# numbers


def test_the_counts_are_of_pairs_that_were_probed() -> None:
    never = pair("a", "d", ms=None, state=SampleState.NEVER, age_s=None)
    picture = snapshot([node(name) for name in "abcd"], [pair("a", "b"), dead("a", "c"), never], [host("a")])
    overview = numbers(picture)

    assert (overview.probed, overview.fresh, overview.failed, overview.never) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [(0, 5, "0"), (5, 5, "100"), (9999, 10000, "99.9"), (1, 10000, "<1"), (71, 100, "71"), (0, 0, "·")],
)
def test_only_all_is_a_hundred_per_cent_and_only_nothing_is_none(part: int, whole: int, said: str) -> None:
    assert percent(part, whole) == said


def test_versions_are_ordered_by_number() -> None:
    hosts = [host("a", version="1.102.3-t1"), host("b", version="1.96.2")]

    assert numbers(snapshot([node("a"), node("b")], [], hosts)).versions == ("1.96.2", "1.102.3")


def test_a_well_tailnet_says_so() -> None:
    overview = numbers(well())

    assert overview.is_well
    assert overview.verdict == "all is well: 4 pairs answer, every one of them direct"


def test_the_verdict_names_what_weighs_most() -> None:
    verdict = numbers(pictures.home()).verdict

    assert verdict.startswith("1 node is dead, 1 pair answers one way only, ")
    assert verdict.endswith("% of pairs are relayed, and 2 more to look at")


def test_nothing_probed_is_neither_well_nor_ill() -> None:
    assert numbers(snapshot([node("a")], [], [host("a")])).verdict == "no pair was probed yet"


# rows


@pytest.mark.parametrize("size", [(20, 4), (60, 14), (80, 19), (120, 31), (200, 55), (320, 85)])
@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("theme", THEMES)
def test_rows_fit_every_size_theme_and_font(size: tuple[int, int], level: Level, theme: str) -> None:
    sums = digest(company())
    problems = find_problems(sums)
    drawn = render_overview(Pen(THEMES[theme], level), overview_of(sums, problems), problems, size, selected=3)

    assert len(drawn.rows) <= size[1]
    assert max(width_of(row) for row in drawn.rows) <= size[0]
    assert level is not Level.ASCII or plain_text(drawn.rows).isascii()


def test_ten_things_are_listed_at_80x24_and_the_rest_is_counted() -> None:
    text = written(company(), (80, 19))

    assert "\n   10  " in text
    assert "\n   11  " not in text
    assert "more" in text.rsplit("\n", 2)[1]


def test_figures_are_large_where_there_is_room_and_bold_text_elsewhere() -> None:
    large, small = written(pictures.home()), written(pictures.home(), (80, 19))

    assert "╺━┓┏━┓" in large
    assert "┏" not in small
    assert "79 %" in small


def test_figures_are_plain_text_in_ascii() -> None:
    text = written(pictures.home(), pen=Pen(THEMES["mono"], Level.ASCII))

    assert text.isascii()
    assert "79 %" in text


def test_every_figure_has_three_rows_of_one_width() -> None:
    rows = figure_rows("0123456789.,<")

    assert rows is not None
    assert len({len(row) for row in rows}) == 1


def test_a_selected_problem_below_the_list_scrolls_it() -> None:
    assert "\n   11  " not in written(company(), (80, 19), selected=0)
    assert "▎ 11  " in written(company(), (80, 19), selected=10)


def test_a_well_tailnet_is_calm() -> None:
    text = written(well())

    assert "✓ nothing to look at" in text
    assert "worst now" not in text
    assert "✓ both ways" in text


def test_the_shares_of_paths_name_each_class_that_occurs_and_no_other() -> None:
    text = written(pictures.home())

    assert "◆ peer relay" in text
    assert "path unknown" not in text


def test_a_share_of_one_pair_in_a_thousand_is_seen() -> None:
    names = [f"n{place}" for place in range(200)]
    pairs = [pair("a", name) for name in names[1:]] + [dead("a", names[0])]
    text = written(snapshot([node("a"), *(node(name) for name in names)], pairs, [host("a")]))

    assert "✕ dead <1 %" in text


def test_a_strip_shows_when_a_pair_changed() -> None:
    quick = [FakeSample(60.0 * minute, 3.0) for minute in range(8)]
    lost = [FakeSample(60.0 * minute, None, PathKind.UNKNOWN) for minute in range(8, 12)]
    (strip,) = strip_pictures([(*quick, *lost)])
    assert strip is not None
    text = "".join(run.text for run in strip_row(DARK, strip, 12))

    assert text == "━━━━━━━━✕✕✕✕"
    assert strip.since == "3 min"


def test_a_calm_trend_is_a_flat_line_and_a_fall_is_seen() -> None:
    calm, fall = spark_rows([99.0] * 30, 6, 10.0), spark_rows([99.0] * 20 + [40.0] * 10, 6, 10.0)

    assert [bool(row.strip()) for row in calm].count(True) == 1
    assert all(row.strip() for row in fall)
    assert {len(row) for row in (*calm, *fall)} == {6}


def test_trends_stand_beside_large_figures_once_there_are_some() -> None:
    picture, trends = pictures.home(), Trends()
    for place in range(12):
        trends.take(numbers(picture), picture.generated_at + timedelta(seconds=10 * place))
    text = written(picture, trends=trends)

    assert len(trends.reachable) == 12
    assert any(0x2800 < ord(char) < 0x2900 for char in text)
    assert not any(0x2800 < ord(char) < 0x2900 for char in written(picture))


def test_pictures_that_follow_each_other_closely_are_one_point() -> None:
    picture, trends = pictures.home(), Trends()
    for place in range(5):
        trends.take(numbers(picture), picture.generated_at + timedelta(seconds=place))

    assert len(trends.direct) == 1


def test_a_verdict_without_room_ends_with_a_whole_part() -> None:
    text = written(pictures.home(), (50, 12))

    assert "1 node is dead, 1 pair answers one way only\n" in text


# the screen


async def overview(run: Running) -> OverviewPane:
    """Return the pane once it is there."""
    return run.app.screen.query_one(OverviewPane)


async def test_1_opens_the_overview() -> None:
    async with running(pictures.home()) as run:
        await run.press("1")

        assert isinstance(run.app.screen, OverviewScreen)
        assert "worst now" in run.text()


async def test_it_can_be_the_first_screen() -> None:
    async with running(pictures.home(), settings=OVERVIEW) as run:
        assert isinstance(run.app.screen, OverviewScreen)


async def test_enter_on_a_pair_opens_the_pair() -> None:
    async with running(pictures.home(), settings=OVERVIEW) as run:
        await run.press("j", "enter")

        assert run.app.desk.view.pair == (ref("pi-kitchen"), ref("vps-fra"))
        assert isinstance(run.app.screen, DetailScreen)


async def test_esc_comes_back_to_the_same_place() -> None:
    async with running(pictures.home(), settings=OVERVIEW) as run:
        await run.press("j", "j", "enter", "escape")

        assert isinstance(run.app.screen, OverviewScreen)
        assert (await overview(run)).place == 2


async def test_enter_on_a_bad_row_opens_the_matrix_there() -> None:
    names = ("b", "c", "d", "e")
    relayed = [pair("a", name, PathKind.DERP, 40) for name in names]
    fine = [pair("b", name) for name in ("a", "c", "d", "e")]
    picture = snapshot([node(name) for name in ("a", *names)], [*relayed, *fine], [host("a"), host("b")])
    async with running(picture, settings=OVERVIEW) as run:
        await run.press("enter")

        assert isinstance(run.app.screen, MatrixScreen)
        assert run.app.desk.view.node == ref("a")


async def test_enter_where_all_is_well_says_so() -> None:
    async with running(well(), settings=OVERVIEW) as run:
        await run.press("enter")

        assert isinstance(run.app.screen, OverviewScreen)
        assert "nothing to look at" in run.app.desk.notice


async def test_a_host_that_never_said_who_it_is_cannot_be_opened_and_that_is_said() -> None:
    gone = host("z", ref=None, name="", state=HostState.DENIED, age_s=None)
    picture = msgspec.structs.replace(well(), hosts=(*well().hosts, gone))
    async with running(picture, settings=OVERVIEW) as run:
        await run.press("enter")

        assert "has not said which node it is" in run.app.desk.notice


async def test_the_selection_follows_its_problem_to_another_place() -> None:
    async with running(pictures.home(), settings=OVERVIEW) as run:
        await run.press("j")
        was = (await overview(run)).chosen
        more = [dead(name, "tv") for name in ("laptop", "nas", "pi-kitchen", "vps-fra")]
        picture = pictures.home()
        await run.show(msgspec.structs.replace(picture, pairs=picture.pairs | {one.key: one for one in more}))
        now = (await overview(run)).chosen

        assert was is not None
        assert now is not None
        assert (now.title, (await overview(run)).place) == (was.title, 2)


async def test_a_filter_leaves_what_concerns_its_nodes() -> None:
    async with running(pictures.home(), settings=OVERVIEW) as run:
        await run.press("slash", *"phone", "enter")

        assert [problem.title for problem in (await overview(run)).problems] == ["phone"]


async def test_a_small_terminal_keeps_sentence_and_list() -> None:
    async with running(pictures.home(), size=(60, 14), settings=OVERVIEW) as run:
        text = run.text()

        assert "1 node is dead" in text
        assert "old-mac is dead from 4 of 4 hosts" in text
