"""The bus iterator: lines, gaps, backoff, and what ends it. Time and chance are given, so nothing waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial

import pytest

from tests.unit.fake_daemon import STREAM_HEAD, FakeDaemon, Request, answer, chunk, hang_up
from tests.unit.localapi import streaming
from tsym_agent.localapi.bus import BusWatch
from tsym_agent.localapi.errors import AccessDeniedError, BadAnswerError, NotSupportedError
from tsym_agent.localapi.following import Backoff, LineBuffer
from tsym_agent.model.notify import RESUMED, TOPOLOGY_MASK, BusMask, Notify
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.errors import TooLargeError
from tsym_agent.wire.openers import UnixOpener

MASK = BusMask.INITIAL_STATE


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, delay_s: float) -> None:
        self.slept.append(delay_s)
        self.now += delay_s
        await asyncio.sleep(0)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def watch(daemon: FakeDaemon, time: Time) -> AsyncIterator[BusWatch]:
    http = HttpClient(UnixOpener(daemon.path), host_header="local-tailscaled.sock")
    yield BusWatch(http, sleep=time.sleep, clock=lambda: time.now, roll=lambda: 1.0, max_line_bytes=1000)
    await http.aclose()


stream = partial(streaming.stream, ends=True)


def state(number: int) -> bytes:
    return b'{"State": %d}\n' % number


async def take(watch: BusWatch, count: int) -> list[Notify]:
    notices: list[Notify] = []
    async with asyncio.timeout(5), aclosing(watch.notices(MASK)) as stream:
        async for notice in stream:
            notices.append(notice)
            if len(notices) == count:
                break
    return notices


async def test_the_mask_is_sent_in_decimal(daemon: FakeDaemon, watch: BusWatch) -> None:
    daemon.on("watch-ipn-bus", stream(state(6)))

    async with aclosing(watch.notices(TOPOLOGY_MASK)) as notices:
        await anext(notices)

    assert daemon.requests[0].params == {"mask": str(2 + 128 + 4096 + 8192 + 32768)}


async def test_the_first_stream_is_no_gap(daemon: FakeDaemon, watch: BusWatch) -> None:
    daemon.on("watch-ipn-bus", stream(state(6)))

    assert [notice.state_number for notice in await take(watch, 1)] == [6]


async def test_a_gap_is_told_before_what_comes_after_it(daemon: FakeDaemon, watch: BusWatch) -> None:
    daemon.on("watch-ipn-bus", stream(state(6)), stream(state(4)))

    before, gap, after = await take(watch, 3)

    assert (before.state_number, after.state_number) == (6, 4)
    assert gap is RESUMED


async def test_a_gap_is_told_even_when_nothing_comes_after_it(daemon: FakeDaemon, watch: BusWatch) -> None:
    daemon.on("watch-ipn-bus", stream(state(6)), stream(ends=False))

    assert (await take(watch, 2))[1] is RESUMED


async def test_a_reader_that_follows_topology_reads_status_after_a_gap() -> None:
    assert RESUMED.touches_topology


async def test_a_stream_that_breaks_in_a_line_loses_only_that_line(daemon: FakeDaemon, watch: BusWatch) -> None:
    async def broken(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM_HEAD + chunk(state(6) + b'{"State": 4'))
        writer.close()

    daemon.on("watch-ipn-bus", broken, stream(state(5)))

    assert [notice.state_number for notice in await take(watch, 3)] == [6, None, 5]


async def test_a_daemon_that_comes_back_is_found_again(daemon: FakeDaemon, watch: BusWatch) -> None:
    daemon.on("watch-ipn-bus", stream(state(6), ends=False))

    async with asyncio.timeout(5), aclosing(watch.notices(MASK)) as notices:
        await anext(notices)
        await daemon.stop()
        await daemon.start()
        assert await anext(notices) is RESUMED


async def test_waits_double_up_to_their_longest(daemon: FakeDaemon, watch: BusWatch, time: Time) -> None:
    daemon.on("watch-ipn-bus", *[hang_up] * 8, stream(state(6)))

    await take(watch, 1)

    assert time.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


async def test_a_stream_that_held_starts_the_count_again(daemon: FakeDaemon, watch: BusWatch, time: Time) -> None:
    daemon.on("watch-ipn-bus", hang_up, hang_up, stream(state(6)), stream(state(6)))

    async with asyncio.timeout(5), aclosing(watch.notices(MASK)) as notices:
        await anext(notices)
        time.now += 60
        await anext(notices)

    assert time.slept == [0.5, 1.0, 0.5]


@pytest.mark.parametrize(("roll", "delay_s"), [(0.0, 1.0), (1.0, 2.0)], ids=["shortest", "longest"])
def test_jitter_takes_off_half_at_most(roll: float, delay_s: float) -> None:
    assert Backoff(first_s=2.0).delay_s(1, roll) == delay_s


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (answer("watch ipn bus access denied\n", 403), AccessDeniedError),
        (answer("404 page not found\n", 404), NotSupportedError),
        (b"220 mail.example ESMTP\r\n\r\n", BadAnswerError),
    ],
    ids=["denied", "no-such-endpoint", "not-http"],
)
async def test_what_no_waiting_mends_is_raised(
    daemon: FakeDaemon, watch: BusWatch, time: Time, refusal: bytes, error: type[Exception]
) -> None:
    daemon.on("watch-ipn-bus", refusal)

    with pytest.raises(error):
        await take(watch, 1)

    assert time.slept == []


async def test_a_starting_daemon_is_waited_for(daemon: FakeDaemon, watch: BusWatch) -> None:
    daemon.on("watch-ipn-bus", answer("no backend\n", 503), stream(state(6)))

    assert (await take(watch, 1))[0].state_number == 6


async def test_a_line_that_is_not_json_is_raised(daemon: FakeDaemon, watch: BusWatch) -> None:
    daemon.on("watch-ipn-bus", stream(b"<html>\n"))

    with pytest.raises(BadAnswerError, match="watch-ipn-bus: not JSON"):
        await take(watch, 1)


async def test_a_line_without_end_is_raised(daemon: FakeDaemon, watch: BusWatch) -> None:
    daemon.on("watch-ipn-bus", stream(*[b"x" * 400] * 3))

    with pytest.raises(BadAnswerError, match="more than 1000 bytes"):
        await take(watch, 1)


async def test_closing_the_client_ends_the_watch(daemon: FakeDaemon, watch: BusWatch) -> None:
    daemon.on("watch-ipn-bus", stream(state(6), ends=False))

    async with asyncio.timeout(5), aclosing(watch.notices(MASK)) as notices:
        await anext(notices)
        await watch.http.aclose()
        rest = [notice async for notice in notices]

    assert rest == []


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a", b"b", b"c\nd"], [b"abc"]),
        ([b"a", b"\n", b"b\n"], [b"a", b"b"]),
        ([b"\n \n\r\na\n"], [b"a"]),
    ],
    ids=["two-in-one", "one-in-three", "end-apart", "blank"],
)
def test_lines_are_cut_wherever_chunks_end(chunks: list[bytes], lines: list[bytes]) -> None:
    buffer = LineBuffer(100)

    assert [line for part in chunks for line in buffer.feed(part)] == lines


def test_many_lines_may_be_longer_together_than_one_may_be() -> None:
    assert len(LineBuffer(10).feed(b"12345678\n" * 20)) == 20


def test_a_line_over_its_bound_is_refused() -> None:
    buffer = LineBuffer(10)
    buffer.feed(b"12345678")

    with pytest.raises(TooLargeError):
        buffer.feed(b"12345678")
