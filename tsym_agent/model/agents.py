"""Names that agents, the app and the tailnet policy agree on."""

from __future__ import annotations

PORT = 3621
"""Where an agent listens, unless told."""

CALLER_TAG = "tag:tsymbiote-webui"
"""Nodes with this tag may ask an agent, unless it is told of another."""

AGENT_TAG = "tag:tsymbiote-adapter"
"""Nodes with this tag run an agent: how the app finds them in a status."""

CAPABILITY = "tsym.dev/cap/agent"
"""App capability of grants: whom an agent serves, and with which commands."""
