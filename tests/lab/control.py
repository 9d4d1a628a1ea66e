"""The lab's control plane: headscale, and two relay servers (DERP and STUN) on the internet.

Two relay regions on two addresses are needed, not one: a node learns that its NAT is hard by comparing what two
STUN servers saw.
"""

import json
import signal
from dataclasses import dataclass
from pathlib import Path

from . import tools
from .netns import Namespace
from .programs import Program, ProgramError, run, wait_until

CONTROL_ADDRESS = "10.99.0.1"
SERVER_URL = f"http://{CONTROL_ADDRESS}:8080"
BASE_DOMAIN = "lab.internal"
RELAY_TAG = "tag:relay"
AGENT_TAG = "tag:tsymbiote-adapter"
VIEWER_TAG = "tag:tsymbiote-webui"
Grant = dict[str, object]
START_DEADLINE_S = 30.0


@dataclass(frozen=True)
class Region:
    """One DERP region with one server."""

    number: int
    code: str
    address: str


REGIONS = (Region(901, "lab1", CONTROL_ADDRESS), Region(902, "lab2", "10.99.0.2"))


class DerpServer:
    """One derper, with a certificate it makes for its own address."""

    def __init__(self, region: Region, internet: Namespace, folder: Path) -> None:
        self._region = region
        self._internet = internet
        certificates = folder / f"{region.code}-certificates"
        certificates.mkdir()
        derper = tools.ensure(tools.TAILSCALE) / "derper"
        argv = [derper, "-a", f"{region.address}:443", "-hostname", region.address, "-home", "blank",
                "-http-port", "-1", "-stun-port", "3478", "-certmode", "manual", "-certdir", certificates,
                "-c", folder / f"{region.code}.key"]  # fmt: skip  # options beside their values
        self.program = Program(internet.wrap([str(part) for part in argv]), folder / f"{region.code}.log")

    def wait_ready(self) -> None:
        is_listening = lambda: self._internet.accepts(self._region.address, 443)  # noqa: E731  # used once
        wait_until(is_listening, f"DERP region {self._region.code}", START_DEADLINE_S, self.program)


class Headscale:
    """One headscale with its database, its policy file and the users it was given."""

    def __init__(self, internet: Namespace, folder: Path) -> None:
        self._folder = folder
        self._binary = tools.ensure(tools.HEADSCALE) / "headscale"
        self._config = folder / "headscale.yaml"
        self._user_ids: dict[str, int] = {}
        self._grants: list[Grant] = []
        self._config.write_text(_config(folder))
        (folder / "derp.yaml").write_text(_derp_map())
        self._write_policy()
        serve = [str(self._binary), "--config", str(self._config), "serve"]
        self.program = Program(internet.wrap(serve), folder / "headscale.log")

    def wait_ready(self) -> None:
        wait_until(self._answers, "headscale to answer", START_DEADLINE_S, self.program)

    def command(self, *words: str) -> str:
        """Run one headscale command; it speaks to the server's unix socket, so it runs outside all namespaces."""
        return run([self._binary, "--config", self._config, *words])

    def auth_key(self, user: str | None, *more: str, tag: str = RELAY_TAG) -> str:
        """Mint a reusable key for nodes of this user (made if new), or of a tag for None; `more`: as `--ephemeral`."""
        owner = ["--tags", tag] if user is None else ["--user", str(self._user_id(user))]
        minted = self.command("preauthkeys", "create", *owner, "--reusable", "--expiration", "24h", *more, "-o", "json")
        return str(json.loads(minted)["key"])

    def api_key(self) -> str:
        """Mint a key for headscale's REST interface, which is at `SERVER_URL` inside the lab."""
        return self.command("apikeys", "create", "--expiration", "24h").strip()

    def tag(self, node_id: str, *tags: str) -> None:
        """Make a node belong to tags instead of its user."""
        self.command("nodes", "tag", "--identifier", node_id, "--tags", ",".join(tags))

    def nodes_named(self, name: str) -> list[str]:
        """IDs of the nodes with this host name."""
        nodes = json.loads(self.command("nodes", "list", "-o", "json")) or []
        return [str(node["id"]) for node in nodes if node["given_name"] == name]

    def expire(self, node_id: str) -> None:
        """Let a node's key expire now."""
        self.command("nodes", "expire", "--identifier", node_id)

    def delete(self, node_id: str) -> None:
        """Remove a node from the tailnet."""
        self.command("nodes", "delete", "--identifier", node_id, "--force")

    def allow_relay(self) -> None:
        """Grant everybody the use of peer relays that carry the relay tag."""
        self.grant({"src": ["*"], "dst": [RELAY_TAG], "app": {"tailscale.com/cap/relay": [{}]}})

    def grant(self, *grants: Grant) -> None:
        """Add grants to the policy."""
        self._grants += grants
        self._write_policy()
        self.program.signal(signal.SIGHUP)

    def _user_id(self, name: str) -> int:
        if name not in self._user_ids:
            self.command("users", "create", name)
            users = json.loads(self.command("users", "list", "-o", "json"))
            self._user_ids = {user["name"]: int(user["id"]) for user in users}
        return self._user_ids[name]

    def _answers(self) -> bool:
        try:
            self.command("users", "list")
        except ProgramError:
            return False
        return True

    def _write_policy(self) -> None:
        everybody: Grant = {"src": ["*"], "dst": ["*"], "ip": ["*"]}
        policy = {
            "tagOwners": {RELAY_TAG: [], AGENT_TAG: [], VIEWER_TAG: []},
            "grants": [everybody, *self._grants],
            "nodeAttrs": [{"target": ["*"], "attr": ["disable-captive-portal-detection"]}],
        }
        (self._folder / "policy.json").write_text(json.dumps(policy, indent=1))


def _config(folder: Path) -> str:
    """Write headscale's configuration; YAML is a superset of JSON, and every path is absolute."""
    config = {
        "server_url": SERVER_URL,
        "listen_addr": SERVER_URL.removeprefix("http://"),
        "metrics_listen_addr": "",
        "grpc_listen_addr": "127.0.0.1:50443",
        "noise": {"private_key_path": f"{folder}/noise.key"},
        "prefixes": {"v4": "100.64.0.0/10", "v6": "fd7a:115c:a1e0::/48", "allocation": "sequential"},
        "database": {"type": "sqlite", "sqlite": {"path": f"{folder}/db.sqlite", "write_ahead_log": True}},
        "unix_socket": f"{folder}/headscale.sock",
        "unix_socket_permission": "0770",
        "disable_check_updates": True,
        "logtail": {"enabled": False},
        "policy": {"mode": "file", "path": f"{folder}/policy.json"},
        "dns": {
            "magic_dns": True,
            "base_domain": BASE_DOMAIN,
            "override_local_dns": False,
            "nameservers": {"global": []},
            "search_domains": [],
        },
        "derp": {
            "server": {"enabled": False},
            "urls": [],
            "paths": [f"{folder}/derp.yaml"],
            "auto_update_enabled": False,
        },
        "node": {"expiry": 0, "ephemeral": {"inactivity_timeout": "70s"}},
        "log": {"level": "info", "format": "text"},
    }
    return json.dumps(config, indent=1)


def _derp_map() -> str:
    """Write the regions in YAML by hand: region numbers are integer keys, which JSON does not have."""
    lines = ["regions:"]
    for region in REGIONS:
        server = {
            "name": f"{region.number}a",
            "regionid": region.number,
            "hostname": region.address,
            "ipv4": region.address,
            "ipv6": "none",
            "derpport": 443,
            "insecurefortests": True,  # its certificate is one it made itself
        }
        about = {"regionid": region.number, "regioncode": region.code, "regionname": f"Lab region {region.code}"}
        lines.append(f"  {region.number}: {json.dumps(about | {'nodes': [server]})}")
    return "\n".join(lines) + "\n"
