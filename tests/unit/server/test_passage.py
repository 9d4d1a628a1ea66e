"""Streams are given back once, and end for callers who are no longer welcome."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tsym_agent.server.passage import ASK_AGAIN_S, Held


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Source:
    """Pieces without end, and whether they were let go."""

    is_closed = False

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"piece"
        finally:
            self.is_closed = True


async def test_a_stream_that_nobody_began_is_given_back_once() -> None:
    ended: list[str] = []
    held = Held(Source().pieces(), ended.append)
    await held.aclose()
    await held.aclose()

    assert ended == [""]


async def test_the_end_and_a_fault_are_both_ends() -> None:
    async def one() -> AsyncGenerator[bytes, None]:
        yield b"1"

    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"1"
        raise ValueError("it broke")

    ended: list[str] = []

    assert [piece async for piece in Held(one(), ended.append)] == [b"1"]
    with pytest.raises(ValueError, match="broke"):
        assert [piece async for piece in Held(broken(), ended.append)] == []
    assert ended == ["", ""]


async def test_who_is_no_longer_welcome_gets_no_further_piece() -> None:
    clock, source = Clock(), Source()
    answers = [True, False]
    ended: list[str] = []

    async def is_welcome() -> bool:
        return answers.pop(0)

    held = Held(source.pieces(), ended.append, is_welcome, clock=clock)
    taken = [await anext(held), await anext(held)]
    asked_before = len(answers)
    clock.now_s = ASK_AGAIN_S
    taken += [await anext(held), await anext(held)]
    clock.now_s = 2 * ASK_AGAIN_S
    with pytest.raises(StopAsyncIteration):
        await anext(held)

    assert (asked_before, len(taken), answers) == (2, 4, [])
    assert ended == ["not-allowed"]
    assert source.is_closed
