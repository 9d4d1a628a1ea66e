"""The lab's network: an internet, routers that translate addresses, and hosts behind them, each a namespace.

    internet  bridge br0 on 10.99.0.0/24, with the addresses of the control server and the relays
    router    eth0 on the internet, bridge br1 on its own 192.168.x.0/24
    host      eth0 on a router's bridge, or straight on the internet

The internet uses private addresses on purpose: a tailscale client retries a plain-http control server over https
unless its address is private. 100.64.0.0/10 would not do either: nodes ignore such addresses as their own.
"""

import enum
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .requirements import LabError

NAMESPACES = Path("/run/netns")


class Nat(enum.StrEnum):
    """How a router translates what its hosts send."""

    EASY = "easy"
    """One outside port per inside port, whoever is spoken to: peers can be told where to reach it."""
    HARD = "hard"
    """A new outside port for each destination: nobody can be told in advance."""
    UDP_BLOCKED = "udp-blocked"
    """TCP leaves, UDP does not."""


class Traffic(enum.StrEnum):
    """What a cut host loses."""

    ALL = "all"
    UDP = "udp"


@dataclass(frozen=True)
class Namespace:
    """One network namespace, by its name."""

    name: str

    @classmethod
    def all_names(cls) -> list[str]:
        return sorted(path.name for path in NAMESPACES.iterdir()) if NAMESPACES.is_dir() else []

    def create(self) -> None:
        _run(["ip", "netns", "add", self.name])
        self.ip("link set lo up")

    @property
    def exists(self) -> bool:
        return (NAMESPACES / self.name).exists()

    def delete(self) -> None:
        """Remove it with its devices and rules, if it is still there; what runs inside must have ended."""
        try:
            _run(["ip", "netns", "delete", self.name])
        except LabError:
            if self.exists:
                raise  # else another sweeper was quicker

    def wrap(self, argv: Sequence[str]) -> list[str]:
        """Return the command line that runs `argv` inside, in the same process id."""
        return ["ip", "netns", "exec", self.name, *argv]

    def run(self, *argv: str, text_in: str | None = None) -> str:
        """Run a short command inside and return what it printed."""
        return _run(self.wrap(argv), text_in)

    def ip(self, *commands: str) -> None:
        _run(["ip", "-n", self.name, "-batch", "-"], "\n".join(commands))

    def nft(self, rules: str) -> None:
        self.run("nft", "-f", "-", text_in=rules)

    def set_kernel(self, key: str, value: int) -> None:
        """Set one `net.` switch of the kernel inside, if this kernel has it."""
        path = "/proc/sys/" + key.replace(".", "/")
        self.run("sh", "-c", f"[ ! -e {path} ] || echo {value} >{path}")

    def processes(self) -> list[int]:
        """Return the process ids inside; none when it does not exist."""
        listed = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=False)
        return [int(pid) for pid in listed.stdout.split()]

    def is_idle(self) -> bool:
        return not self.processes()

    def accepts(self, address: str, port: int) -> bool:
        """Whether a TCP connection made inside to address:port is accepted within two seconds."""
        connect = self.wrap(["timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}"])
        return subprocess.run(connect, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Router:
    namespace: Namespace
    lan: str
    """First three numbers of its private network."""


@dataclass(frozen=True)
class Host:
    namespace: Namespace
    address: str
    outer: Namespace
    """Where the other end of its cable is: its router, or the internet."""
    cable: str
    """That end's device."""

    @property
    def number(self) -> int:
        """Last number of its address, which no other host of the lab has."""
        return int(self.address.rpartition(".")[2])


class Network:
    """All namespaces of one lab."""

    def __init__(self, lab: str, internet_addresses: Sequence[str]) -> None:
        self._lab = lab
        self.routers: dict[str, Router] = {}
        self.hosts: dict[str, Host] = {}
        self.internet = self._made("wan")
        _add_bridge(self.internet, "br0")
        self.internet.ip(*[f"addr add {address}/24 dev br0" for address in internet_addresses])
        self.internet.set_kernel("net.bridge.bridge-nf-call-iptables", 0)

    def add_router(self, name: str, nat: Nat) -> None:
        number = len(self.routers) + 11
        router = Router(self._made(name), f"192.168.{number}")
        self._plug_into_internet(name, router.namespace, f"10.99.0.{number}")
        _add_bridge(router.namespace, "br1")
        router.namespace.ip(f"addr add {router.lan}.1/24 dev br1")
        router.namespace.set_kernel("net.ipv4.ip_forward", 1)
        router.namespace.set_kernel("net.bridge.bridge-nf-call-iptables", 0)
        self.routers[name] = router
        self.set_nat(name, nat)

    def set_nat(self, router: str, nat: Nat) -> None:
        """Change how a router translates, from the next flow on (`forget_flows` for those that exist)."""
        self.routers[router].namespace.nft(_nat_rules(nat))

    def forget_flows(self, router: str) -> None:
        """Make a router forget every translation it holds."""
        self.routers[router].namespace.run("conntrack", "-F")

    def add_host(self, name: str, router: str | None) -> Host:
        """Add a host behind a router, or with an address of its own on the internet for None."""
        namespace = self._made(name)
        number = _lowest_free({host.number for host in self.hosts.values()})
        if router is None:
            address = f"10.99.0.{number}"
            self._plug_into_internet(name, namespace, address)
            host = Host(namespace, address, self.internet, f"p-{name}")
        else:
            outer, lan = self.routers[router].namespace, self.routers[router].lan
            address = f"{lan}.{number}"
            _cable(namespace, address, outer, f"l-{name}", "br1")
            namespace.ip(f"route add default via {lan}.1")
            host = Host(namespace, address, outer, f"l-{name}")
        self.hosts[name] = host
        return host

    def remove_host(self, name: str) -> None:
        """Remove a host, cable first: the kernel takes namespaces down later, and the name may come again at once."""
        host = self.hosts.pop(name)
        host.outer.ip(f"link delete {host.cable}")
        host.namespace.delete()

    @contextmanager
    def cut(self, host: str, traffic: Traffic) -> Iterator[None]:
        """Drop a host's traffic silently, both ways, at the far end of its cable: the host sees nothing fail."""
        cable, outer = self.hosts[host].cable, self.hosts[host].outer
        what = "" if traffic is Traffic.ALL else "meta l4proto udp"
        outer.nft(f"""
            table bridge cut-{host} {{
                chain sent {{ type filter hook prerouting priority 0; iifname "{cable}" {what} drop; }}
                chain got {{ type filter hook postrouting priority 0; oifname "{cable}" {what} drop; }}
            }}""")
        try:
            yield
        finally:
            outer.nft(f"delete table bridge cut-{host}")

    def _made(self, name: str) -> Namespace:
        namespace = Namespace(f"{self._lab}-{name}")
        namespace.create()
        return namespace

    def _plug_into_internet(self, name: str, namespace: Namespace, address: str) -> None:
        _cable(namespace, address, self.internet, f"p-{name}", "br0")


def _add_bridge(namespace: Namespace, name: str) -> None:
    """Add a bridge with a fixed hardware address.

    Without one it takes the lowest of its ports', so a new host could change it, and all others would go on sending to
    the old one until their neighbour entries expire.
    """
    namespace.ip(f"link add {name} address 02:00:00:00:00:01 type bridge", f"link set {name} up")


def _cable(inner: Namespace, address: str, outer: Namespace, outer_device: str, bridge: str) -> None:
    """Connect `eth0` of a namespace to a bridge; its hardware address follows from its IP, so it may come back."""
    hardware = "02:00:" + ":".join(f"{int(number):02x}" for number in address.split("."))
    _run(["ip", "link", "add", "eth0", "netns", inner.name, "type", "veth",
          "peer", "name", outer_device, "netns", outer.name])  # fmt: skip  # one command, two lines
    outer.ip(f"link set {outer_device} master {bridge} up")
    inner.ip(f"link set eth0 address {hardware} up", f"addr add {address}/24 dev eth0")


def _nat_rules(nat: Nat) -> str:
    """Rules for nft, replacing what was there.

    New flows from outside are dropped in `input` too: answered there, an early probe from a peer would leave an
    entry that takes the port away from the host's own flow, and an easy NAT would look hard.
    """
    masquerade = "masquerade fully-random" if nat is Nat.HARD else "masquerade"
    no_udp = 'oifname "eth0" meta l4proto udp drop;' if nat is Nat.UDP_BLOCKED else ""
    return f"""
        table ip nat-lab
        delete table ip nat-lab
        table ip nat-lab {{
            chain post {{ type nat hook postrouting priority 100; oifname "eth0" {masquerade}; }}
            chain inp {{ type filter hook input priority 0; iifname "eth0" ct state new drop; }}
            chain forw {{ type filter hook forward priority 0; iifname "eth0" ct state new drop; {no_udp} }}
        }}"""


def _lowest_free(taken: set[int]) -> int:
    return next(number for number in range(20, 250) if number not in taken)


def _run(argv: Sequence[str], text_in: str | None = None) -> str:
    done = subprocess.run(argv, input=text_in or "", capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"{' '.join(argv)} exited with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
