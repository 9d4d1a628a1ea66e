"""Many light agents in one process of their own: `python -m tests.bench.fleet_agents AGENTS PEERS EVERY_S`.

They speak the true wire format: hello, a watch stream that begins with the slim status and goes on with one delta every
EVERY_S seconds, and status with an ETag of what is no counter. Prints their ports, one line, when all listen; ends when
stdin closes.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncGenerator

import msgspec

from tests.bench.payloads import status_body
from tsym_agent.model.hello import AgentMode, AgentWord, Caller, DaemonWord, Hello, May
from tsym_agent.model.hosts import Rights
from tsym_agent.model.watch import Delta, Snapshot
from tsym_agent.server.essence import slim_status
from tsym_agent.wire.exchange import Reply, Request, Response, StreamingResponse
from tsym_agent.wire.server import Server, serve_tcp

AT = "2026-11-01T12:00:00Z"
ACTIVE = 50
"""Peers that a host talks to; the others are idle, as in any tailnet of that size."""
CHANGED = 3
"""Peers in a delta."""

Peer = dict[str, object]


class World:
    """What all agents have in common: the peers, each as bytes."""

    def __init__(self, peers: int) -> None:
        status = msgspec.json.decode(status_body(peers), type=dict[str, object])
        found = status.pop("Peer")
        assert isinstance(found, dict)
        self.top = status
        self.peers: dict[str, Peer] = {
            key: peer | ({"CurAddr": "", "Active": False} if number >= ACTIVE else {"Active": True})
            for number, (key, peer) in enumerate(found.items())
        }
        self.keys = list(self.peers)


class Agent:
    """One of them: another node of the tailnet, whose peers change one by one."""

    def __init__(self, world: World, number: int, every_s: float) -> None:
        self._world = world
        self._number = number
        self._every_s = every_s
        own = dict(world.peers[world.keys[number]])
        self._top = world.top | {"Self": own, "TailscaleIPs": own["TailscaleIPs"]}
        self._turns = itertools.count(number)
        self._changes = 0
        self._peers = {key: peer for key, peer in world.peers.items() if key != world.keys[number]}
        self._keys = list(self._peers)
        self._body: bytes | None = None
        self.polls = self.unchanged = 0
        self.refuses = False

    async def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        match request.path if not (self.refuses and request.path == "/v1/watch") else "":
            case "/v1/hello":
                return _json(msgspec.json.encode(_HELLO))
            case "/v1/watch":
                return StreamingResponse(self._watch(), headers=(("Content-Type", "application/x-ndjson"),))
            case "/localapi/v0/status":
                return self._status(request)
            case "/localapi/v0/prefs":
                return _json(b'{"ControlURL": "https://controlplane.tailscale.com"}')
            case "/localapi/v0/tka/status":
                return _json(b'{"Enabled": false}')
        return Response.text(404, "404 page not found")

    def _status(self, request: Request) -> Reply:
        self.polls += 1
        tag = f'W/"{self._number}-{self._changes}"'
        if request.header("if-none-match") == tag:
            self.unchanged += 1
            return Response(304, b"", (("Etag", tag),))
        if request.query.get("peers") == "false":
            return _json(msgspec.json.encode(self._top | {"Peer": None}))
        self._body = self._body or msgspec.json.encode(self._top | {"Peer": self._peers})
        return _json(self._body, ("Etag", tag))

    async def _watch(self) -> AsyncGenerator[bytes, None]:
        slim = slim_status(msgspec.json.encode(self._top | {"Peer": self._peers}))
        yield _line(Snapshot(seq=0, at=AT, status=msgspec.Raw(slim.body()), rights=Rights.READ, control_url=""))
        del slim
        await asyncio.sleep(self._every_s * (self._number % 100) / 100)
        for number in itertools.count(1):
            await asyncio.sleep(self._every_s)
            changed = {key: msgspec.Raw(msgspec.json.encode(_slim(peer))) for key, peer in self.change().items()}
            yield _line(Delta(seq=number, at=AT, peers=changed))

    def change(self) -> dict[str, Peer]:
        """Let something happen: a peer goes on or off line, another is reached by another way, a third moves home."""
        self._changes += 1
        self._body = None
        turn = next(self._turns) * 7919
        # who is on line is seen by all hosts alike, so they tell of the same peers; paths are each host's own
        shared = self._keys[self._changes * CHANGED % len(self._keys)]
        own = self._keys[turn % ACTIVE]
        moved = self._keys[(self._changes * CHANGED + 1) % len(self._keys)]
        flips: dict[str, Peer] = {
            shared: {"Online": self._changes % 2 == 0},
            moved: {"Relay": "nyc" if self._changes % 2 else "fra"},
            own: {"CurAddr": f"192.0.2.{turn % 250 + 1}:{41641 + self._changes % 3}", "Active": True},
        }
        for key, flip in flips.items():
            self._peers[key] = self._peers[key] | flip
        return {key: self._peers[key] for key in flips}


_HELLO = Hello(
    agent=AgentWord(version="0.4.0", mode=AgentMode.DEV, started_at=AT),
    daemon=DaemonWord(version="1.102.3", state="Running", rights=Rights.READ),
    you=Caller(id="", name="bench"),
    may=May(commands=("*",)),
    features=("watch", "etag"),
)
_LEFT_OUT = ("RxBytes", "TxBytes", "LastWrite", "LastHandshake", "Created", "CapMap", "PeerAPIURL")


def _slim(peer: Peer) -> Peer:
    return {name: value for name, value in peer.items() if name not in _LEFT_OUT and value}


def _json(body: bytes, *headers: tuple[str, str]) -> Response:
    return Response(200, body, (("Content-Type", "application/json"), *headers))


def _line(value: msgspec.Struct) -> bytes:
    return msgspec.json.encode(value) + b"\n"


async def _serve(agents: int, peers: int, every_s: float, *, polled: bool) -> None:
    world = World(peers)
    made = [Agent(world, number, every_s) for number in range(agents)]
    for agent in made:
        agent.refuses = polled
    servers: list[Server] = [await serve_tcp("127.0.0.1", 0, agent) for agent in made]
    print(" ".join(str(server.port) for server in servers), flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), ended.set)
    while polled and not ended.is_set():
        for agent in made:
            agent.change()
        try:
            async with asyncio.timeout(every_s):
                await ended.wait()
        except TimeoutError:
            continue
    await ended.wait()
    for server in servers:
        await server.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), polled="--polled" in sys.argv))
