"""Children: merged output, cancelling, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tsym_tui.ui.launching.children import Children, Run
from tsym_tui.ui.launching.tools import Tool

TOOL = Tool(words=("tsym", "try"))
DEADLINE_S = 20.0


@pytest.fixture
async def started() -> AsyncIterator[Children]:
    """Hold children that end with the test."""
    children = Children({"PATH": os.environ["PATH"]})
    yield children
    await children.aclose()


def python(children: Children, code: str) -> Run:
    argv = [sys.executable, "-c", code]
    return children.start(TOOL, argv, argv, lambda: None)


async def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def lives(pid: int) -> bool:
    """Whether a process goes on; one that waits to be reaped by somebody else does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_both_streams_come_merged_with_the_code(started: Children) -> None:
    run = python(started, "import sys; print('one'); print('two', file=sys.stderr); print('three'); sys.exit(5)")
    await until(lambda: not run.runs)

    assert list(run.output.window(9)) == ["one", "two", "three"]
    assert run.outcome == "exit 5: some hosts failed or refused; the rest is printed"


async def test_output_comes_while_it_runs(started: Children) -> None:
    run = python(started, "import time; print('begun'); time.sleep(60)")
    await until(lambda: bool(len(run.output)))

    assert run.runs


async def test_a_child_has_no_terminal_and_nothing_to_read(started: Children) -> None:
    run = python(started, "import os, sys; print(sys.stdin.read() == '', os.getsid(0) == os.getpid())")
    await until(lambda: not run.runs)

    assert list(run.output.window(9)) == ["True True"]


async def test_what_cannot_be_started_says_why(started: Children) -> None:
    run = started.start(TOOL, ["x"], ["/dev/null/nothing"], lambda: None)
    await until(lambda: not run.runs)

    assert "cannot start /dev/null/nothing: Not a directory" in run.output.text()
    assert run.code == 2


async def test_cancelling_interrupts_first(started: Children) -> None:
    code = "import sys, time\ntry: print('go'); time.sleep(60)\nexcept KeyboardInterrupt: print('asked'); sys.exit(130)"
    run = python(started, code)
    await until(lambda: bool(len(run.output)))
    await run.cancel()
    await until(lambda: not run.runs)

    assert list(run.output.window(9)) == ["go", "asked"]
    assert run.outcome == "exit 130: interrupted"


async def test_what_does_not_heed_is_ended_more_firmly(started: Children) -> None:
    code = "import signal, time\nfor n in (2, 15): signal.signal(n, lambda n, f: print(n))\nprint('go')"
    code += "\nwhile True: time.sleep(1)"
    run = python(started, code)
    await until(lambda: bool(len(run.output)))
    await run.cancel(grace_s=0.3)
    await until(lambda: not run.runs)

    assert list(run.output.window(9)) == ["go", "2", "15"]
    assert run.outcome == "ended by SIGKILL"


async def test_what_a_child_started_ends_with_it(started: Children) -> None:
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '300']); print(p.pid)"
    run = python(started, code)
    await until(lambda: not run.runs)

    assert not lives(int(run.output.window(1)[0]))


async def test_closing_ends_all_and_their_children() -> None:
    children = Children({"PATH": os.environ["PATH"]})
    code = "import subprocess, os; p = subprocess.Popen(['sleep', '300']); print(p.pid, os.getpid()); p.wait()"
    runs = [python(children, code) for _ in range(2)]
    await until(lambda: all(len(run.output) for run in runs))
    pids = [int(pid) for run in runs for pid in run.output.window(1)[0].split()]

    await children.aclose()

    assert not any(run.runs for run in runs)
    assert not any(map(lives, pids))


async def test_nothing_starts_any_more_when_the_app_is_closing() -> None:
    children = Children({"PATH": os.environ["PATH"]})
    begun = python(children, "print('begun')")
    await children.aclose()
    late = python(children, "print('late')")

    assert not begun.runs
    assert not late.runs
    assert late.output.text() == ""


async def test_a_group_that_was_reaped_gets_no_signal(started: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    run = python(started, "print('done')")
    await until(lambda: not run.runs)
    sent: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda pid, _: sent.append(pid))
    await run.cancel()
    started._end_now()

    assert sent == []


async def test_a_child_that_only_writes_leaves_the_loop_alive(started: Children) -> None:
    run = python(started, "import sys\nwhile True: sys.stdout.write('y\\n' * 4096)")
    await until(lambda: run.output.dropped > 0)
    longest, last = 0.0, time.monotonic()
    for _ in range(20):
        await asyncio.sleep(0.005)
        now = time.monotonic()
        longest, last = max(longest, now - last), now

    assert longest < 0.5
    assert len(run.output) <= 5001


async def test_old_runs_are_forgotten_and_going_ones_kept(started: Children) -> None:
    going = python(started, "import time; print('go'); time.sleep(60)")
    for _ in range(14):
        run = started.start(TOOL, ["true"], ["true"], lambda: None)
        await until(lambda run=run: not run.runs)  # type: ignore[misc]  # bound now

    assert going in started.runs
    assert len(started.runs) == 12
