"""What agents are measured against, each a process of its own.

`python -m tests.bench.upstream daemon SOCKET PEERS` is a light fake daemon; `… relay SOCKET` passes bytes between a TCP
port and a socket by hand, the least a proxy could cost. Both print a line when they listen, the relay's is its port,
and end when stdin closes.
"""

from __future__ import annotations

import asyncio
import sys

from tests.bench.payloads import status_body

SMALL = b'{"WantRunning":true,"Hostname":"' + b"h" * 1900 + b'","Config":{"NodeID":"n1"}}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTailscale-Version: 1.102.3\r\n"


def _sized(body: bytes) -> bytes:
    return _HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def _chunked(body: bytes) -> bytes:
    """Return an answer as Go writes those it does not know the length of."""
    pieces = (body[at : at + 32768] for at in range(0, len(body), 32768))
    return (
        _HEAD
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces)
        + b"0\r\n\r\n"
    )


class Daemon(asyncio.Protocol):
    """Answers by the name of the endpoint."""

    answers: dict[bytes, bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._incoming = b""

    def data_received(self, data: bytes) -> None:
        self._incoming += data
        while b"\r\n\r\n" in self._incoming:
            head, _, self._incoming = self._incoming.partition(b"\r\n\r\n")
            name = head.split(b" ")[1].removeprefix(b"/localapi/v0/").partition(b"?")[0]
            self._transport.write(self.answers.get(name, _sized(b"{}")))


def answers(peers: int) -> dict[bytes, bytes]:
    """Return what a daemon of a tailnet of so many peers says."""
    return {
        b"prefs": _sized(SMALL),
        b"status": _chunked(status_body(peers)),
        b"watch-ipn-bus": _HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
    }


class Relay(asyncio.Protocol):
    """Passes bytes between a client and the socket."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._client = transport
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> asyncio.Transport:
        client = self._client

        class Back(asyncio.Protocol):
            def data_received(self, data: bytes) -> None:
                client.write(data)

        transport, _ = await asyncio.get_running_loop().create_unix_connection(Back, self._socket)
        return transport

    def data_received(self, data: bytes) -> None:
        if self._opening.done():
            self._opening.result().write(data)
        else:
            self._opening.add_done_callback(lambda opening: opening.result().write(data))


async def _serve(arguments: list[str]) -> None:
    loop = asyncio.get_running_loop()
    if arguments[0] == "daemon":
        Daemon.answers = answers(int(arguments[2]))
        server = await loop.create_unix_server(Daemon, arguments[1])
        print("listening", flush=True)
    else:
        server = await loop.create_server(lambda: Relay(arguments[1]), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
