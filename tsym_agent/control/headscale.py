"""Headscale: its REST interface v1, with an API key.

Read from headscale 0.29.2's sources and run against it; 0.28 has the same shapes. Older versions name users and tags
otherwise. IDs come as decimal texts, every field is always there, and a node has one tailnet: no path names it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from tsym_agent.control.credentials import HeadscaleCredentials
from tsym_agent.control.errors import (
    BadControlAnswerError,
    ControlRefusedError,
    NotAuthenticatedError,
    NotOfferedError,
)
from tsym_agent.control.plane import Device, DeviceRoutes, DnsSettings, KeyFacts, KeyWish, MintedKey, Policy
from tsym_agent.control.rest import Answer, Call, Rest, Sleep
from tsym_agent.control.secrets import Secret
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.times import format_time, parse_time

API = "/api/v1"
TAGGED_USER = "tagged-devices"
"""What headscale calls the user of nodes that belong to tags."""


class _User(msgspec.Struct, frozen=True):
    name: str = ""
    email: str = ""


class _PreAuthKey(msgspec.Struct, frozen=True, rename="camel"):
    id: str = ""
    key: str = ""
    reusable: bool | None = None
    ephemeral: bool | None = None
    used: bool | None = None
    expiration: str | None = None
    created_at: str | None = None
    acl_tags: tuple[str, ...] | None = None


class _Node(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    name: str = ""
    given_name: str = ""
    node_key: str | None = None
    ip_addresses: tuple[str, ...] | None = None
    user: _User | None = None
    last_seen: str | None = None
    expiry: str | None = None
    created_at: str | None = None
    online: bool | None = None
    pre_auth_key: _PreAuthKey | None = None
    approved_routes: tuple[str, ...] | None = None
    available_routes: tuple[str, ...] | None = None
    subnet_routes: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None


class _Nodes(msgspec.Struct, frozen=True):
    nodes: tuple[_Node, ...] | None = None


class _Made(msgspec.Struct, frozen=True, rename="camel"):
    pre_auth_key: _PreAuthKey | None = None


class _PreAuthKeys(msgspec.Struct, frozen=True, rename="camel"):
    pre_auth_keys: tuple[_PreAuthKey, ...] | None = None


class _Policy(msgspec.Struct, frozen=True, rename="camel"):
    policy: str = ""
    updated_at: str | None = None


_NODES = msgspec.json.Decoder(_Nodes)
_MADE = msgspec.json.Decoder(_Made)
_KEYS = msgspec.json.Decoder(_PreAuthKeys)
_POLICY = msgspec.json.Decoder(_Policy)


class HeadscaleControl:
    """A client of one headscale. Its keys know no scopes: each may do everything."""

    kind = "headscale"

    def __init__(
        self,
        credentials: HeadscaleCredentials,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._credentials = credentials
        self._now = now
        self._rest = Rest(credentials.url, sleep=sleep)

    @property
    def where(self) -> str:
        """The server's URL."""
        return self._rest.base_url

    @property
    def login_server(self) -> str | None:
        """The server's URL, too: the API and the control protocol share a listener."""
        return self._rest.base_url

    async def devices(self) -> tuple[Device, ...]:
        """Ask `GET /api/v1/node`."""
        return tuple(_to_device(node) for node in await self._nodes())

    async def routes(self) -> tuple[DeviceRoutes, ...]:
        """Ask `GET /api/v1/node`: since 0.26 routes are fields of their node."""
        return tuple(
            DeviceRoutes(
                id=StableNodeID(node.id),
                name=node.given_name or node.name,
                advertised=node.available_routes or (),
                enabled=node.approved_routes or (),
                serving=node.subnet_routes or (),
            )
            for node in await self._nodes()
            if node.available_routes or node.approved_routes
        )

    async def create_key(self, wish: KeyWish) -> MintedKey:
        """Ask `POST /api/v1/preauthkey` for a key that belongs to tags, and so to no user (since 0.28).

        The expiry is always sent: without one headscale stores the year 1, and the key was never good. `preauthorized`
        and `description` have no counterpart.
        """
        if not wish.tags:
            raise ControlRefusedError(self.where, "a key needs a tag", "name one with --tag")
        expires = self._now() + timedelta(seconds=wish.expires_s)
        body = {
            "reusable": wish.reusable,
            "ephemeral": wish.ephemeral,
            "expiration": format_time(expires),
            "aclTags": list(wish.tags),
        }
        answer = await self._ask(Call(method="POST", path=f"{API}/preauthkey", json=body, may_repeat=False))
        made = self._rest.read(_MADE, answer).pre_auth_key
        if made is None or not made.key:
            raise BadControlAnswerError(self.where, "the new key came without its secret")
        return MintedKey(id=made.id, secret=Secret(made.key), expires=parse_time(made.expiration) or expires)

    async def keys(self) -> tuple[KeyFacts, ...]:
        """Ask `GET /api/v1/preauthkey`; those that have expired are left out."""
        listed = self._rest.read(_KEYS, await self._ask(Call(method="GET", path=f"{API}/preauthkey")))
        found = tuple(_to_key_facts(key) for key in listed.pre_auth_keys or ())
        return tuple(key for key in found if key.expires is not None and key.expires > self._now())

    async def revoke_key(self, key_id: str) -> None:
        """Ask `POST /api/v1/preauthkey/expire`: the key stays listed and admits nobody."""
        await self._ask(Call(method="POST", path=f"{API}/preauthkey/expire", json={"id": key_id}))

    async def policy(self) -> Policy:
        """Ask `GET /api/v1/policy`, which answers for a policy in a file as well as in the database."""
        found = self._rest.read(_POLICY, await self._ask(Call(method="GET", path=f"{API}/policy")))
        return Policy(text=found.policy, updated=parse_time(found.updated_at))

    async def dns(self) -> DnsSettings:
        """Raise `NotOfferedError`: DNS stands in headscale's configuration file only."""
        raise NotOfferedError(
            self.where, "headscale has no API for DNS", "read `dns:` in its configuration file on the server"
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._rest.aclose()

    async def _nodes(self) -> tuple[_Node, ...]:
        return self._rest.read(_NODES, await self._ask(Call(method="GET", path=f"{API}/node"))).nodes or ()

    async def _ask(self, call: Call) -> Answer:
        try:
            return await self._rest.ask(call, f"Bearer {self._credentials.api_key.reveal()}")
        except NotAuthenticatedError as error:
            hint = f"it came from {self._credentials.origin}; `headscale apikeys create` on the server makes a new one"
            raise NotAuthenticatedError(error.where, error.message, hint) from error


def _to_device(node: _Node) -> Device:
    tags = node.tags or ()
    user = node.user.email or node.user.name if node.user else ""
    return Device(
        id=StableNodeID(node.id),
        name=node.given_name or node.name,
        host_name=node.name,
        addresses=node.ip_addresses or (),
        tags=tags,
        owner=None if tags or user == TAGGED_USER else user or None,
        online=node.online,
        last_seen=None if node.online else parse_time(node.last_seen),
        created=parse_time(node.created_at),
        expires=parse_time(node.expiry),
        node_key=node.node_key or None,
        is_ephemeral=node.pre_auth_key.ephemeral if node.pre_auth_key else None,
    )


def _to_key_facts(key: _PreAuthKey) -> KeyFacts:
    return KeyFacts(
        id=key.id,
        tags=key.acl_tags,
        created=parse_time(key.created_at),
        expires=parse_time(key.expiration),
        is_reusable=key.reusable,
        is_ephemeral=key.ephemeral,
        is_used=key.used,
    )
