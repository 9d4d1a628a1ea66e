"""Identities: tailnets and nodes.

Host names are not unique, node keys rotate, and Headscale's stable IDs are small numbers that repeat between servers.
So a node is keyed by its tailnet and its stable ID, and a tailnet by its control server and its name.
"""

from __future__ import annotations

from typing import NewType

import msgspec

StableNodeID = NewType("StableNodeID", str)
"""What control calls a node for ever: `nXYZ…CNTRL` on the hosted service, a decimal string on Headscale."""


class Tailnet(msgspec.Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """One network: its control server and the name that server gives it."""

    control_url: str
    """Where the node logs in, without trailing slash; empty when prefs could not be read."""
    name: str
    """`Status.CurrentTailnet.Name`; empty before the first login."""

    def __str__(self) -> str:
        """Return the text that JSON uses: `NAME@CONTROL_URL`."""
        return f"{self.name}@{self.control_url}"


class NodeRef(msgspec.Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """The key of a node: never its name, never its key."""

    tailnet: Tailnet
    stable_id: StableNodeID
