"""One child: its output, its end, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.descriptors import open_files
from tests.unit.tailscaled.alive import is_alive, until
from tsym_agent.tailscaled.errors import StartError
from tsym_agent.tailscaled.process import MAX_LINE_BYTES, Process, run

ENV = {"PATH": "/bin:/usr/bin"}
DEADLINE_S = 10.0


async def output_of(script: str) -> list[str]:
    said: list[str] = []
    await run(["sh", "-c", script], ENV, said.append, deadline_s=DEADLINE_S)
    return said


async def started(script: str, said: list[str]) -> Process:
    """Start a script, and return once it has said its first line."""
    process = await Process.start(["sh", "-c", script], ENV, said.append)
    await until(lambda: said)
    return process


async def test_output_comes_line_by_line_and_the_last_needs_no_end() -> None:
    assert await output_of("echo one; echo two >&2; printf three") == ["one", "two", "three"]


async def test_what_is_not_text_is_shown_all_the_same() -> None:
    assert await output_of(r"printf '\377x\n'") == ["\ufffdx"]


async def test_a_line_without_end_is_cut() -> None:
    lines = await output_of(f"head -c {3 * MAX_LINE_BYTES} /dev/zero | tr '\\0' x")

    assert len(lines) > 1
    assert all(len(line) <= 2 * MAX_LINE_BYTES for line in lines)


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", -signal.SIGKILL)])
async def test_the_exit_status_is_the_childs(script: str, code: int) -> None:
    assert await run(["sh", "-c", script], ENV, print, deadline_s=DEADLINE_S) == code


async def test_two_may_wait_for_one_child() -> None:
    process = await Process.start(["sh", "-c", "exit 5"], ENV, print)

    assert list(await asyncio.gather(process.wait(), process.wait())) == [5, 5]


async def test_a_child_has_exactly_the_environment_it_is_given() -> None:
    said: list[str] = []
    await run(["/usr/bin/env"], {"ONLY": "this"}, said.append, deadline_s=DEADLINE_S)

    assert said == ["ONLY=this"]


async def test_a_child_has_a_process_group_of_its_own() -> None:
    said: list[str] = []
    process = await started("echo up; exec sleep 60", said)

    assert os.getpgid(process.pid) == process.pid != os.getpgrp()
    await process.stop()


async def test_stopping_asks_first() -> None:
    said: list[str] = []
    process = await started("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done", said)

    assert await process.stop() == 0
    assert said == ["up", "bye"]


async def test_who_will_not_end_is_ended_with_all_it_started() -> None:
    said: list[str] = []
    process = await started("trap '' TERM; sleep 60 & echo $!; wait; wait", said)

    assert await process.stop(grace_s=0.05) == -signal.SIGKILL
    await until(lambda: not is_alive(int(said[0])))


async def test_stopping_what_has_ended_does_no_harm() -> None:
    process = await Process.start(["true"], ENV, print)
    await process.wait()

    assert await process.stop() == 0


async def test_a_grandchild_that_keeps_the_output_keeps_nobody_waiting() -> None:
    said: list[str] = []
    async with asyncio.timeout(DEADLINE_S):
        process = await Process.start(["sh", "-c", "sleep 60 & echo $!"], ENV, said.append)
        assert await process.wait() == 0

    os.kill(int(said[0]), signal.SIGKILL)


async def test_a_program_that_takes_too_long_is_ended() -> None:
    said: list[str] = []
    with pytest.raises(TimeoutError):
        await run(["sh", "-c", "echo $$; exec sleep 60"], ENV, said.append, deadline_s=0.2)

    assert not is_alive(int(said[0]))


async def test_a_program_that_is_not_there_is_a_start_error() -> None:
    with pytest.raises(StartError, match="No such file"):
        await Process.start(["/nonexistent/tailscaled"], ENV, print)


async def test_nothing_stays_open() -> None:
    await output_of("true")
    before = open_files()
    for _ in range(3):
        await output_of("echo x")
        with pytest.raises(StartError):
            await Process.start(["/nonexistent/tailscaled"], ENV, print, ends_with_us=True)

    await until(lambda: open_files() == before)


async def test_a_start_that_is_given_up_at_once_leaves_nothing_open() -> None:
    await output_of("true")
    before = open_files()
    for turns in range(3):
        starting = asyncio.create_task(Process.start(["sleep", "60"], ENV, print, ends_with_us=True))
        for _ in range(turns + 1):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait({starting})

    await until(lambda: open_files() == before)


async def test_a_machine_without_descriptors_is_a_start_error() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_free = os.dup(0)
    os.close(next_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_free, hard))
    try:
        with pytest.raises(StartError, match="Too many open files"):
            await Process.start(["true"], ENV, print, ends_with_us=True)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_run_given_up_while_output_is_held_leaves_nothing_open() -> None:
    await output_of("true")
    before = open_files()
    said: list[str] = []
    running = asyncio.create_task(run(["sh", "-c", "sleep 60 & echo $! $$"], ENV, said.append, deadline_s=None))
    await until(lambda: bool(said) and not is_alive(int(said[0].split()[1])))
    running.cancel()
    await asyncio.wait({running})

    try:
        await until(lambda: open_files() == before)
    finally:
        os.kill(int(said[0].split()[0]), signal.SIGKILL)


OWNER = """
import asyncio, functools, sys
from tsym_agent.tailscaled.process import Process
say = functools.partial(print, flush=True)
async def main():
    await Process.start(sys.argv[1:], {"PATH": "/bin:/usr/bin"}, say, ends_with_us=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def test_a_child_learns_that_its_owner_was_killed(tmp_path: Path) -> None:
    child = tmp_path / "child"
    child.write_text('#!/bin/bash\necho $$\nread -r -u "$TS_PARENT_DEATH_FD"\n')
    child.chmod(0o755)
    with subprocess.Popen([sys.executable, "-c", OWNER, str(child)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert is_alive(pid)
        owner.kill()

    asyncio.run(until(lambda: not is_alive(pid)))
