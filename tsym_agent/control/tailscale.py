"""Tailscale's own control plane: API v2, with an API key or an OAuth client.

Paths and fields: Tailscale's OpenAPI document and client libraries, read 2026-09. No call of it has pages: lists come
whole. It was never run against the hosted service from here, only against a server of our own with the same shapes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from tsym_agent.control.credentials import TailscaleCredentials
from tsym_agent.control.errors import BadControlAnswerError, NotAuthenticatedError
from tsym_agent.control.plane import (
    Connectivity,
    Device,
    DeviceRoutes,
    DnsSettings,
    KeyFacts,
    KeyWish,
    MintedKey,
    Policy,
)
from tsym_agent.control.rest import Answer, Call, Rest, Sleep
from tsym_agent.control.secrets import Secret
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.times import parse_time

T = TypeVar("T")

API = "/api/v2"
EARLY_S = 600.0
"""A token lives an hour; it is renewed so long before its end, so that no call races with it."""

KEYS_AT_ONCE = 8


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: float = 3600.0


class _Latency(msgspec.Struct, frozen=True, rename="camel"):
    latency_ms: float | None = None


class _Supports(msgspec.Struct, frozen=True):
    udp: bool | None = None


class _Connectivity(msgspec.Struct, frozen=True):
    endpoints: tuple[str, ...] | None = None
    varies: bool | None = msgspec.field(default=None, name="mappingVariesByDestIP")
    latency: dict[str, _Latency] | None = None
    supports: _Supports | None = msgspec.field(default=None, name="clientSupports")


class _Device(msgspec.Struct, frozen=True, rename="camel"):
    node_id: str = ""
    id: str = ""
    name: str = ""
    hostname: str = ""
    addresses: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    user: str | None = None
    os: str | None = None
    client_version: str | None = None
    node_key: str | None = None
    created: str | None = None
    expires: str | None = None
    last_seen: str | None = None
    connected_to_control: bool | None = None
    key_expiry_disabled: bool | None = None
    authorized: bool | None = None
    is_ephemeral: bool | None = None
    advertised_routes: tuple[str, ...] | None = None
    enabled_routes: tuple[str, ...] | None = None
    client_connectivity: _Connectivity | None = None


class _Devices(msgspec.Struct, frozen=True):
    devices: tuple[_Device, ...] | None = None


class _Create(msgspec.Struct, frozen=True):
    reusable: bool | None = None
    ephemeral: bool | None = None
    preauthorized: bool | None = None
    tags: tuple[str, ...] | None = None


class _DeviceCapabilities(msgspec.Struct, frozen=True):
    create: _Create | None = None


class _Capabilities(msgspec.Struct, frozen=True):
    devices: _DeviceCapabilities | None = None


class _Key(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    key_type: str = "auth"
    key: str | None = None
    description: str | None = None
    created: str | None = None
    expires: str | None = None
    invalid: bool | None = None
    capabilities: _Capabilities | None = None


class _Keys(msgspec.Struct, frozen=True):
    keys: tuple[_Key, ...] | None = None


class _Nameservers(msgspec.Struct, frozen=True):
    dns: tuple[str, ...] | None = None


class _SearchPaths(msgspec.Struct, frozen=True, rename="camel"):
    search_paths: tuple[str, ...] | None = None


class _Preferences(msgspec.Struct, frozen=True):
    magic_dns: bool | None = msgspec.field(default=None, name="magicDNS")


_TOKEN = msgspec.json.Decoder(_Token)
_DEVICES = msgspec.json.Decoder(_Devices)
_KEY = msgspec.json.Decoder(_Key)
_KEYS = msgspec.json.Decoder(_Keys)
_NAMESERVERS = msgspec.json.Decoder(_Nameservers)
_SEARCH_PATHS = msgspec.json.Decoder(_SearchPaths)
_PREFERENCES = msgspec.json.Decoder(_Preferences)
_SPLIT = msgspec.json.Decoder(dict[str, tuple[str, ...] | None])


class TailscaleControl:
    """A client of API v2 for one tailnet."""

    kind = "tailscale"

    def __init__(
        self,
        credentials: TailscaleCredentials,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._rest = Rest(credentials.url, sleep=sleep)
        self._tailnet = f"{API}/tailnet/{quote(credentials.tailnet, safe='')}"
        self._token: Secret | None = None
        self._token_until_s = 0.0
        self._renewing = asyncio.Lock()

    @property
    def where(self) -> str:
        """The base URL of its API."""
        return self._rest.base_url

    @property
    def login_server(self) -> str | None:
        """None: nodes know Tailscale's own; else what the credentials say."""
        return self._credentials.login_server

    async def devices(self) -> tuple[Device, ...]:
        """Ask `GET /tailnet/{t}/devices?fields=all`; needs the scope `devices:core:read`."""
        return tuple(_to_device(device) for device in await self._all_devices())

    async def routes(self) -> tuple[DeviceRoutes, ...]:
        """Ask the same list as `devices`: its routes need no scope of their own."""
        return tuple(
            DeviceRoutes(
                id=StableNodeID(device.node_id or device.id),
                name=device.name or device.hostname,
                advertised=device.advertised_routes or (),
                enabled=device.enabled_routes or (),
            )
            for device in await self._all_devices()
            if device.advertised_routes or device.enabled_routes
        )

    async def create_key(self, wish: KeyWish) -> MintedKey:
        """Ask `POST /tailnet/{t}/keys`; needs the scope `auth_keys`, and for OAuth clients tags that they own."""
        create = {
            "reusable": wish.reusable,
            "ephemeral": wish.ephemeral,
            "preauthorized": wish.preauthorized,
            "tags": list(wish.tags),
        }
        body = {
            "keyType": "auth",
            "description": wish.description,
            "expirySeconds": wish.expires_s,
            "capabilities": {"devices": {"create": create}},
        }
        path, needs = f"{self._tailnet}/keys", "the scope auth_keys and tags that it owns"
        answer = await self._ask(Call(method="POST", path=path, json=body, may_repeat=False, needs=needs))
        made = self._rest.read(_KEY, answer)
        if not made.key:
            raise BadControlAnswerError(self.where, "the new key came without its secret")
        return MintedKey(id=made.id, secret=Secret(made.key), expires=parse_time(made.expires))

    async def keys(self) -> tuple[KeyFacts, ...]:
        """Ask `GET /tailnet/{t}/keys` and then for each key; needs the scope `auth_keys:read`.

        The list alone says little more than IDs.
        """
        path, needs = f"{self._tailnet}/keys", "the scope auth_keys:read"
        listed = self._rest.read(_KEYS, await self._ask(Call(method="GET", path=path, needs=needs)))
        turns = asyncio.Semaphore(KEYS_AT_ONCE)

        async def read(key_id: str) -> _Key:
            async with turns:
                return self._rest.read(
                    _KEY, await self._ask(Call(method="GET", path=f"{path}/{quote(key_id, safe='')}", needs=needs))
                )

        found = await _together(read(key.id) for key in listed.keys or ())
        return tuple(_to_key_facts(key) for key in found if key.key_type == "auth" and not key.invalid)

    async def revoke_key(self, key_id: str) -> None:
        """Ask `DELETE /tailnet/{t}/keys/{id}`; needs the scope `auth_keys`."""
        await self._ask(
            Call(method="DELETE", path=f"{self._tailnet}/keys/{quote(key_id, safe='')}", needs="the scope auth_keys")
        )

    async def policy(self) -> Policy:
        """Ask `GET /tailnet/{t}/acl` for HuJSON; needs the scope `policy_file:read`."""
        call = Call(
            method="GET",
            path=f"{self._tailnet}/acl",
            headers={"Accept": "application/hujson"},
            needs="the scopes policy_file:read, devices:core:read and devices:posture_attributes:read",
        )
        answer = await self._ask(call)
        return Policy(text=answer.body.decode(errors="replace"), etag=answer.etag)

    async def dns(self) -> DnsSettings:
        """Ask the four reads below `/tailnet/{t}/dns`; needs the scope `dns:read`."""
        servers, paths, preferences, split = await _together(
            self._ask_dns(part) for part in ("nameservers", "searchpaths", "preferences", "split-dns")
        )
        domains = self._rest.read(_SPLIT, split)
        return DnsSettings(
            magic_dns=self._rest.read(_PREFERENCES, preferences).magic_dns,
            nameservers=self._rest.read(_NAMESERVERS, servers).dns or (),
            search_paths=self._rest.read(_SEARCH_PATHS, paths).search_paths or (),
            split={domain: addresses or () for domain, addresses in domains.items()},
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._rest.aclose()

    def _key_path(self, key_id: str) -> str:
        return f"{self._tailnet}/keys/{quote(key_id, safe='')}"

    async def _ask_dns(self, part: str) -> Answer:
        return await self._ask(Call(method="GET", path=f"{self._tailnet}/dns/{part}", needs="the scope dns:read"))

    async def _all_devices(self) -> tuple[_Device, ...]:
        call = Call(
            method="GET", path=f"{self._tailnet}/devices", query={"fields": "all"}, needs="the scope devices:core:read"
        )
        return self._rest.read(_DEVICES, await self._ask(call)).devices or ()

    async def _ask(self, call: Call) -> Answer:
        """Ask with the credential; a token that is refused is renewed once, since it may have been revoked."""
        token, is_fresh = await self._bearer()
        try:
            return await self._rest.ask(call, f"Bearer {token.reveal()}")
        except NotAuthenticatedError as error:
            if self._credentials.api_key is not None or is_fresh:
                raise self._explained(error) from error
        self._forget(token)
        token, _ = await self._bearer()
        try:
            return await self._rest.ask(call, f"Bearer {token.reveal()}")
        except NotAuthenticatedError as error:
            raise self._explained(error) from error

    async def _bearer(self) -> tuple[Secret, bool]:
        """Return what goes behind `Bearer`, and whether it was made for this very call."""
        if self._credentials.api_key is not None:
            return self._credentials.api_key, False
        async with self._renewing:  # many calls at once share one new token
            if self._token is not None and self._clock() < self._token_until_s:
                return self._token, False
            self._token = await self._new_token()
            return self._token, True

    async def _new_token(self) -> Secret:
        """Ask `POST /api/v2/oauth/token` for a token of about an hour."""
        secret = self._credentials.client_secret
        assert secret is not None  # noqa: S101 - credentials have one or the other
        form = {
            "client_id": self._credentials.client_id,
            "client_secret": secret.reveal(),
            "grant_type": "client_credentials",
        }
        try:
            answer = await self._rest.ask(Call(method="POST", path=f"{API}/oauth/token", form=form))
        except NotAuthenticatedError as error:
            raise self._explained(error) from error
        made = self._rest.read(_TOKEN, answer)
        self._token_until_s = self._clock() + max(made.expires_in - EARLY_S, made.expires_in / 2)
        return Secret(made.access_token)

    def _forget(self, token: Secret) -> None:
        if self._token == token:
            self._token = None

    def _explained(self, error: NotAuthenticatedError) -> NotAuthenticatedError:
        """Say which setting holds the credential."""
        origin = self._credentials.origin
        return NotAuthenticatedError(
            error.where, error.message, f"it came from {origin}: expired, revoked or mistyped?"
        )


def _to_device(device: _Device) -> Device:
    tags = device.tags or ()
    report = device.client_connectivity
    return Device(
        id=StableNodeID(device.node_id or device.id),
        name=device.name.rstrip(".") or device.hostname,
        host_name=device.hostname,
        addresses=device.addresses or (),
        tags=tags,
        owner=None if tags else device.user or None,
        online=device.connected_to_control,
        last_seen=parse_time(device.last_seen),
        created=parse_time(device.created),
        expires=None if device.key_expiry_disabled else parse_time(device.expires),
        os=device.os or None,
        version=device.client_version or None,
        node_key=device.node_key or None,
        is_authorized=device.authorized,
        is_ephemeral=device.is_ephemeral,
        connectivity=_to_connectivity(report) if report else None,
    )


def _to_connectivity(report: _Connectivity) -> Connectivity:
    latency = {name: region.latency_ms for name, region in (report.latency or {}).items()}
    return Connectivity(
        endpoints=report.endpoints or (),
        mapping_varies=report.varies,
        has_udp=report.supports.udp if report.supports else None,
        latency_ms={name: ms for name, ms in latency.items() if ms is not None},
    )


def _to_key_facts(key: _Key) -> KeyFacts:
    devices = key.capabilities.devices if key.capabilities else None
    create = devices.create if devices and devices.create else _Create()
    return KeyFacts(
        id=key.id,
        description=key.description or None,
        tags=create.tags,
        created=parse_time(key.created),
        expires=parse_time(key.expires),
        is_reusable=create.reusable,
        is_ephemeral=create.ephemeral,
    )


async def _together(questions: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Ask all at once and return their answers in order; the first that fails ends the others, and is raised."""
    asked = [asyncio.create_task(question) for question in questions]
    try:
        return await asyncio.gather(*asked)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
