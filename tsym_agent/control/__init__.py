"""Control-plane clients behind one interface: Tailscale and Headscale.

They read devices, routes, keys, policy and DNS, and make and revoke auth keys. They speak REST through httpx, which is
imported by the first request: importing this package is as light as the agent must be.

    control = connect(read_credentials())
    key = await control.create_key(KeyWish(tags=(AGENT_TAG,)))
"""

from __future__ import annotations

from typing import assert_never

from tsym_agent.control.credentials import (
    ControlSettings,
    Credentials,
    HeadscaleCredentials,
    TailscaleCredentials,
    has_credentials,
    read_credentials,
)
from tsym_agent.control.errors import ControlError
from tsym_agent.control.plane import ControlPlane, Device, KeyWish, MintedKey

__all__ = [
    "ControlError",
    "ControlPlane",
    "ControlSettings",
    "Credentials",
    "Device",
    "KeyWish",
    "MintedKey",
    "connect",
    "has_credentials",
    "read_credentials",
]


def connect(credentials: Credentials) -> ControlPlane:
    """Return a client for what the credentials are of; nothing is asked yet."""
    match credentials:
        case TailscaleCredentials():
            from tsym_agent.control.tailscale import TailscaleControl

            return TailscaleControl(credentials)
        case HeadscaleCredentials():
            from tsym_agent.control.headscale import HeadscaleControl

            return HeadscaleControl(credentials)
        case _:
            assert_never(credentials)
