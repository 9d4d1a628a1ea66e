"""`GET /localapi/v0/prefs`: what the owner of this node wants, which is not its state."""

from __future__ import annotations

import msgspec

from tsym_agent.model.payload import Body, decode


class AutoUpdate(msgspec.Struct, frozen=True, rename="pascal"):
    """Update wishes."""

    check: bool = False
    apply: bool | None = None


class Prefs(msgspec.Struct, frozen=True, rename="pascal"):
    """Preferences without the `Config` field: keys have no business in our memory."""

    control_url: str = msgspec.field(default="", name="ControlURL")
    route_all: bool = False
    """Accept subnet routes."""
    exit_node_id: str = msgspec.field(default="", name="ExitNodeID")
    exit_node_ip: str = msgspec.field(default="", name="ExitNodeIP")
    exit_node_allow_lan_access: bool = msgspec.field(default=False, name="ExitNodeAllowLANAccess")
    corp_dns: bool = msgspec.field(default=False, name="CorpDNS")
    """Accept the tailnet's DNS."""
    run_ssh: bool = msgspec.field(default=False, name="RunSSH")
    want_running: bool = False
    logged_out: bool = False
    shields_up: bool = False
    advertise_tags: tuple[str, ...] | None = None
    hostname: str = ""
    advertise_routes: tuple[str, ...] | None = None
    advertise_services: tuple[str, ...] | None = None
    no_snat: bool = msgspec.field(default=False, name="NoSNAT")
    netfilter_mode: int = 0
    """0 off, 1 no divert, 2 on."""
    operator_user: str = ""
    profile_name: str = ""
    auto_update: AutoUpdate | None = None
    posture_checking: bool = False
    relay_server_port: int | None = None
    """None = no relay server, 0 = a random port."""


_DECODER = msgspec.json.Decoder(Prefs)


def parse_prefs(body: Body) -> Prefs:
    """Read preferences."""
    return decode(_DECODER, body)
