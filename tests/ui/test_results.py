"""What hosts answered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.ui import pictures
from tests.ui.fake_client import FakeClient
from tests.ui.running import Running, running
from tsym_agent.localapi.errors import AccessDeniedError, LocalAPIError
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.hosts import Host
from tsym_tui.fleet.fanout import Answer, Job, Verdict
from tsym_tui.ui.runs import Run
from tsym_tui.ui.screens.results import ResultsScreen, write_answers

HOSTS = ("laptop", "nas", "pi-kitchen", "vps-fra")


def results(run: Running) -> ResultsScreen:
    assert isinstance(run.app.screen, ResultsScreen)
    return run.app.screen


async def ask(run: Running, name: str, **answers: bytes | LocalAPIError) -> dict[str, FakeClient]:
    """Run a command from the palette; hosts that are not named answer `{}`."""
    clients = {host: FakeClient(answers.get(host.replace("-", "_"), b"{}")) for host in HOSTS}
    run.source.clients = dict(clients)
    await run.press("x", *name, "enter")
    await run.until(lambda: not results(run).state.waiting, "all answers")
    await run.settled()
    return clients


async def test_every_host_has_a_row_and_the_first_ones_answer_is_shown() -> None:
    async with running(pictures.home()) as run:
        await ask(run, "prefs", laptop=b'{"ControlURL": "https://control.example"}')

        assert "4 of 4 answered" in run.text()
        assert all(host in run.text() for host in HOSTS)
        assert "https://control.example" in run.text()


async def test_the_next_hosts_answer_is_a_key_away() -> None:
    async with running(pictures.home()) as run:
        await ask(run, "prefs", nas=b'{"Hostname": "the-nas"}')
        await run.press("j")

        assert "the-nas" in run.text()


async def test_a_slow_host_is_being_asked_while_others_are_shown() -> None:
    async with running(pictures.home()) as run:
        slow = FakeClient()
        slow.gate.clear()
        run.source.clients = {**{host: FakeClient() for host in HOSTS}, "nas": slow}
        await run.press("x", *"prefs", "enter")
        await run.until(lambda: len(results(run).state.answers) == 3, "three answers")
        await run.settled()
        assert "asking" in run.text()

        slow.gate.set()
        await run.until(lambda: not results(run).state.waiting, "the last answer")


async def test_leaving_cancels_what_is_still_asked() -> None:
    async with running(pictures.home()) as run:
        slow = FakeClient()
        slow.gate.clear()
        run.source.clients = {"laptop": slow}
        await run.press("x", *"prefs", "enter", "escape")
        await run.until(lambda: not [worker for worker in run.app.workers if worker.group == "answers"], "the end")

        assert not isinstance(run.app.screen, ResultsScreen)


async def test_a_host_that_refuses_says_why_and_what_to_do() -> None:
    async with running(pictures.home()) as run:
        await ask(run, "prefs", laptop=AccessDeniedError("/x", "prefs access denied", "use sudo"))

        assert "refused" in run.text()
        assert "prefs access denied: use sudo" in run.text()


async def test_raw_shows_the_answer_as_it_came() -> None:
    async with running(pictures.home()) as run:
        await ask(run, "prefs", laptop=b'{"A":{"B":null}}')
        assert '"B": null' not in run.text()

        await run.press("t")
        assert '"B": null' in run.text()


async def test_only_differences_are_shown_when_wanted() -> None:
    async with running(pictures.home()) as run:
        await ask(run, "prefs", laptop=b'{"Same": 1, "RouteAll": true}', nas=b'{"Same": 1, "RouteAll": false}',
                  pi_kitchen=b'{"Same": 1, "RouteAll": true}', vps_fra=b'{"Same": 1, "RouteAll": true}')  # fmt: skip
        await run.press("d")

        assert "1 place differs" in run.text()
        assert "laptop, pi-kitchen, vps-fra" in run.text()
        assert "Same" not in run.text()


async def test_hosts_that_say_the_same_are_named() -> None:
    async with running(pictures.home()) as run:
        await ask(run, "prefs")

        assert "the same from nas, pi-kitchen, vps-fra" in run.text()


async def test_it_can_be_asked_again() -> None:
    async with running(pictures.home()) as run:
        clients = await ask(run, "prefs")
        await run.press("R")
        await run.until(lambda: len(clients["nas"].asked) == 2, "the second question")


async def test_asked_again_the_new_answers_are_shown_and_compared() -> None:
    async with running(pictures.home()) as run:
        clients = await ask(run, "prefs", laptop=b'{"Hostname": "the-old-name"}')
        await run.press("d")
        assert "the-old-name" in run.text()

        clients["laptop"].answer = b'{"Hostname": "the-new-name"}'
        await run.press("d", "R")
        await run.until(lambda: not results(run).state.waiting, "all answers")
        await run.settled()
        assert "the-new-name" in run.text()
        await run.press("d")
        assert "the-new-name" in run.text()


async def test_the_whole_answer_is_copied() -> None:
    async with running(pictures.home()) as run:
        await ask(run, "prefs", laptop=json.dumps({f"Member{number}": number for number in range(200)}).encode())
        await run.press("y")

        assert "Member199" in run.app.clipboard


async def test_copying_takes_long_lines_whole_and_leaves_the_screen_where_it_is() -> None:
    answer = {f"Member{number}": "x" * 300 + "end" for number in range(100)}
    async with running(pictures.home()) as run:
        await ask(run, "prefs", laptop=json.dumps(answer).encode())
        await run.press("t", "G")
        before = results(run).state.top
        await run.press("y")

        assert run.app.clipboard.count("end") == 100
        assert results(run).state.top == before


async def test_what_was_said_goes_away_again_also_from_the_next_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsym_tui.ui.screens.base.NOTICE_S", 0.05)
    async with running(pictures.home()) as run:
        await ask(run, "prefs")
        await run.press("y", "escape")

        await run.until(lambda: "copied the answer" not in run.text() and not run.app.desk.notice, "silence")


async def test_a_long_answer_scrolls() -> None:
    async with running(pictures.home()) as run:
        await ask(run, "prefs", laptop=json.dumps({f"Member{number}": number for number in range(200)}).encode())
        assert "Member199" not in run.text()

        await run.press("G")
        assert "Member199" in run.text()


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (20, 5)])
async def test_it_fits_small_terminals(size: tuple[int, int]) -> None:
    async with running(pictures.home(), size=size) as run:
        await ask(run, "prefs", laptop=b'{"ControlURL": "https://control.example"}')

        assert "cannot draw" not in run.text()
        assert "laptop" in run.text()


async def test_answers_never_act_on_the_terminal() -> None:
    async with running(pictures.home()) as run:
        await ask(run, "dns-config", laptop=b'{"D": ["\\u001b[31mred"]}')

        assert "\x1b" not in run.text()


def test_answers_are_written_to_files_of_their_own(tmp_path: Path) -> None:
    hosts = tuple(Host(spec=f"unix:/{name}", name=name) for name in ("a", "../b", "c"))
    run = Run(Job(command=COMMANDS["prefs"]), hosts)
    for host in hosts[:2]:
        run.take(Answer(host=host, body=b'{"x":1}'))
    run.take(Answer(host=hosts[2], verdict=Verdict.DENIED, error="no"))
    folder = write_answers(run, datetime(2026, 11, 1, 12, tzinfo=UTC), tmp_path)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.json": b'{"x":1}', "b.json": b'{"x":1}',
    }  # fmt: skip


def test_nonsense_is_no_answer() -> None:
    host = Host(spec="unix:/a", name="a")
    run = Run(Job(command=COMMANDS["prefs"]), (host,))
    run.take(Answer(host=host, body=b"<html>"))

    assert (run.good, run.answers[host.spec].verdict) == ([], Verdict.FAILED)


async def test_a_bug_while_asking_is_said_and_not_mistaken_for_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("off by one")

    monkeypatch.setattr("tsym_tui.ui.screens.results.ask_one", broken)
    async with running(pictures.home()) as run:
        await run.press("x", *"prefs", "enter")

        await run.until(lambda: "a bug of ours" in run.text(), "the words")


async def test_a_wide_answer_scrolls_sideways_and_keeps_its_first_column() -> None:
    wide = {"Name": "one", "A": "a" * 40, "B": "b" * 40, "C": "the far end"}
    things = json.dumps([wide, {"Name": "two"}]).encode()
    async with running(pictures.home(), size=(80, 24)) as run:
        await ask(run, "services", laptop=things)
        assert "the far end" not in run.text()

        await run.press("l", "l", "l")
        assert "the far end" in run.text()
        assert "one" in run.text()


async def test_raw_text_scrolls_sideways_too() -> None:
    async with running(pictures.home(), size=(80, 24)) as run:
        await ask(run, "prefs", laptop=json.dumps({"A": "x" * 90 + "the far end"}).encode())
        await run.press("t", "l", "l", "l", "l")

        assert "the far end" in run.text()
