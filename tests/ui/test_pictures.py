"""One picture of each face and screen, at a fixed size, the clock standing still. Look before you accept a new one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from tests.ui import pictures
from tests.ui.fake_source import FakeSource
from tests.ui.running import Running, quiet_app
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.ui.settings import Settings

Compare = Callable[..., bool]


def ready(source: FakeSource, *keys: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return what to do before a picture is taken: wait for the data, press keys."""

    async def before(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, type(quiet_app(source)))
        run = Running(app, pilot, source)
        await run.until(lambda: app.desk.view.picture is not None, "the first picture")
        await run.settled()
        await run.press(*keys)

    return before


def looks_as_before(
    compare: Compare, snapshot: Snapshot, size: tuple[int, int], settings: Settings, *keys: str
) -> bool:
    """Take a picture and compare it with the stored one."""
    source = FakeSource(snapshot)
    source.samples[pictures.ref("laptop"), pictures.ref("nas")] = pictures.history()
    app = quiet_app(source, settings)
    return compare(app, terminal_size=size, run_before=ready(source, *keys))


def dark(screen: str = "map") -> Settings:
    return Settings(theme="dark", glyphs="braille", start_screen=screen)


def test_the_map_of_a_pair(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (120, 36), dark(), "tab")


@pytest.mark.parametrize("theme", ["light", "cb", "ansi16"])
def test_the_map_in_other_colours(snap_compare: Compare, theme: str) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (80, 24), Settings(theme=theme, glyphs="braille"))


def test_the_map_without_colour_and_without_unicode(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (100, 30), Settings(theme="mono", glyphs="ascii"), "tab")


@pytest.mark.parametrize("face", ["connecting", "alone", "unreachable"])
def test_a_face_without_data(snap_compare: Compare, face: str) -> None:
    assert looks_as_before(snap_compare, getattr(pictures, face)(), (80, 24), dark())


def test_a_tailnet_that_fell_silent_is_grey_with_its_age(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.fallen_silent(), (100, 30), dark())


def test_nodes_that_may_not_take_part_have_their_words(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.barred(), (100, 30), dark("nodes"))


def test_the_overview(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (120, 36), dark("overview"), "j")


def test_the_overview_without_colour_and_without_unicode(snap_compare: Compare) -> None:
    settings = Settings(theme="mono", glyphs="ascii", start_screen="overview")
    assert looks_as_before(snap_compare, pictures.home(), (80, 24), settings)


def test_the_table_of_nodes(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (120, 30), dark("nodes"))


def test_the_matrix(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (80, 24), dark("matrix"), "n")


def test_a_pair_over_the_whole_screen(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (80, 24), dark(), "tab", "enter")


def test_the_help(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (80, 24), dark(), "question_mark")


def test_a_filter_being_typed(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (80, 24), dark("nodes"), "slash", *"path:relay")


@pytest.mark.parametrize("size", [(60, 20), (20, 5)])
def test_a_terminal_below_80x24(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert looks_as_before(snap_compare, pictures.home(), size, dark())


def test_the_palette(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (100, 30), dark(), "space", "x", *"dns")


def test_the_form_of_a_command(snap_compare: Compare) -> None:
    assert looks_as_before(snap_compare, pictures.home(), (80, 24), dark(), "x", *"ping", "enter", "down", "tab")


def test_marks_without_colour_and_without_unicode(snap_compare: Compare) -> None:
    settings = Settings(theme="mono", glyphs="ascii", start_screen="nodes")
    assert looks_as_before(snap_compare, pictures.home(), (100, 30), settings, "space", "j", "space")
