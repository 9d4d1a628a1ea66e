"""Every LocalAPI command we run, as one table: the agent's allow-list, the command line, the palette and the docs.

What is not here is not asked by name, and not let through by an agent. The table holds what only reads, and two helpers
that act (`restun`, `rebind`); nothing that changes a daemon's wishes, no tunnels. GET alone is no sign of safety
(`set-udp-gro-forwarding` acts on GET), nor POST of danger (`ping`), so the table says each.

Learnt from ipn/localapi and feature/* of tailscale 1.102.3, and the release tags for "since".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from tsym_agent.localapi.parameters import Parameter, ValueKind
from tsym_agent.model.hosts import Rights


class Form(StrEnum):
    """What an answer is."""

    JSON = "json"
    TEXT = "text"
    BYTES = "bytes"
    """Meant for a file and another program."""
    STREAM = "stream"
    """JSON, one object after the other, without end."""


class Question(NamedTuple):
    """A command with its values, as it is sent upstream."""

    method: str
    path: str
    """Below `/localapi/v0/`, percent-encoded."""
    query: dict[str, str]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a daemon can be asked."""

    name: str
    """What people and grants write: letters and `-`."""
    words: str
    """What it answers, in one line."""
    since: str
    """The first release that has it."""
    until: str = ""
    """The last release that had it; empty = it is still there."""
    endpoint: str = ""
    """Below `/localapi/v0/`; empty = as the name. One that ends in `/` takes the rest of its path as a parameter."""
    method: str = "GET"
    fixed: tuple[tuple[str, str], ...] = ()
    """Parameters that are always sent, and are no one's to choose."""
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    """What it wants as a body; empty = none, and then none is sent: a form body would override the query."""
    form: Form = Form.JSON
    part: str = ""
    """The one member of the answer that is meant; empty = all of it."""
    right: Rights | None = Rights.READ
    """What the daemon asks of its caller; None = nothing, whoever may connect may ask."""
    acts: bool = False
    """Whether it does something to the daemon: agents run it only with `--allow-write` and a grant that says so."""
    is_sensitive: bool = False
    """Whether it reads more of the host or the tailnet than a map needs."""
    feature: str = ""
    """Build feature: small builds answer 404 without it."""
    sends: str = ""
    """What it sends or costs beyond an answer; empty = nothing."""
    secrets: tuple[str, ...] = ()
    """Members to blank wherever they stand in an answer before it leaves the machine."""
    timeout_s: float = 5.0
    """How long an answer may take."""

    @property
    def path(self) -> str:
        """The endpoint's path below `/localapi/v0/`."""
        return self.endpoint or self.name

    def question(self, values: Mapping[str, str]) -> Question:
        """Put values in; raise `ValueError` for one that is unknown, missing, or not what its parameter wants.

        Nothing of a value is sent as it came: each is checked and spelled anew.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        if unknown := sorted(values.keys() - known.keys()):
            takes = f"it takes {', '.join(known)}" if known else "it takes nothing"
            raise ValueError(f"{self.name} has no parameter {unknown[0]!r}: {takes}")
        for name, parameter in known.items():
            if parameter.is_required and name not in values:
                raise ValueError(f"{self.name} needs {name}: {parameter.words}")
        spelled = {name: known[name].canonical(value) for name, value in values.items()}
        tail = "".join(quote(value, safe="") for name, value in spelled.items() if known[name].in_path)
        query = {name: value for name, value in spelled.items() if not known[name].in_path}
        return Question(self.method, self.path + tail, {**query, **dict(self.fixed)})

    @property
    def is_probe(self) -> bool:
        """Whether it sends something into the network: limited in how often."""
        return bool(self.sends)


def _by_name(*commands: Command) -> Mapping[str, Command]:
    return MappingProxyType({command.name: command for command in commands})


_IP = Parameter("ip", "a Tailscale IP", ValueKind.IP, is_required=True)
_ID = Parameter("id", "control's number of it", ValueKind.NUMBER, is_required=True, least=1)
_RECORD_TYPES = ("A", "AAAA", "CNAME", "HINFO", "MINFO", "MX", "NS", "OPT", "PTR", "SOA", "SRV", "TXT", "WKS", "ALL")
_WRITE = Rights.WRITE

COMMANDS = _by_name(
    Command(
        name="status",
        words="this node, its peers and their owners",
        since="1.8",
        parameters=(Parameter("peers", "false leaves the peers out", ValueKind.FLAG),),
        secrets=("AuthURL",),
    ),
    Command(
        name="health",
        words="what the daemon itself complains about",
        since="1.8",
        endpoint="status",
        fixed=(("peers", "false"),),
        part="Health",
        secrets=("AuthURL",),
    ),
    Command(
        name="peer-map",
        words="the peers by node key",
        since="1.8",
        endpoint="status",
        part="Peer",
        secrets=("AuthURL",),
    ),
    Command(
        name="ping",
        words="one ping",
        since="1.26",
        method="POST",
        parameters=(
            _IP,
            Parameter(
                "type",
                "disco, TSMP, ICMP or peerapi",
                ValueKind.CHOICE,
                is_required=True,
                choices=("disco", "TSMP", "ICMP", "peerapi"),
            ),
            Parameter("size", "bytes of a disco ping (1.48)", ValueKind.NUMBER, most=65_500),
        ),
        right=None,
        sends="packets to the peer; silence has no answer",
    ),
    Command(
        name="whois",
        words="the node and the person behind an address",
        since="1.6",
        parameters=(
            Parameter("addr", "an IP, ip:port or nodekey:…", ValueKind.ADDRESS, is_required=True),
            Parameter("proto", "tcp or udp (1.70)", ValueKind.CHOICE, choices=("tcp", "udp")),
            Parameter("svc_name", "a Tailscale Service (1.100)"),
            Parameter("dst_ip", "a service's IP (1.100)", ValueKind.IP),
        ),
    ),
    Command(name="peer-by-id", words="control's words about one node", since="1.98", parameters=(_ID,)),
    Command(name="user-profile", words="one person", since="1.100", parameters=(_ID,)),
    Command(name="prefs", words="the wishes of this node's owner", since="1.8", secrets=("Config",)),
    Command(
        name="service-clients",
        words="which services this node uses, by wish",
        since="1.102",
        endpoint="prefs/service-clients",
    ),
    Command(
        name="profiles",
        words="the logins kept on this machine",
        since="1.34",
        endpoint="profiles/",
        right=_WRITE,
        is_sensitive=True,
    ),
    Command(
        name="current-profile",
        words="the login in use",
        since="1.34",
        endpoint="profiles/current",
        right=_WRITE,
        is_sensitive=True,
    ),
    Command(name="derp-map", words="the DERP regions and their relays", since="1.12", endpoint="derpmap", right=None),
    Command(
        name="derp-region",
        words="can this machine use one DERP region, tried out",
        since="1.34",
        endpoint="debug-derp-region",
        method="POST",
        parameters=(Parameter("region", "its number or code", ValueKind.WORD, is_required=True),),
        right=_WRITE,
        feature="debug",
        sends="connections to the region's relays for some seconds",
        timeout_s=60.0,
    ),
    Command(name="dns-config", words="the DNS control asks for", since="1.98"),
    Command(name="dns-osconfig", words="the DNS this machine uses", since="1.74", right=_WRITE, feature="dns"),
    Command(
        name="dns-query",
        words="one name, asked as the daemon would",
        since="1.76",
        parameters=(
            Parameter("name", "the name to look up", ValueKind.DNS_NAME, is_required=True),
            Parameter("type", "A unless told", ValueKind.CHOICE, choices=_RECORD_TYPES),
        ),
        right=_WRITE,
        feature="dns",
        sends="a query to the resolver",
        timeout_s=12.0,
    ),
    Command(name="serve-config", words="what this node serves and funnels", since="1.34", feature="serve"),
    Command(name="cert-domains", words="names this node may have certificates for", since="1.98"),
    Command(name="services", words="Tailscale Services in reach", since="1.98", right=None),
    Command(
        name="drive-shares",
        words="folders this node shares",
        since="1.64",
        endpoint="drive/shares",
        right=None,
        is_sensitive=True,
        feature="drive",
    ),
    Command(
        name="app-connector-routes",
        words="routes an app connector learnt",
        since="1.90",
        endpoint="appc-route-info",
        right=None,
        feature="appconnectors",
    ),
    Command(
        name="app-connector-state",
        words="state of the app-connector data plane",
        since="1.102",
        endpoint="conn25/state",
        feature="conn25",
    ),
    Command(
        name="peer-endpoint-changes",
        words="what happened to one peer's endpoints",
        since="1.38",
        endpoint="debug-peer-endpoint-changes",
        parameters=(_IP,),
        feature="debug",
    ),
    Command(
        name="relay-sessions",
        words="sessions this node relays",
        since="1.90",
        endpoint="debug-peer-relay-sessions",
        right=None,
        feature="relayserver",
    ),
    Command(
        name="peer-relays",
        words="peer relays this node may use",
        since="1.86",
        endpoint="debug",
        method="POST",
        fixed=(("action", "peer-relay-servers"),),
        right=_WRITE,
        feature="debug",
    ),
    Command(
        name="packet-filter",
        words="the policy as compiled for this node",
        since="1.36",
        endpoint="debug-packet-filter-rules",
        method="POST",
        right=_WRITE,
        is_sensitive=True,
        feature="debug",
    ),
    Command(
        name="packet-filter-matches",
        words="the policy as this node's filter holds it",
        since="1.36",
        endpoint="debug-packet-filter-matches",
        method="POST",
        right=_WRITE,
        is_sensitive=True,
        feature="debug",
    ),
    Command(
        name="user-metrics",
        words="counters in Prometheus text",
        since="1.74",
        endpoint="usermetrics",
        form=Form.TEXT,
        right=None,
        feature="usermetrics",
    ),
    Command(
        name="metrics",
        words="internal counters in Prometheus text",
        since="1.18",
        form=Form.TEXT,
        right=_WRITE,
        feature="clientmetrics",
    ),
    Command(
        name="goroutines",
        words="what the daemon is doing right now",
        since="1.6",
        form=Form.TEXT,
        right=_WRITE,
        is_sensitive=True,
        sends="a stop of the daemon for a moment",
        timeout_s=15.0,
    ),
    Command(
        name="pprof",
        words="a profile of the daemon, for `go tool pprof`",
        since="1.34",
        parameters=(
            Parameter(
                "name",
                "what to profile",
                ValueKind.CHOICE,
                is_required=True,
                choices=("profile", "heap", "allocs", "goroutine", "block", "mutex", "threadcreate"),
            ),
            Parameter("seconds", "how long, for name=profile", ValueKind.NUMBER, least=1, most=60),
        ),
        form=Form.BYTES,
        right=_WRITE,
        is_sensitive=True,
        feature="debug",
        sends="work for the daemon while it lasts",
        timeout_s=75.0,
    ),
    Command(
        name="logs",
        words="the daemon's log as it is written",
        since="1.36",
        endpoint="logtap",
        form=Form.STREAM,
        right=_WRITE,
        is_sensitive=True,
        feature="logtail",
        sends="a queue in the daemon for each reader",
    ),
    Command(
        name="bus-events",
        words="events inside the daemon",
        since="1.86",
        endpoint="debug-bus-events",
        form=Form.STREAM,
        right=_WRITE,
        is_sensitive=True,
        feature="debug",
        sends="a queue in the daemon for each reader",
    ),
    Command(
        name="bus-graph",
        words="who speaks to whom inside the daemon",
        since="1.86",
        endpoint="debug-bus-graph",
        right=None,
        feature="debug",
    ),
    Command(
        name="bus-queues",
        words="queues inside the daemon",
        since="1.96",
        endpoint="debug-bus-queues",
        right=None,
        feature="debug",
    ),
    Command(
        name="ipn-bus",
        words="notifications of the daemon",
        since="1.34",
        endpoint="watch-ipn-bus",
        parameters=(Parameter("mask", "bits of ipn.NotifyWatchOpt, decimal", ValueKind.NUMBER, most=(1 << 16) - 1),),
        form=Form.STREAM,
        feature="ipnbus",
        sends="a queue in the daemon for each reader",
        secrets=("BrowseToURL", "AuthURL", "Config"),
    ),
    Command(
        name="features",
        words="features the daemon was built with",
        since="1.92",
        endpoint="debug-optional-features",
        right=None,
        feature="debug",
    ),
    Command(
        name="control-knobs",
        words="switches that control has turned",
        since="1.58",
        endpoint="debug",
        method="POST",
        fixed=(("action", "control-knobs"),),
        right=_WRITE,
        feature="debug",
    ),
    Command(
        name="policy",
        words="system policy in force",
        since="1.78",
        endpoint="policy/",
        parameters=(Parameter("scope", "Device, User, …; nothing = all", ValueKind.WORD, in_path=True),),
        feature="syspolicy",
    ),
    Command(
        name="suggest-exit-node",
        words="the exit node the daemon would choose",
        since="1.66",
        right=None,
        feature="useexitnode",
        sends="may publish its choice on the bus",
    ),
    Command(
        name="route-check",
        words="which routers answered last",
        since="1.100",
        endpoint="routecheck",
        method="POST",
        right=None,
        feature="routecheck",
        sends="may wait for a report",
    ),
    Command(name="check-ip-forwarding", words="is IP forwarding set up", since="1.8", feature="advertiseroutes"),
    Command(name="check-udp-gro-forwarding", words="is UDP offload set up", since="1.54", feature="advertiseroutes"),
    Command(name="check-so-mark-in-use", words="does the daemon mark its packets", since="1.92"),
    Command(
        name="check-reverse-path-filtering",
        words="does the kernel drop by reverse path",
        since="1.86",
        until="1.94",
    ),
    Command(
        name="update-check",
        words="is there a newer release",
        since="1.54",
        endpoint="update/check",
        right=None,
        feature="clientupdate",
    ),
    Command(
        name="update-progress",
        words="how far a self-update is",
        since="1.54",
        endpoint="update/progress",
        right=None,
        feature="clientupdate",
    ),
    Command(name="file-targets", words="nodes that files may be sent to", since="1.8", feature="taildrop"),
    Command(name="pins", words="pinned devices and services", since="1.103", feature="favorites"),
    Command(
        name="lock-status",
        words="tailnet lock and the peers it filters",
        since="1.30",
        endpoint="tka/status",
        feature="tailnetlock",
    ),
    Command(
        name="lock-log",
        words="the latest changes of tailnet lock",
        since="1.34",
        endpoint="tka/log",
        parameters=(Parameter("limit", "how many, 50 unless told", ValueKind.NUMBER, least=1, most=1000),),
        right=None,
        feature="tailnetlock",
    ),
    Command(
        name="lock-affected-signatures",
        words="node keys a signing key has signed",
        since="1.38",
        endpoint="tka/affected-sigs",
        method="POST",
        body="the key's ID, raw bytes",
        right=None,
        feature="tailnetlock",
    ),
    Command(
        name="lock-verify-link",
        words="is a signing link genuine",
        since="1.44",
        endpoint="tka/verify-deeplink",
        method="POST",
        body='{"URL": "…"}',
        feature="tailnetlock",
    ),
    Command(
        name="restun",
        words="have the daemon look at its network again",
        since="1.20",
        endpoint="debug",
        method="POST",
        fixed=(("action", "restun"),),
        form=Form.TEXT,
        right=_WRITE,
        acts=True,
        feature="debug",
        sends="STUN packets to the DERP regions",
    ),
    Command(
        name="rebind",
        words="have the daemon open its UDP sockets anew",
        since="1.20",
        endpoint="debug",
        method="POST",
        fixed=(("action", "rebind"),),
        form=Form.TEXT,
        right=_WRITE,
        acts=True,
        feature="debug",
        sends="new sockets; paths are found again",
    ),
)
"""By name, in the order of lists."""

READS = MappingProxyType({name: command for name, command in COMMANDS.items() if not command.acts})
"""Those that only read."""
