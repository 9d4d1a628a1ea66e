"""The shape of a scenario file, table by table. What each field says of itself here is what the reference page prints.

Times are seconds, latencies are round trips in milliseconds, shares are 0 to 1. A *selector* names nodes: a node's
name, `site:NAME`, `tag:NAME` or `*`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Label = Annotated[str, Meta(pattern="^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Milliseconds = Annotated[float, Meta(ge=0, le=60_000)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Days = Annotated[float, Meta(ge=0, le=36_500)]
Share = Annotated[float, Meta(ge=0, le=1)]
RegionID = Annotated[int, Meta(ge=1, le=999)]
Suffix = Annotated[str, Meta(pattern=r"^([a-z0-9-]+(\.[a-z0-9-]+)*)?$")]
AnyVersion = Annotated[str, Meta(pattern=r"^(1\.[0-9]{1,3}\.[0-9]{1,3})?$")]
Version = Annotated[str, Meta(pattern=r"^1\.[0-9]{1,3}\.[0-9]{1,3}$")]

Nat = Literal["none", "easy", "hard"]
Udp = Literal["open", "blocked"]
Answer = Literal["disco", "TSMP", "ICMP", "peerapi"]
State = Literal["Running", "Stopped", "NeedsLogin", "NeedsMachineAuth", "Starting", "NoState"]
EventKind = Literal[
    "link-cut",
    "one-way-cut",
    "relay-flip",
    "latency",
    "loss",
    "udp-blocked",
    "nat",
    "key-expired",
    "node-added",
    "node-removed",
    "daemon-stopped",
    "daemon-started",
    "socket-closed",
    "socket-opened",
    "node-offline",
    "node-online",
    "home-region",
    "backend-state",
    "health",
]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: unknown keys are mistakes."""


class TailnetTable(_Table, frozen=True, kw_only=True):
    """`[tailnet]`: the network and its control server."""

    name: Annotated[str, Meta(min_length=1, description="What control calls the tailnet.")]
    magic_dns_suffix: Annotated[Suffix, Meta(description="Suffix of all names; empty = the name.")] = ""
    control_url: Annotated[str, Meta(pattern="^https?://", description="Control server, as prefs say it.")] = (
        "https://controlplane.tailscale.com"
    )
    ids: Annotated[
        Literal["hosted", "headscale"],
        Meta(description="Form of IDs: long opaque ones, or Headscale's small numbers; Headscale also shows NetInfo."),
    ] = "hosted"
    version: Annotated[Version, Meta(description="Version of every daemon that names no other.")] = "1.102.3"
    default_latency_ms: Annotated[Milliseconds, Meta(description="Between sites that name no latency.")] = 40.0
    jitter: Annotated[Share, Meta(description="Spread of every round trip, as a share of it.")] = 0.03


class UserTable(_Table, frozen=True, kw_only=True):
    """`[[user]]`: a person."""

    name: Annotated[Label, Meta(description="How nodes name their owner.")]
    login: Annotated[str, Meta(description="Login name; empty = `NAME@example.com`.")] = ""
    display: Annotated[str, Meta(description="Name to show; empty = the name.")] = ""


class RegionTable(_Table, frozen=True, kw_only=True):
    """`[[region]]`: a DERP region."""

    id: Annotated[RegionID, Meta(description="Number of the region.")]
    code: Annotated[Label, Meta(description="Short code, as status shows it.")]
    name: Annotated[str, Meta(description="Name to show; empty = the code.")] = ""
    near: Annotated[str, Meta(description="Site it stands at: latencies are that site's.")] = ""
    latency_ms: Annotated[dict[str, Milliseconds], Meta(description="Round trip by site; wins over `near`.")] = {}


class SiteTable(_Table, frozen=True, kw_only=True):
    """`[[site]]`: a place behind one public address."""

    name: Annotated[Label, Meta(description="Name of the site.")]
    public_address: Annotated[
        str, Meta(description="IPv4 address of its router; a prefix without `lan`: a router each.")
    ] = ""
    subnet: Annotated[str, Meta(description="IPv4 prefix of its machines; public where `nat` is none.")]
    nat: Annotated[Nat, Meta(description="none = public addresses, easy = keeps ports, hard = a port per peer.")] = (
        "easy"
    )
    udp: Annotated[Udp, Meta(description="Whether UDP leaves the site.")] = "open"
    lan: Annotated[bool, Meta(description="Whether its machines reach each other directly (not so at a carrier).")] = (
        True
    )
    lan_ms: Annotated[Milliseconds, Meta(description="Round trip between two machines of the site.")] = 0.8
    region: Annotated[str, Meta(description="Code of the home region; empty = the nearest.")] = ""
    latency_ms: Annotated[dict[str, Milliseconds], Meta(description="Round trip to other sites, either way.")] = {}


class LocationTable(_Table, frozen=True, kw_only=True):
    """`location` of an exit node."""

    country: Annotated[str, Meta(description="Country.")] = ""
    country_code: Annotated[str, Meta(description="Its code.")] = ""
    city: Annotated[str, Meta(description="City.")] = ""
    city_code: Annotated[str, Meta(description="Its code.")] = ""
    priority: Annotated[int, Meta(description="Larger is preferred.")] = 0


class NodeFields(_Table, frozen=True, kw_only=True):
    """What `[[node]]` and the `node` of a `[[generate]]` share."""

    owner: Annotated[str, Meta(description="A `[[user]]`; needed without tags.")] = ""
    tags: Annotated[
        tuple[Annotated[str, Meta(pattern="^tag:[a-zA-Z][a-zA-Z0-9-]*$")], ...],
        Meta(description="Tags, as `tag:web`."),
    ] = ()
    os: Annotated[str, Meta(description="As status says it: linux, macOS, windows, iOS, android, tvOS, …")] = "linux"
    version: Annotated[
        AnyVersion,
        Meta(description="Version of its daemon; older ones lack newer fields and endpoints. Empty = the tailnet's."),
    ] = ""
    vantage: Annotated[bool, Meta(description="Whether its LocalAPI is served on a socket.")] = False
    rights: Annotated[
        Literal["read", "write", "none"], Meta(description="What its daemon grants us; none = every read is denied.")
    ] = "read"
    up: Annotated[bool, Meta(description="false = switched off: answers nothing, offline.")] = True
    daemon: Annotated[
        Literal["running", "stopped"], Meta(description="stopped = tailscaled does not run: dead, socket refuses.")
    ] = "running"
    socket: Annotated[
        Literal["open", "closed"], Meta(description="closed = only we cannot ask it: socket refuses, node lives.")
    ] = "open"
    state: Annotated[State, Meta(description="State of the daemon; any but Running leaves the tailnet.")] = "Running"
    standing: Annotated[
        Literal["ok", "expired", "not-approved", "locked-out"],
        Meta(description="expired key, waiting for approval, or refused by tailnet lock: no peer reaches it."),
    ] = "ok"
    online: Annotated[bool | None, Meta(description="What control claims; unset = whether it is up.")] = None
    last_seen_s: Annotated[Seconds, Meta(description="Offline for so long at the start.")] = 3600.0
    key_expires_days: Annotated[
        Annotated[float, Meta(ge=-36_500, le=36_500)] | None,
        Meta(description="Key expiry from the start, negative = past; unset = never."),
    ] = None
    created_days: Annotated[Days, Meta(description="Age of the node in days.")] = 200.0
    nat: Annotated[Nat | Literal[""], Meta(description="Other than the site's.")] = ""
    udp: Annotated[Udp | Literal[""], Meta(description="Other than the site's.")] = ""
    region: Annotated[str, Meta(description="Code of its home region, other than the site's.")] = ""
    delay_ms: Annotated[Milliseconds, Meta(description="Added to every round trip: a slow or wireless machine.")] = 0.0
    jitter_ms: Annotated[Milliseconds, Meta(description="Spread added to every round trip.")] = 0.0
    loss: Annotated[Share, Meta(description="Share of its pings that get lost.")] = 0.0
    answers: Annotated[tuple[Answer, ...], Meta(description="Kinds of ping it answers.")] = (
        "disco",
        "TSMP",
        "ICMP",
        "peerapi",
    )
    routes: Annotated[tuple[str, ...], Meta(description="Prefixes it serves as a subnet router.")] = ()
    exit_node: Annotated[bool, Meta(description="Whether it offers itself as an exit node.")] = False
    uses_exit_node: Annotated[str, Meta(description="Name of the exit node it uses.")] = ""
    relay_server: Annotated[bool, Meta(description="Whether it serves as a peer relay.")] = False
    sharee: Annotated[bool, Meta(description="A stranger's machine that only knows one of ours (ShareeNode).")] = False
    shared_by: Annotated[str, Meta(description="The user of another tailnet who shared it in.")] = ""
    mullvad: Annotated[bool, Meta(description="A Mullvad exit node: plain WireGuard, no disco.")] = False
    location: Annotated[LocationTable | None, Meta(description="Where it stands, for exit nodes.")] = None
    health: Annotated[tuple[str, ...], Meta(description="Warnings its daemon shows.")] = ()


class NodeTable(NodeFields, frozen=True, kw_only=True):
    """`[[node]]`: a machine."""

    name: Annotated[Label, Meta(description="Its key here, its socket's name, and its DNS label. Unique.")]
    site: Annotated[str, Meta(description="A `[[site]]`.")]
    host_name: Annotated[str, Meta(description="What it calls itself; may repeat; empty = the name.")] = ""
    dns_name: Annotated[str, Meta(description="Its full DNS name; empty = the name and the suffix.")] = ""
    address: Annotated[str, Meta(description="Its Tailscale IPv4 address; empty = made from its name.")] = ""


class GenerateTable(_Table, frozen=True, kw_only=True):
    """`[[generate]]`: many nodes of one kind."""

    name: Annotated[str, Meta(description="Pattern: `{site}`, `{n}` (1, 2, … a site), `{name}` (of `names`).")]
    counts: Annotated[dict[str, Annotated[int, Meta(ge=1, le=10_000)]], Meta(description="How many at each site.")] = {}
    names: Annotated[tuple[Label, ...], Meta(description="Or one node for each of these, at `site`.")] = ()
    site: Annotated[str, Meta(description="Site of `names`.")] = ""
    vantage: Annotated[int, Meta(ge=0, description="The first so many of each site are served on a socket.")] = 0
    vantages: Annotated[tuple[str, ...], Meta(description="And those of these names.")] = ()
    delay_spread_ms: Annotated[Milliseconds, Meta(description="Up to so much delay added, different by node.")] = 0.0
    owners: Annotated[tuple[str, ...], Meta(description="Owners in turn, instead of `node.owner`.")] = ()
    systems: Annotated[tuple[str, ...], Meta(description="Systems in turn, instead of `node.os`.")] = ()
    node: Annotated[NodeFields, Meta(description="Everything else of the nodes; `owner` may say `{name}`.")] = (
        NodeFields()
    )


class LinkTable(_Table, frozen=True, kw_only=True):
    """`[[link]]`: what is special between two groups of nodes, always."""

    between: Annotated[tuple[str, str] | None, Meta(description="Two selectors, either way.")] = None
    source: Annotated[str, Meta(description="Selector; with `to`, only pings that way.")] = msgspec.field(
        default="", name="from"
    )
    target: Annotated[str, Meta(description="Selector.")] = msgspec.field(default="", name="to")
    latency_ms: Annotated[Milliseconds | None, Meta(description="Round trip of the direct path, all included.")] = None
    add_ms: Annotated[Milliseconds, Meta(description="Added to every round trip.")] = 0.0
    jitter_ms: Annotated[Milliseconds, Meta(description="Spread added to every round trip.")] = 0.0
    loss: Annotated[Share, Meta(description="Share of pings that get lost.")] = 0.0
    blocked: Annotated[bool, Meta(description="Nothing gets through.")] = False
    relayed: Annotated[bool, Meta(description="No direct path: peer relay or DERP.")] = False
    traffic_kbps: Annotated[
        float, Meta(ge=0, le=1e7, description="What they say to each other all the time: status shows them active.")
    ] = 0.0


class EventTable(_Table, frozen=True, kw_only=True):
    """`[[event]]`: something that happens at a time."""

    kind: Annotated[EventKind, Meta(description="What happens; see below for what each needs.")]
    at: Annotated[Seconds, Meta(description="When, from the start.")]
    lasts: Annotated[
        Annotated[float, Meta(ge=0.1, le=1e9)] | None, Meta(description="Until it is undone; unset = for good.")
    ] = msgspec.field(default=None, name="for")
    every: Annotated[
        Annotated[float, Meta(ge=0.1, le=1e9)] | None, Meta(description="Again after so long, for ever.")
    ] = None
    between: Annotated[tuple[str, str] | None, Meta(description="Two selectors, either way.")] = None
    source: Annotated[str, Meta(description="Selector of the pinging side.")] = msgspec.field(default="", name="from")
    target: Annotated[str, Meta(description="Selector of the pinged side.")] = msgspec.field(default="", name="to")
    on: Annotated[str, Meta(description="Selector of the nodes it happens to.")] = ""
    add_ms: Annotated[Milliseconds, Meta(description="For `latency`.")] = 0.0
    loss: Annotated[Share, Meta(description="For `loss`.")] = 0.0
    nat: Annotated[Nat | Literal[""], Meta(description="For `nat`.")] = ""
    region: Annotated[str, Meta(description="For `home-region`: a code.")] = ""
    state: Annotated[State | Literal[""], Meta(description="For `backend-state`.")] = ""
    text: Annotated[str, Meta(description="For `health`.")] = ""


class ScenarioFile(_Table, frozen=True, kw_only=True):
    """The whole file."""

    tailnet: TailnetTable
    user: tuple[UserTable, ...] = ()
    region: Annotated[tuple[RegionTable, ...], Meta(min_length=1)]
    site: Annotated[tuple[SiteTable, ...], Meta(min_length=1)]
    node: tuple[NodeTable, ...] = ()
    generate: tuple[GenerateTable, ...] = ()
    link: tuple[LinkTable, ...] = ()
    event: tuple[EventTable, ...] = ()


EVENT_NEEDS: dict[str, tuple[str, ...]] = {
    "link-cut": ("between",),
    "one-way-cut": ("from", "to"),
    "relay-flip": ("between",),
    "latency": ("between|on", "add_ms"),
    "loss": ("between|on", "loss"),
    "udp-blocked": ("on",),
    "nat": ("on", "nat"),
    "key-expired": ("on",),
    "node-added": ("on",),
    "node-removed": ("on",),
    "daemon-stopped": ("on",),
    "daemon-started": ("on",),
    "socket-closed": ("on",),
    "socket-opened": ("on",),
    "node-offline": ("on",),
    "node-online": ("on",),
    "home-region": ("on", "region"),
    "backend-state": ("on", "state"),
    "health": ("on", "text"),
}
"""The keys each kind of event needs; `a|b` = one of the two."""

EVENT_MEANINGS: dict[str, str] = {
    "link-cut": "Nothing gets through between them, by no path.",
    "one-way-cut": "Pings from the one to the other stay unanswered; the other way all is well.",
    "relay-flip": "Their direct path is lost: they fall back to a peer relay or DERP.",
    "latency": "Round trips take longer, between two groups or to and from one.",
    "loss": "Pings get lost, between two groups or to and from one.",
    "udp-blocked": "No UDP leaves these nodes' site for them.",
    "nat": "The NAT in front of them is another kind.",
    "key-expired": "Their node keys expire: they log out, and peers refuse them.",
    "node-added": "Control learns of a node that did not exist before.",
    "node-removed": "Control forgets a node.",
    "daemon-stopped": "tailscaled stops: its socket refuses, peers get no answer, control sees it offline.",
    "daemon-started": "tailscaled runs again.",
    "socket-closed": "Only its LocalAPI is gone: the socket refuses, the node lives on.",
    "socket-opened": "Its LocalAPI answers again.",
    "node-offline": "The machine is switched off.",
    "node-online": "The machine is switched on.",
    "home-region": "They move to another DERP region.",
    "backend-state": "Their daemon changes state, such as `Stopped` or `NeedsLogin`.",
    "health": "Their daemon shows a warning.",
}

UNDOES: dict[str, str] = {
    "node-added": "node-removed",
    "daemon-started": "daemon-stopped",
    "socket-opened": "socket-closed",
    "node-online": "node-offline",
}
"""Events that end another kind; they take no `for`."""
