"""Byte streams and the openers that make them."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Opener(Protocol):
    """Makes one connected byte stream each time it is called."""

    @property
    def where(self) -> str:
        """Where it leads, in words for an error: a socket path, an address."""

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect; raise `OSError` when that is refused."""
