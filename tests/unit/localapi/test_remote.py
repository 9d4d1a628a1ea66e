"""Why nobody answers behind ssh, with a connection made of words."""

from __future__ import annotations

import asyncio
import errno

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer, hang
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    DaemonNotFoundError,
    DaemonUnreachableError,
    LocalAPIError,
)
from tsym_agent.localapi.remote import SshOpener
from tsym_agent.wire.ssh import Ran, SshError, SshLink, SshTrouble


class FakeLink(SshLink):
    """Logs in, forwards to nobody, and sees there what it was told."""

    def __init__(self, seen: str | None = None, trouble: SshError | None = None) -> None:
        super().__init__("me@web")
        self.asked: list[str] = []
        self._seen = seen
        self._trouble = trouble

    async def connect(self) -> None:
        if self._trouble:
            raise self._trouble

    async def forward(self, remote: str) -> str:
        self.asked.append(remote)
        return "/nowhere/s"

    async def run(self, *_: object, **__: object) -> Ran:
        if self._seen is None:
            raise SshError(SshTrouble.OTHER, "no commands for you")
        return Ran(0, self._seen.encode())


SEEN = {
    "me\n": (DaemonNotFoundError, "write ssh:me@web:/ITS/SOCKET"),
    "me\nopen /run/s\n": (DaemonUnreachableError, "ssh -t me@web sudo systemctl start tailscaled"),
    "me\nclosed /run/s\n": (AccessDeniedError, "me may not open /run/s there .*ssh:root@web"),
    "me\nopen /run/s\nwell /tmp/s\n": (AccessDeniedError, "AllowStreamLocalForwarding yes"),
    None: (DaemonUnreachableError, "AllowStreamLocalForwarding"),
    "": (DaemonUnreachableError, "AllowStreamLocalForwarding"),
}


@pytest.mark.parametrize(("seen", "meaning"), SEEN.items())
async def test_what_is_seen_there_says_what_to_do(seen: str | None, meaning: tuple[type[LocalAPIError], str]) -> None:
    kind, words = meaning

    with pytest.raises(kind, match=words) as caught:
        await SshOpener(FakeLink(seen)).find()

    assert caught.value.where == "ssh:me@web"


async def test_the_usual_places_are_tried_in_order() -> None:
    link = FakeLink("me\n")

    with pytest.raises(DaemonNotFoundError):
        await SshOpener(link).find()

    assert link.asked[0] == "/var/run/tailscale/tailscaled.sock"
    assert "/tmp/tailscaled.sock" in link.asked


async def test_a_named_socket_is_the_only_one_tried() -> None:
    link = FakeLink("me\n")

    with pytest.raises(DaemonNotFoundError, match="ssh:me@web:/x/s"):
        await SshOpener(link, "/x/s").find()

    assert link.asked == ["/x/s"]


@pytest.mark.parametrize("trouble", SshTrouble)
async def test_every_trouble_of_ssh_has_words_and_a_hint(trouble: SshTrouble) -> None:
    link = FakeLink(trouble=SshError(trouble, "its own words"))

    with pytest.raises(LocalAPIError, match="its own words") as caught:
        await SshOpener(link).find()

    assert caught.value.hint
    assert "{" not in caught.value.hint


class BrokenLink(SshLink):
    """Logs in once it may, as a link does that broke: its new ssh runs for a while before it is logged in."""

    def __init__(self, path: str) -> None:
        super().__init__("web")
        self.may_log_in = asyncio.Event()
        self.may_log_in.set()
        self.runs = False
        self.logs_in = asyncio.Event()
        self._forwarded_to = path

    @property
    def is_up(self) -> bool:
        return self.runs

    async def connect(self) -> None:
        self.runs = True
        self.logs_in.set()
        await self.may_log_in.wait()

    async def forward(self, _remote: str) -> str:
        return self._forwarded_to


async def test_who_asks_while_ssh_logs_in_again_waits_for_it(daemon: FakeDaemon) -> None:
    daemon.on("status", answer("{}"))
    link = BrokenLink(daemon.path)
    way = SshOpener(link)
    await way.find()
    link.runs = False
    link.may_log_in.clear()
    link.logs_in.clear()
    first = asyncio.create_task(way.find())
    await link.logs_in.wait()

    second = asyncio.create_task(way.find())
    await asyncio.sleep(0)
    is_told_at_once = second.done()
    link.may_log_in.set()
    await asyncio.gather(first, second)

    assert not is_told_at_once


async def test_a_daemon_that_is_slow_is_there(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsym_agent.localapi.remote.KNOCK_S", 0.02)
    daemon.on("status", hang)

    assert await SshOpener(BrokenLink(daemon.path)).find() == daemon.path


async def test_who_asks_while_it_is_closed_is_told_so() -> None:
    link = BrokenLink("/nowhere/s")
    link.may_log_in.clear()
    way = SshOpener(link)
    asking = asyncio.create_task(way.find())
    await link.logs_in.wait()

    await way.aclose()

    with pytest.raises(DaemonUnreachableError, match="closed"):
        await asking


async def test_a_machine_that_cannot_start_ssh_says_why() -> None:
    class Poor(FakeLink):
        async def connect(self) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

    with pytest.raises(DaemonUnreachableError, match="Too many open files"):
        await SshOpener(Poor()).find()
