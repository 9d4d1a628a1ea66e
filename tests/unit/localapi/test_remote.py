"""Why nobody answers behind ssh, with a connection made of words."""

from __future__ import annotations

import pytest

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
