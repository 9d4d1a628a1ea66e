"""A small agent on a node of its own: `python -m tests.lab.own_agent STATE_DIR NAME CONTROL_URL`, key in TS_AUTHKEY.

It answers who called, as its own node knows it, and `/dial/HOST/PORT` with what it gets there by way of its node. Its
first line of output is one JSON object with the addresses of its node.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from tsym_agent.control.secrets import Secret
from tsym_agent.tailscaled.errors import TailscaledError
from tsym_agent.tailscaled.node import NodeOptions, OwnNode
from tsym_agent.wire.client import HttpClient
from tsym_agent.wire.errors import WireError
from tsym_agent.wire.exchange import Request, Response
from tsym_agent.wire.server import serve_tcp

PORT = 3621


async def serve(node: OwnNode) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await node.start()
    local = node.local_client()

    async def answer(request: Request) -> Response:
        if request.path.startswith("/dial/"):
            _, _, host, port = request.path.split("/")
            return Response.text(200, await fetch_by(node, host, int(port)))
        caller = await local.who_is("{}:{}".format(*request.remote or ("", 0)), "tcp")
        return Response.text(200, caller.node.name)

    try:
        async with await serve_tcp("127.0.0.1", PORT, answer):
            print(json.dumps({"addresses": node.addresses, "daemon": node.pid}), flush=True)
            await ended.wait()
    finally:
        await local.aclose()
        await node.stop()


async def fetch_by(node: OwnNode, host: str, port: int) -> str:
    client = HttpClient(node.opener(host, port), host_header="x")
    try:
        return bytes((await client.request("GET", "/")).body).decode()
    except WireError as error:
        return f"{type(error).__name__}: {error}"
    finally:
        await client.aclose()


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(folder: str, name: str, control_url: str) -> int:
    options = NodeOptions(
        state_dir=Path(folder), hostname=name, control_url=control_url, auth_key=Secret(os.environ["TS_AUTHKEY"]),
        say=_print, hear=_print, login_deadline_s=30.0,
    )  # fmt: skip
    try:
        asyncio.run(serve(OwnNode(options)))
    except TailscaledError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
