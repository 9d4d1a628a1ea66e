"""A port of 127.0.0.1 that two connections share, as a program of the host can arrange it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tsym_agent.server.loopback import is_shared


class Host:
    """A host with an agent, another service, and connections to both."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.agent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.other = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

    def connect(self, to: socket.socket, port: int = 0, family: int = socket.AF_INET) -> socket.socket:
        """Connect from a port, which others may use as well."""
        place = "127.0.0.1" if family == socket.AF_INET else "::ffff:127.0.0.1"
        made = self._stack.enter_context(socket.socket(family))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((place, port))
        made.connect((place, to.getsockname()[1]))
        return made

    def is_shared(self, port: int) -> bool:
        return is_shared(port, self.agent.getsockname()[1])


@pytest.fixture
def host() -> Iterator[Host]:
    with ExitStack() as stack:
        yield Host(stack)


def test_a_connection_of_its_own_is_alone(host: Host) -> None:
    port = host.connect(host.agent).getsockname()[1]

    assert not host.is_shared(port)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_port_that_also_leads_elsewhere_is_shared(host: Host, family: int) -> None:
    port = host.connect(host.other, family=family).getsockname()[1]
    host.connect(host.agent, port)

    assert host.is_shared(port)


def test_the_one_who_came_later_is_found_as_well(host: Host) -> None:
    port = host.connect(host.agent).getsockname()[1]
    elsewhere = host.connect(host.other, port)
    found = host.is_shared(port)
    accepted, _ = host.other.accept()
    elsewhere.close()
    accepted.close()

    assert (found, host.is_shared(port)) == (True, False)


def test_where_nobody_can_tell_a_port_is_believed() -> None:
    assert not is_shared(1, 2, (Path("/nonexistent"),))
