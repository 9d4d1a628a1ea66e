"""The matrix under a hand: its keys, the mouse, and what it selects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.ui import pictures
from tests.ui.matrices import fleet
from tests.ui.pictures import host, node, pair, ref, snapshot
from tests.ui.running import Running, running
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.ui.rows.matrixmetric import Metric
from tsym_tui.ui.settings import Settings
from tsym_tui.ui.widgets.matrixpane import MADE_AT_ONCE, MatrixPane

MATRIX = Settings(theme="dark", glyphs="braille", start_screen="matrix")


@asynccontextmanager
async def matrix(
    picture: Snapshot | None = None, size: tuple[int, int] = (140, 40)
) -> AsyncIterator[tuple[Running, MatrixPane]]:
    """Run the app with its matrix in front."""
    async with running(picture or pictures.home(), size=size, settings=MATRIX) as run:
        pane = run.app.screen.query_one(MatrixPane)
        await run.until(lambda: pane.is_up_to_date, "the matrix")
        await run.settled()
        yield run, pane


def pair_of(run: Running) -> tuple[object, object] | None:
    return run.app.desk.view.pair


async def test_the_matrix_selects_the_pair_under_its_cursor() -> None:
    async with matrix() as (run, _):
        await run.press("g", "j", "j", *"hhhhhhhhh", "l")

        assert pair_of(run) == (ref("nas"), ref("laptop"))


async def test_n_goes_to_trouble_and_shift_n_back() -> None:
    async with matrix() as (run, _):
        await run.press("n")
        first = pair_of(run)
        await run.press("n")
        second = pair_of(run)
        await run.press("N")

        assert first is not None
        assert first != second
        assert pair_of(run) == first


async def test_swapping_the_axes_keeps_the_pair() -> None:
    async with matrix(fleet()) as (run, pane):
        await run.press("n")
        before = pair_of(run)
        await run.press("t")

        assert pane.choice.is_swapped
        assert pair_of(run) == before
        await run.press("n", "N")
        assert pair_of(run) == before


async def test_the_metric_is_named_above_and_in_the_trail() -> None:
    async with matrix() as (run, pane):
        await run.press("m", "m", "m")

        assert pane.choice.metric is Metric.LOSS
        assert "Matrix › loss" in run.text()
        assert "━━1━━5━━10━━20━━50━━ % lost" in run.text()


async def test_a_letter_after_o_sorts() -> None:
    async with matrix(fleet()) as (run, _):
        await run.press("o", "b")

        assert "worst" in run.text()


async def test_b_walks_through_the_groupings() -> None:
    async with matrix(fleet()) as (run, _):
        seen = []
        for _ in range(6):
            await run.press("b")
            seen.append(
                next((word for word in ("by tag", "by site", "by subnet", "by owner") if word in run.text()), "")
            )

        assert seen == ["by tag", "by site", "by subnet", "by owner", "", "by tag"]


async def test_z_folds_the_group_under_the_cursor_and_unfolds_it() -> None:
    async with matrix(fleet()) as (run, _):
        await run.press("n", "z")
        folded = run.text()
        await run.press("z")

        assert "+4" in folded
        assert "4 pairs" in folded
        assert "+4" not in run.text()


async def test_a_pair_selected_elsewhere_is_where_the_cursor_goes() -> None:
    async with matrix() as (run, pane):
        run.app.desk.view.select(ref("vps-fra"), ref("tv"))
        pane.redraw()

        assert "vps-fra → tv" in "\n".join("".join(one.text for one in row) for row in pane._rows)


async def test_the_cursor_stays_on_its_pair_when_nodes_come() -> None:
    async with matrix() as (run, _):
        await run.press("n", "n")
        before = pair_of(run)
        was = pictures.home()
        grown = msgspec.structs.replace(was, nodes={ref("aaa"): node("aaa")} | was.nodes, revision=2)
        await run.show(grown)
        await run.press("n", "N")

        assert pair_of(run) == before


async def test_a_click_picks_a_cell() -> None:
    async with matrix() as (run, pane):
        drawn = pane._drawn
        assert drawn is not None
        y = next(y for y, row in drawn.lines.items() if row == 2)
        await run.pilot.click(MatrixPane, offset=(drawn.left + drawn.offsets[2], y))
        await run.settled()

        assert pane.spot is not None
        assert (pane.spot.row, pane.spot.column) == (2, 2)


async def test_a_filter_narrows_the_columns() -> None:
    async with matrix(fleet()) as (run, _):
        await run.press("slash", *"tag:ci", "enter")

        assert "4 x 4" in run.text()


async def test_a_filter_that_nothing_matches_is_told() -> None:
    async with matrix() as (run, _):
        await run.press("slash", *"zzz", "enter")

        assert "no node matches zzz; esc drops the filter" in run.text()


async def test_a_large_matrix_is_made_aside_and_then_shown() -> None:
    names = [f"n{number}" for number in range(80)]
    pairs = [pair(source, target) for source in names for target in names if source != target]
    large = snapshot([node(name) for name in names], pairs, [host(name) for name in names])
    async with matrix(large) as (run, _):
        assert len(pairs) > MADE_AT_ONCE
        assert "80 x 80" in run.text()


@pytest.mark.parametrize("size", [(80, 24), (84, 24), (200, 60)])
async def test_every_size_draws_and_every_key_does_something_harmless(size: tuple[int, int]) -> None:
    async with matrix(fleet(), size) as (run, _):
        await run.press(*"jjllkhGgmmbbztznNt", "o", "s", "o", "n", "o", "g", "pagedown", "pageup")

        assert "cannot draw this" not in run.text()
