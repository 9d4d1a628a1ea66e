"""What can be said to `tailscaled` and `tailscale` at their start, as values that become argv.

The words and their order are those of the official container image, so a container's entry point can be built on them
and be compared word for word; what it has no word for stands behind its own words and before the extra ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

USERSPACE = "userspace-networking"
MEMORY_STATE = "mem:"
"""State that is gone with the process. The hosted control plane then takes the node for an ephemeral one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonWords:
    """What a tailscaled is started with."""

    socket: Path
    state: str | None = None
    """A store: `mem:`, `kube:SECRET` or a file. None = a file in `state_dir`."""
    state_dir: Path | None = None
    tun: str | None = None
    """Name of the device, or `userspace-networking`. None = the daemon's own choice: a kernel device."""
    socks5_server: str | None = None
    http_proxy_listen: str | None = None
    config: Path | None = None
    debug: str | None = None
    udp_port: int | None = None
    """Port for WireGuard. 0 = any; None = the usual one, which only one daemon of a machine can have."""
    uploads_logs: bool = True
    """Whether it may send its logs to the makers of Tailscale, for their support."""
    extra: tuple[str, ...] = ()

    def argv(self, program: str) -> list[str]:
        """Return the command line."""
        return [program, f"--socket={self.socket}", *self._flags(), *self.extra]

    def _flags(self) -> Iterator[str]:
        named = {
            "state": self.state, "statedir": self.state_dir, "tun": self.tun, "socks5-server": self.socks5_server,
            "outbound-http-proxy-listen": self.http_proxy_listen, "config": self.config, "debug": self.debug,
            "port": self.udp_port,
        }  # fmt: skip
        yield from (f"--{name}={value}" for name, value in named.items() if value is not None)
        if not self.uploads_logs:
            yield "--no-logs-no-support"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What both `up` and `set` may change of a node."""

    accept_dns: bool | None = False
    """Whether the machine's name resolution is handed over. None = not said, which means yes for a new node."""
    advertise_routes: str | None = None
    """Comma-separated networks; empty = withdraw them all, None = not said."""
    hostname: str | None = None
    shields_up: bool | None = None
    """Whether everything incoming is refused."""

    def flags(self) -> Iterator[str]:
        """Yield the flags of `tailscale set`."""
        yield from self.first_flags()
        yield from self.last_flags()

    def first_flags(self) -> Iterator[str]:
        """Yield what `up` says before its credentials."""
        if self.accept_dns is not None:
            yield f"--accept-dns={_word(self.accept_dns)}"

    def last_flags(self) -> Iterator[str]:
        """Yield what `up` says after them."""
        if self.advertise_routes is not None:
            yield f"--advertise-routes={self.advertise_routes}"
        if self.hostname is not None:
            yield f"--hostname={self.hostname}"
        if self.shields_up is not None:
            yield f"--shields-up={_word(self.shields_up)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What `tailscale up` is told. Every value of it stands in argv, so a key belongs into a file."""

    settings: Settings = Settings()
    auth_key: str | None = None
    """A key for all to see, as the container image passes it; it may itself be `file:PATH`."""
    auth_key_file: Path | None = None
    client_id: str | None = None
    client_secret: str | None = None
    id_token: str | None = None
    audience: str | None = None
    login_server: str | None = None
    tags: tuple[str, ...] = ()
    forces_reauth: bool = False
    """Log in anew although the state already holds a login."""
    resets: bool = False
    """Put every setting that is not said back to its default, instead of asking for all of them."""
    extra: tuple[str, ...] = ()

    def argv(self, program: str, socket: Path) -> list[str]:
        """Return the command line of `tailscale up`."""
        return [program, f"--socket={socket}", "up", *self._flags(), *self.extra]

    def _flags(self) -> Iterator[str]:
        yield from self.settings.first_flags()
        named = {
            "authkey": self.auth_key, "client-id": self.client_id, "client-secret": self.client_secret,
            "id-token": self.id_token, "audience": self.audience,
        }  # fmt: skip
        yield from (f"--{name}={value}" for name, value in named.items() if value)
        if self.auth_key_file is not None:
            yield f"--auth-key=file:{self.auth_key_file}"
        yield from self.settings.last_flags()
        if self.login_server:
            yield f"--login-server={self.login_server}"
        if self.tags:
            yield f"--advertise-tags={','.join(self.tags)}"
        if self.forces_reauth:
            yield "--force-reauth"
        if self.resets:
            yield "--reset"


def set_argv(program: str, socket: Path, settings: Settings) -> list[str]:
    """Return the command line of `tailscale set`: it changes what is said and leaves the rest."""
    return [program, f"--socket={socket}", "set", *settings.flags()]


def _word(value: bool) -> str:
    return "true" if value else "false"
