"""What is offered to the tailnet beyond nodes: Tailscale Services, and the routes of app connectors."""

from __future__ import annotations

import msgspec

from tsym_agent.model.payload import Body, decode


class Service(msgspec.Struct, frozen=True, rename="pascal"):
    """One Tailscale Service this node may reach (daemons from 1.98)."""

    name: str = ""
    """`svc:NAME`."""
    display_name: str = ""
    addrs: tuple[str, ...] | None = None
    ports: tuple[str, ...] | None = None
    """As `tcp:443` or `tcp:8000-8010`."""


class AppRoutes(msgspec.Struct, frozen=True, rename="pascal"):
    """What an app connector has learnt and advertises (daemons from 1.90)."""

    control: tuple[str, ...] | None = None
    """Prefixes from the policy."""
    domains: dict[str, tuple[str, ...] | None] | None = None
    """Addresses seen in DNS answers, by domain."""
    wildcards: tuple[str, ...] | None = None


_SERVICES: msgspec.json.Decoder[dict[str, Service] | None] = msgspec.json.Decoder(dict[str, Service] | None)
_APP_ROUTES: msgspec.json.Decoder[AppRoutes | None] = msgspec.json.Decoder(AppRoutes | None)


def parse_services(body: Body) -> dict[str, Service]:
    """Read the services by name."""
    return decode(_SERVICES, body) or {}


def parse_app_routes(body: Body) -> AppRoutes:
    """Read an app connector's routes; a node that is none has none."""
    return decode(_APP_ROUTES, body) or AppRoutes()
