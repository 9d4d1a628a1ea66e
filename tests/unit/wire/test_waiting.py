"""Waiting for bytes: who waits goes on at once, and nothing that came is lost."""

from __future__ import annotations

import asyncio

import pytest

from tsym_agent.wire.waiting import Awaited, Deadline, PromptReader


async def turn() -> None:
    """Let everything run that can."""
    for _ in range(3):
        await asyncio.sleep(0)


async def called(function: object, *arguments: object) -> None:
    """Have a function called by the loop, as transports are, and not by a task."""
    assert callable(function)
    asyncio.get_running_loop().call_soon(function, *arguments)
    await turn()


async def test_what_is_brought_wakes_its_task_before_the_call_ends() -> None:
    awaited = Awaited[int]()
    woken: list[int] = []
    seen: list[list[int]] = []

    async def wait() -> None:
        woken.append(await awaited)

    def bring() -> None:
        assert awaited.bring(7)
        seen.append(list(woken))

    task = asyncio.create_task(wait())
    await turn()
    await called(bring)

    assert seen == [[7]]
    await task


async def test_nothing_is_brought_from_inside_another_task() -> None:
    awaited = Awaited[int]()
    task = asyncio.ensure_future(awaited)
    awaited.add_done_callback(lambda _: None)

    assert not awaited.bring(7)
    awaited.set_result(8)

    assert await task == 8


async def test_nothing_is_brought_to_who_has_given_up() -> None:
    awaited = Awaited[int]()

    async def wait() -> int:
        return await awaited

    task = asyncio.create_task(wait())
    await turn()
    task.cancel()

    assert not awaited.bring(7)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_bytes_are_handed_over_as_they_came() -> None:
    reader = PromptReader(1000)
    data = b"x" * 100
    task = asyncio.create_task(reader.read(1000))
    await turn()

    await called(reader.feed_data, data)

    assert await task is data


async def test_no_more_is_handed_over_than_was_wanted() -> None:
    reader = PromptReader(1000)
    task = asyncio.create_task(reader.read(2))
    await turn()

    await called(reader.feed_data, b"abcde")

    assert [await task, await reader.read(2), await reader.read(2)] == [b"ab", b"cd", b"e"]


async def test_bytes_of_before_come_first() -> None:
    reader = PromptReader(1000)
    reader.feed_data(b"ab\r\n")
    reader.feed_data(b"cd")

    assert await reader.readuntil(b"\r\n") == b"ab\r\n"
    assert await reader.read(100) == b"cd"
    task = asyncio.create_task(reader.read(100))
    await turn()
    await called(reader.feed_data, b"ef")
    assert await task == b"ef"


async def test_a_read_that_is_given_up_loses_nothing() -> None:
    reader = PromptReader(1000)
    task = asyncio.create_task(reader.read(100))
    await turn()
    task.cancel()
    reader.feed_data(b"ab")
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await reader.read(100) == b"ab"


async def test_the_end_wakes_who_waits() -> None:
    reader = PromptReader(1000)
    task = asyncio.create_task(reader.read(100))
    await turn()

    reader.feed_eof()

    assert await task == b""
    assert await reader.read(100) == b""
    assert reader.at_eof()


async def test_a_broken_stream_fails_who_waits() -> None:
    reader = PromptReader(1000)
    task = asyncio.create_task(reader.read(100))
    await turn()

    reader.set_exception(ConnectionResetError())

    with pytest.raises(ConnectionResetError):
        await task
    with pytest.raises(ConnectionResetError):
        await reader.read(100)


async def test_a_deadline_ends_what_takes_too_long() -> None:
    with pytest.raises(TimeoutError), Deadline(0.01):
        await asyncio.Event().wait()

    assert not asyncio.current_task().cancelling()  # type: ignore[union-attr]  # a test runs in a task


async def test_a_deadline_lets_go_of_what_is_in_time() -> None:
    with Deadline(0):
        pass
    await turn()


async def test_who_is_cancelled_before_a_deadline_is_cancelled() -> None:
    async def wait() -> None:
        with Deadline(60):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await turn()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_is_cancelled_at_a_deadline_too_is_cancelled() -> None:
    async def wait() -> None:
        with Deadline(0):
            asyncio.get_running_loop().call_soon(task.cancel)
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_its_own_passes_a_deadline() -> None:
    with pytest.raises(LookupError), Deadline(60):
        raise LookupError
