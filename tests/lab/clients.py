"""The LocalAPI client under test, put on a lab's nodes: which releases, and as whom."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from tsym_agent.localapi.client import LocalClient
from tsym_agent.wire.openers import UnixOpener

from . import tools
from .node import Node

NEW, OLD = "1.102.3", "1.80.3"
RELEASES = {NEW: tools.TAILSCALE, OLD: tools.TAILSCALE_OLD}
NOBODY = 65534


@asynccontextmanager
async def client_of(node: Node) -> AsyncIterator[LocalClient]:
    client = LocalClient(UnixOpener(str(node.socket)))
    try:
        yield client
    finally:
        await client.aclose()


@contextmanager
def as_user(user_id: int) -> Iterator[None]:
    """Let connections made meanwhile carry another user's credentials."""
    os.seteuid(user_id)
    try:
        yield
    finally:
        os.seteuid(0)
