"""Ending programs that carry our bytes."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from tsym_agent.wire.children import end


async def test_one_that_has_just_ended_by_itself_keeps_its_exit_status(caplog: pytest.LogCaptureFixture) -> None:
    process = await asyncio.create_subprocess_exec("sh", "-c", "exit 7")
    time.sleep(0.2)  # noqa: ASYNC251 - it ends while nobody here can notice

    await end(process)

    assert process.returncode == 7
    assert not caplog.records  # asyncio complains when somebody takes an exit status away from it


async def test_one_that_will_not_end_is_ended_by_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsym_agent.wire.children.END_S", 0.05)
    script = "trap '' TERM; echo up; while :; do sleep 0.01; done"
    process = await asyncio.create_subprocess_exec("sh", "-c", script, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()

    await end(process)

    assert process.returncode == -signal.SIGKILL
