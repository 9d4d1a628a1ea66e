"""Logs and events of hosts as one stream."""

from __future__ import annotations

import pytest

from tests.ui import pictures
from tests.ui.fake_client import FakeClient
from tests.ui.running import Running, running
from tsym_agent.model.hosts import Host, Rights
from tsym_agent.model.logs import Event, LogLine
from tsym_agent.model.times import format_time
from tsym_tui.fleet.merging import Entry
from tsym_tui.ui.screens.stream import StreamScreen
from tsym_tui.ui.tails import MOST_KEPT, Tail


def line(text: str, level: int = 0) -> LogLine:
    return LogLine(at=format_time(pictures.NOW), text=text, level=level)


def stream(run: Running) -> StreamScreen:
    assert isinstance(run.app.screen, StreamScreen)
    return run.app.screen


async def follow(run: Running, *keys: str, **lines: tuple[LogLine | Event, ...]) -> dict[str, FakeClient]:
    """Follow hosts; those that are not named cannot be reached."""
    clients = {host.replace("_", "-"): FakeClient(lines=said) for host, said in lines.items()}
    run.source.clients = dict(clients)
    await run.press(*keys)
    return clients


async def until_shown(run: Running, *texts: str) -> None:
    await run.until(lambda: all(text in run.text() for text in texts), f"{texts} on screen")


async def test_lines_of_all_hosts_are_shown_with_their_host() -> None:
    async with running(pictures.home()) as run:
        await follow(run, "s", laptop=(line("hello from laptop"),), nas=(line("hello from nas"),))
        await until_shown(run, "hello from laptop", "hello from nas")

        assert "Logs" in run.text()
        assert "4 hosts" in run.text()


async def test_a_host_that_cannot_be_followed_says_so_in_the_stream() -> None:
    async with running(pictures.home()) as run:
        await follow(run, "s", laptop=(line("hello"),))

        await until_shown(run, "hello", "trying again")


async def test_a_host_with_too_few_rights_says_what_would_help() -> None:
    home = pictures.home()
    only = pictures.snapshot(list(home.nodes.values()), [], [pictures.host("laptop", rights=Rights.READ)])
    async with running(only) as run:
        await follow(run, "s", laptop=())

        await until_shown(run, "use sudo, or let this user in once")


async def test_only_marked_hosts_are_followed() -> None:
    async with running(pictures.home()) as run:
        await follow(run, "space", "s", laptop=(line("hello"),), nas=(line("not followed"),))
        await until_shown(run, "hello", "1 host")

        assert "not followed" not in run.text()


async def test_events_have_their_kind() -> None:
    event = Event(at=format_time(pictures.NOW), kind="peer-offline", words="tv is offline")
    async with running(pictures.home()) as run:
        await follow(run, "e", laptop=(event,))

        await until_shown(run, "Events", "peer-offline", "tv is offline")


async def test_a_search_leaves_only_what_has_it_and_escape_shows_all_again() -> None:
    async with running(pictures.home()) as run:
        await follow(run, "s", laptop=(line("apples"), line("pears")))
        await until_shown(run, "apples", "pears")
        await run.press("slash", *"pear", "enter")
        assert "apples" not in run.text()

        await run.press("slash", "escape")
        assert "apples" in run.text()


async def test_details_are_shown_when_wanted_also_those_said_before() -> None:
    async with running(pictures.home()) as run:
        await follow(run, "s", laptop=(line("news"), line("noise", 1)))
        await until_shown(run, "news")
        assert "noise" not in run.text()

        await run.press("v")
        assert "noise" in run.text()


async def test_a_held_display_stays_and_goes_on() -> None:
    async with running(pictures.home()) as run:
        clients = await follow(run, "s", laptop=(line("first"),))
        await until_shown(run, "first")
        await run.press("p")
        clients["laptop"].more.put_nowait(line("second"))
        await run.until(lambda: any("second" in entry.words for entry in stream(run).tail.kept), "the second line")
        await run.settled()
        assert "second" not in run.text()
        assert "held" in run.text()

        await run.press("p")
        assert "second" in run.text()


async def test_leaving_ends_the_following() -> None:
    async with running(pictures.home()) as run:
        clients = await follow(run, "s", laptop=(line("first"),))
        await until_shown(run, "first")
        await run.press("escape")

        await run.until(lambda: clients["laptop"].followers == 0, "the end of following")


async def test_the_other_stream_is_a_key_away() -> None:
    async with running(pictures.home()) as run:
        await follow(run, "s", laptop=(line("first"),))
        await run.press("tab")
        await until_shown(run, "Events")

        await run.press("s")
        await until_shown(run, "Logs")


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (20, 5)])
async def test_it_fits_small_terminals(size: tuple[int, int]) -> None:
    async with running(pictures.home(), size=size) as run:
        await follow(run, "s", laptop=(line("a line that is much longer than any of these terminals is wide " * 3),))
        await run.until(lambda: bool(stream(run).tail.kept), "a line")
        await run.settled()

        assert "cannot draw" not in run.text()


def entry(words: str, level: int = 0, lost: int = 0) -> Entry:
    return Entry(host=Host(spec="unix:/a", name="a"), at="", words=words, level=level, lost=lost)


def test_the_buffer_is_bounded_and_counts_what_it_forgets() -> None:
    tail = Tail()
    tail.take([entry(str(number)) for number in range(MOST_KEPT + 7)])

    assert (len(tail.kept), tail.forgotten) == (MOST_KEPT, 7)


def test_what_was_dropped_is_counted() -> None:
    tail = Tail()
    tail.take([entry("a", lost=3), entry("b", lost=4)])

    assert tail.lost == 7


def test_who_looks_back_keeps_what_they_look_at() -> None:
    tail = Tail()
    tail.take([entry(str(number)) for number in range(20)])
    tail.scroll(-5)
    before = [one.words for one in tail.window(5)]
    tail.take([entry("new")])

    assert [one.words for one in tail.window(5)] == before
    assert not tail.follows


def test_nobody_can_look_back_further_than_the_oldest() -> None:
    tail = Tail()
    tail.take([entry(str(number)) for number in range(20)])
    tail.scroll(-1000)

    assert [one.words for one in tail.window(5)] == ["0", "1", "2", "3", "4"]


async def test_long_lines_are_cut_until_they_are_wanted_whole() -> None:
    async with running(pictures.home(), size=(80, 24)) as run:
        await follow(run, "s", laptop=(line(f"{'a word ' * 20}the end"),))
        await until_shown(run, "a word")
        assert "the end" not in run.text()

        await run.press("w")
        assert "the end" in run.text()


async def test_a_notice_is_shown_whole() -> None:
    home = pictures.home()
    only = pictures.snapshot(list(home.nodes.values()), [], [pictures.host("laptop", rights=Rights.READ)])
    async with running(only, size=(60, 20)) as run:
        await follow(run, "s", laptop=())

        await until_shown(run, "--operator=$USER")
