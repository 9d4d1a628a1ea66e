"""The reads few ask for, as functions over anything that can ask: typed where we have a use, else raw JSON by name.

Daemons that lack an endpoint, by age or by build, answer `NotSupportedError`: expect it here more than elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import msgspec

from tsym_agent.localapi.commands import Form
from tsym_agent.localapi.errors import BadAnswerError
from tsym_agent.localapi.registry import READS
from tsym_agent.model.checks import parse_features, parse_so_mark, parse_warning
from tsym_agent.model.dns import DNSConfig, parse_dns_config
from tsym_agent.model.netmap import FileTarget, parse_file_targets
from tsym_agent.model.payload import ABSENT, Body, PayloadError, decode
from tsym_agent.model.relays import RelayServer, parse_relay_server
from tsym_agent.model.routes import ExitNodeSuggestion, RouteCheck, parse_exit_node_suggestion, parse_route_check
from tsym_agent.model.services import AppRoutes, Service, parse_app_routes, parse_services
from tsym_agent.model.status import UserProfile, parse_user_profile
from tsym_agent.model.traces import EndpointChange, parse_endpoint_changes
from tsym_agent.model.updates import ClientVersion, parse_client_version

T = TypeVar("T")

_NAMES: msgspec.json.Decoder[tuple[str, ...] | None] = msgspec.json.Decoder(tuple[str, ...] | None)
_RAW = msgspec.json.Decoder(msgspec.Raw)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Asker(Protocol):
    """What these functions need of a client."""

    @property
    def where(self) -> str:
        """Whom it asks, in words for an error."""

    async def ask(
        self,
        name: str,
        params: Mapping[str, str] = ...,
        *,
        method: str = ...,
        body: bytes = ...,
        timeout_s: float | None = ...,
    ) -> Body:
        """Ask one endpoint and return the body of a good answer; else raise `LocalAPIError`."""


async def read_bytes(asker: Asker, name: str, params: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """Ask a read of the table by its name and return the answer's body as it came.

    Raises `ValueError` for a name, a parameter or a body the table does not have, and for streams: those have a method
    of their own. So nothing that changes a daemon can be asked through here.
    """
    read = READS.get(name)
    if read is None or read.form is Form.STREAM:
        raise ValueError(f"no such read: {name}")
    if bool(body) != bool(read.body):
        raise ValueError(f"{name} needs a body" if read.body else f"{name} takes no body")
    method, path, query = read.question(params or {})
    return bytes(await asker.ask(path, query, method=method, body=body, timeout_s=read.timeout_s))


async def read_json(asker: Asker, name: str, params: Mapping[str, str] | None = None, body: bytes = b"") -> msgspec.Raw:
    """Ask as `read_bytes` does and return the answer, or the part of it that is meant, as checked JSON.

    Null where the daemon has nothing to say.
    """
    answer = await read_bytes(asker, name, params, body)
    part = READS[name].part
    return _parse(asker, name, lambda body: _member(body, part) if part else _as_raw(body), answer)


async def user_metrics(asker: Asker) -> str:
    """Ask `usermetrics` (1.74): Prometheus text, with byte and packet counts by path class."""
    return (await read_bytes(asker, "user-metrics")).decode("utf-8", "replace")


async def user_profile(asker: Asker, user_id: int) -> UserProfile:
    """Ask `user-profile` (1.100): one person. `NoSuchObjectError` = unknown number."""
    return await _read(asker, "user-profile", parse_user_profile, {"id": str(user_id)})


async def dns_config(asker: Asker) -> DNSConfig:
    """Ask `dns-config` (1.98): the DNS control asks for. `DaemonNotReadyError` = no netmap yet."""
    return await _read(asker, "dns-config", parse_dns_config)


async def cert_domains(asker: Asker) -> tuple[str, ...]:
    """Ask `cert-domains` (1.98): names this node may have certificates for."""
    return await _read(asker, "cert-domains", lambda body: decode(_NAMES, body)) or ()


async def services(asker: Asker) -> dict[str, Service]:
    """Ask `services` (1.98): Tailscale Services in reach, by name. `DaemonNotReadyError` = no netmap yet."""
    return await _read(asker, "services", parse_services)


async def app_routes(asker: Asker) -> AppRoutes:
    """Ask `appc-route-info` (1.90): what an app connector has learnt."""
    return await _read(asker, "app-connector-routes", parse_app_routes)


async def client_version(asker: Asker) -> ClientVersion | None:
    """Ask `update/check` (1.54): the newest release as control last told; nothing is fetched."""
    return await _read(asker, "update-check", parse_client_version)


async def file_targets(asker: Asker) -> tuple[FileTarget, ...]:
    """Ask `file-targets` (1.8): nodes that files may be sent to. Refused unless the node is running."""
    return await _read(asker, "file-targets", parse_file_targets)


async def exit_node_suggestion(asker: Asker) -> ExitNodeSuggestion:
    """Ask `suggest-exit-node` (1.66). `RequestRefusedError` = there is none to suggest."""
    return await _read(asker, "suggest-exit-node", parse_exit_node_suggestion)


async def route_check(asker: Asker) -> RouteCheck | None:
    """Ask `routecheck` (1.100) for its last report, without probing; None = it has none yet."""
    return await _read(asker, "route-check", parse_route_check)


async def relay_server(asker: Asker) -> RelayServer:
    """Ask `debug-peer-relay-sessions` (1.90): what this node relays for others."""
    return await _read(asker, "relay-sessions", parse_relay_server)


async def endpoint_changes(asker: Asker, ip: str) -> tuple[EndpointChange, ...]:
    """Ask `debug-peer-endpoint-changes` (1.38) about one peer's Tailscale IP, oldest first."""
    return await _read(asker, "peer-endpoint-changes", parse_endpoint_changes, {"ip": ip})


async def optional_features(asker: Asker) -> dict[str, bool]:
    """Ask `debug-optional-features` (1.92): what the daemon was built with."""
    return await _read(asker, "features", parse_features)


async def ip_forwarding_warning(asker: Asker) -> str | None:
    """Ask `check-ip-forwarding` (1.8); None = fine."""
    return await _read(asker, "check-ip-forwarding", parse_warning)


async def udp_gro_warning(asker: Asker) -> str | None:
    """Ask `check-udp-gro-forwarding` (1.54, Linux); None = fine."""
    return await _read(asker, "check-udp-gro-forwarding", parse_warning)


async def reverse_path_warning(asker: Asker) -> str | None:
    """Ask `check-reverse-path-filtering` (1.86 to 1.94 only); None = fine."""
    return await _read(asker, "check-reverse-path-filtering", parse_warning)


async def marks_packets(asker: Asker) -> bool:
    """Ask `check-so-mark-in-use` (1.92): whether the daemon marks its own packets."""
    return await _read(asker, "check-so-mark-in-use", parse_so_mark)


async def _read(asker: Asker, name: str, parse: Callable[[Body], T], params: Mapping[str, str] | None = None) -> T:
    return _parse(asker, name, parse, await read_bytes(asker, name, params))


def _parse(asker: Asker, name: str, parse: Callable[[Body], T], body: Body) -> T:
    try:
        return parse(body)
    except PayloadError as error:
        raise BadAnswerError(asker.where, f"{name}: {error}") from error


def _as_raw(body: Body) -> msgspec.Raw:
    return decode(_RAW, body) if body else ABSENT


def _member(body: Body, name: str) -> msgspec.Raw:
    return decode(_MEMBERS, body).get(name, ABSENT)
