"""How hosts are named: `--host SPEC`, and the hosts file.

    local                                  this machine's tailscaled, wherever it listens
    unix:PATH                              a LocalAPI socket
    sim:DIR  sim:DIR#HOST                  all hosts of a simulated tailnet, or one
    agent:NAME  agent:IPv4[:PORT]  agent:[IPv6][:PORT]  http://…
    ssh:[user@]host[:/ABSOLUTE/SOCKET]
    kube:namespace/pod[/container]

Nothing is opened here and nothing heavy imported: the command line reads specs before the app's first frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from tsym_agent.model.homes import at_home

AGENT_PORT = 3621
MAX_SOCKET_PATH = 107
"""Bytes of a unix socket's path on Linux; macOS allows 103, and says so itself."""

FORMS = "local, unix:PATH, sim:DIR[#HOST], agent:NAME[:PORT], ssh:[USER@]HOST[:/SOCKET], kube:NAMESPACE/POD[/CONTAINER]"


class SpecKind(StrEnum):
    """By which way a host is reached."""

    LOCAL = "local"
    UNIX = "unix"
    SIM = "sim"
    AGENT = "agent"
    SSH = "ssh"
    KUBE = "kube"


class SpecError(ValueError):
    """A spec that is none; the text says what to write."""


class HostSpec(msgspec.Struct, frozen=True):
    """One named host."""

    text: str
    """As it was written."""
    kind: SpecKind
    address: str = ""
    """A path, folder, `host:port`, or namespace and pod, by kind."""
    part: str = ""
    """Host of a simulated tailnet, socket behind ssh, container of a pod; empty = the default."""
    label: str = ""
    """Name from the hosts file; empty = whatever the node is called."""
    tags: tuple[str, ...] = ()
    """From the hosts file."""


def parse_spec(text: str, *, label: str = "", tags: tuple[str, ...] = ()) -> HostSpec:
    """Read a spec; raise `SpecError` when it is none."""
    kind, address, part = _split(text.strip())
    return HostSpec(text.strip(), kind, address, part, label, tags)


def _split(text: str) -> tuple[SpecKind, str, str]:
    if text == "local":
        return SpecKind.LOCAL, "", ""
    if text.startswith("http://"):
        return SpecKind.AGENT, _url_address(text), ""
    if text.startswith("https://"):
        raise SpecError(f"{text}: agents speak http, since the tailnet encrypts already; write http://HOST[:PORT]")
    scheme, colon, rest = text.partition(":")
    reader = _READERS.get(scheme)
    if not colon or reader is None:
        raise SpecError(f"{text!r} is not a host; write one of: {FORMS}")
    if not rest:
        raise SpecError(f"{text!r} says nothing after the colon; write one of: {FORMS}")
    return reader(rest)


def _read_unix(rest: str) -> tuple[SpecKind, str, str]:
    path = str(at_home(rest))
    if len(path.encode()) > MAX_SOCKET_PATH:
        raise SpecError(f"unix:{rest}: the path is longer than the {MAX_SOCKET_PATH} bytes a socket may have")
    return SpecKind.UNIX, path, ""


def _read_sim(rest: str) -> tuple[SpecKind, str, str]:
    folder, _, host = rest.partition("#")
    if not folder:
        raise SpecError(f"sim:{rest}: no folder; write sim:DIR or sim:DIR#HOST")
    if host and not re.fullmatch(r"[A-Za-z0-9._-]+", host):
        raise SpecError(f"sim:{rest}: {host!r} is not a host name")
    return SpecKind.SIM, str(at_home(folder)), host


def _read_agent(rest: str) -> tuple[SpecKind, str, str]:
    return SpecKind.AGENT, _host_and_port(rest, f"agent:{rest}"), ""


def _read_ssh(rest: str) -> tuple[SpecKind, str, str]:
    host, colon, socket = rest.partition(":")
    if not host or host.startswith("-") or host.endswith("@") or any(char.isspace() for char in host):
        raise SpecError(f"ssh:{rest}: write ssh:[USER@]HOST[:/ABSOLUTE/SOCKET]")
    if colon and not socket.startswith("/"):
        raise SpecError(f"ssh:{rest}: what follows the host is a socket's absolute path; a port belongs in ssh_config")
    return SpecKind.SSH, host, socket


def _read_kube(rest: str) -> tuple[SpecKind, str, str]:
    parts = rest.split("/")
    if len(parts) not in {2, 3} or not all(re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", part) for part in parts):
        raise SpecError(f"kube:{rest}: write kube:NAMESPACE/POD[/CONTAINER]")
    return SpecKind.KUBE, "/".join(parts[:2]), parts[2] if len(parts) == 3 else ""


_READERS: dict[str, Callable[[str], tuple[SpecKind, str, str]]] = {
    "unix": _read_unix,
    "sim": _read_sim,
    "agent": _read_agent,
    "ssh": _read_ssh,
    "kube": _read_kube,
}


def _url_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError as error:
        raise SpecError(f"{text}: {error}; write http://HOST[:PORT]") from error
    if not host or parts.username or parts.path.strip("/") or parts.query or parts.fragment:
        raise SpecError(f"{text}: write http://HOST[:PORT]")
    return _host_and_port(parts.netloc, text)


def _host_and_port(rest: str, text: str) -> str:
    import ipaddress

    bracketed = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?", rest)
    if bracketed:
        host, port = bracketed.groups()
        try:
            return f"[{ipaddress.IPv6Address(host)}]:{_port(port, text)}"
        except ipaddress.AddressValueError as error:
            raise SpecError(f"{text}: {host!r} is not an IPv6 address") from error
    plain = re.fullmatch(r"([A-Za-z0-9._-]+)(?::(\d+))?", rest)
    if plain is None:
        raise SpecError(f"{text}: write agent:NAME[:PORT], agent:IPv4[:PORT] or agent:[IPv6][:PORT]")
    return f"{plain[1]}:{_port(plain[2], text)}"


def _port(digits: str | None, text: str) -> int:
    port = int(digits) if digits else AGENT_PORT
    if not 0 < port < 65536:
        raise SpecError(f"{text}: {port} is not a port")
    return port


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of an agent's address; an IPv6 address without its brackets."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)
