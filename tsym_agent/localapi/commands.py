"""Every LocalAPI read that needs no special right, as one table.

What is not here is not asked by name: nothing that changes a daemon, nothing that needs write permission, no tunnels.
GET alone is no sign of safety (`set-udp-gro-forwarding` acts on GET), nor POST of danger (`ping`), so the table says
each.

Learnt from ipn/localapi and feature/* of tailscale 1.102.3, and the release tags for "since".
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Form(StrEnum):
    """What an answer is."""

    JSON = "json"
    TEXT = "text"
    STREAM = "stream"
    """JSON, one object a line, without end."""


class Parameter(msgspec.Struct, frozen=True):
    """One parameter of the query, or the rest of the path."""

    name: str
    words: str
    is_required: bool = False
    in_path: bool = False


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint below `/localapi/v0/` that only reads."""

    name: str
    words: str
    """What it answers, in one line."""
    since: str
    """The first release that has it."""
    until: str = ""
    """The last release that had it; empty = it is still there."""
    method: str = "GET"
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    """What it wants as a body; empty = none, and then none is sent: a form body would override the query."""
    form: Form = Form.JSON
    needs_permission: bool = True
    """False: the daemon checks nothing, whoever may connect may ask."""
    feature: str = ""
    """Build feature: small builds answer 404 without it."""
    sends: str = ""
    """What it sends or costs beyond an answer; empty = nothing."""
    secrets: tuple[str, ...] = ()
    """Fields to leave out before an answer leaves this machine."""


def _by_name(*reads: Read) -> dict[str, Read]:
    return {read.name: read for read in reads}


_IP = Parameter("ip", "a Tailscale IP", is_required=True)
_ID = Parameter("id", "control's number of it", is_required=True)

READS = _by_name(
    Read(
        name="status",
        words="this node, its peers and their owners",
        since="1.8",
        parameters=(Parameter("peers", "false leaves the peers out"),),
        secrets=("AuthURL",),
    ),
    Read(
        name="whois",
        words="the node and the person behind an address",
        since="1.6",
        parameters=(
            Parameter("addr", "an IP, ip:port or nodekey:…", is_required=True),
            Parameter("proto", "tcp or udp (1.70)"),
            Parameter("svc_name", "a Tailscale Service (1.100)"),
            Parameter("dst_ip", "a service's IP (1.100)"),
        ),
    ),
    Read(name="peer-by-id", words="control's words about one node", since="1.98", parameters=(_ID,)),
    Read(name="user-profile", words="one person", since="1.100", parameters=(_ID,)),
    Read(name="derpmap", words="the DERP regions and their relays", since="1.12", needs_permission=False),
    Read(name="prefs", words="the wishes of this node's owner", since="1.8", secrets=("Config",)),
    Read(name="prefs/service-clients", words="which services this node uses, by wish", since="1.102"),
    Read(name="serve-config", words="what this node serves and funnels", since="1.34", feature="serve"),
    Read(name="cert-domains", words="names this node may have certificates for", since="1.98"),
    Read(name="dns-config", words="the DNS control asks for", since="1.98"),
    Read(name="services", words="Tailscale Services in reach", since="1.98", needs_permission=False),
    Read(
        name="appc-route-info",
        words="routes an app connector learnt",
        since="1.90",
        needs_permission=False,
        feature="appconnectors",
    ),
    Read(name="conn25/state", words="state of the app-connector data plane", since="1.102", feature="conn25"),
    Read(
        name="usermetrics",
        words="counters in Prometheus text",
        since="1.74",
        form=Form.TEXT,
        needs_permission=False,
        feature="usermetrics",
    ),
    Read(name="check-ip-forwarding", words="is IP forwarding set up", since="1.8", feature="advertiseroutes"),
    Read(name="check-udp-gro-forwarding", words="is UDP offload set up", since="1.54", feature="advertiseroutes"),
    Read(name="check-so-mark-in-use", words="does the daemon mark its packets", since="1.92"),
    Read(
        name="check-reverse-path-filtering",
        words="does the kernel drop by reverse path",
        since="1.86",
        until="1.94",
    ),
    Read(
        name="update/check",
        words="is there a newer release",
        since="1.54",
        needs_permission=False,
        feature="clientupdate",
    ),
    Read(
        name="update/progress",
        words="how far a self-update is",
        since="1.54",
        needs_permission=False,
        feature="clientupdate",
    ),
    Read(name="file-targets", words="nodes that files may be sent to", since="1.8", feature="taildrop"),
    Read(name="pins", words="pinned devices and services", since="1.103", feature="favorites"),
    Read(
        name="policy/",
        words="system policy in force",
        since="1.78",
        parameters=(Parameter("scope", "empty, Device, User, …", in_path=True),),
        feature="syspolicy",
    ),
    Read(name="drive/shares", words="folders this node shares", since="1.64", needs_permission=False, feature="drive"),
    Read(name="tka/status", words="tailnet lock and the peers it filters", since="1.30", feature="tailnetlock"),
    Read(
        name="tka/log",
        words="the latest changes of tailnet lock",
        since="1.34",
        parameters=(Parameter("limit", "how many, 50 unless told"),),
        needs_permission=False,
        feature="tailnetlock",
    ),
    Read(
        name="tka/affected-sigs",
        words="node keys a signing key has signed",
        since="1.38",
        method="POST",
        body="the key's ID, raw bytes",
        needs_permission=False,
        feature="tailnetlock",
    ),
    Read(
        name="tka/verify-deeplink",
        words="is a signing link genuine",
        since="1.44",
        method="POST",
        body='{"URL": "…"}',
        feature="tailnetlock",
    ),
    Read(
        name="watch-ipn-bus",
        words="notifications of the daemon",
        since="1.34",
        parameters=(Parameter("mask", "bits of ipn.NotifyWatchOpt, decimal"),),
        form=Form.STREAM,
        feature="ipnbus",
        sends="a queue in the daemon for each watcher",
        secrets=("BrowseToURL", "Prefs.Config"),
    ),
    Read(
        name="suggest-exit-node",
        words="the exit node the daemon would choose",
        since="1.66",
        needs_permission=False,
        feature="useexitnode",
        sends="may publish its choice on the bus",
    ),
    Read(
        name="routecheck",
        words="which routers answered last",
        since="1.100",
        method="POST",
        parameters=(Parameter("probe", "true pings the routers"), Parameter("timeout", "a Go duration up to 60s")),
        needs_permission=False,
        feature="routecheck",
        sends="pings, with probe=true",
    ),
    Read(
        name="ping",
        words="one ping",
        since="1.26",
        method="POST",
        parameters=(
            _IP,
            Parameter("type", "disco, TSMP, ICMP or peerapi", is_required=True),
            Parameter("size", "bytes of a disco ping (1.48)"),
        ),
        needs_permission=False,
        sends="packets to the peer; silence has no answer",
    ),
    Read(
        name="debug-peer-endpoint-changes",
        words="what happened to one peer's endpoints",
        since="1.38",
        parameters=(_IP,),
        feature="debug",
    ),
    Read(
        name="debug-optional-features",
        words="features the daemon was built with",
        since="1.92",
        needs_permission=False,
        feature="debug",
    ),
    Read(
        name="debug-bus-graph",
        words="who speaks to whom inside the daemon",
        since="1.86",
        needs_permission=False,
        feature="debug",
    ),
    Read(
        name="debug-bus-queues",
        words="queues inside the daemon",
        since="1.96",
        needs_permission=False,
        feature="debug",
    ),
    Read(
        name="debug-peer-relay-sessions",
        words="sessions this node relays",
        since="1.90",
        needs_permission=False,
        feature="relayserver",
    ),
)
"""By name."""
