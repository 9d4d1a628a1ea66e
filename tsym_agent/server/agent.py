"""The agent as a process: serves until it is told to end.

With `--dev` the port opens first and what answers is imported after: whoever starts an agent finds the port open
sooner, and waits for the first answer only.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack

from tsym_agent.exits import Exit
from tsym_agent.server.memory import keep_freed_memory
from tsym_agent.server.options import Options
from tsym_agent.server.telling import CannotStandError, notify, say
from tsym_agent.wire.exchange import Handler, Reply, Request
from tsym_agent.wire.server import Server, serve_tcp

LOOPBACK = "127.0.0.1"


async def run_agent(options: Options, env: Mapping[str, str] = os.environ) -> Exit:
    """Serve until SIGTERM or SIGINT; return how it ended."""
    keep_freed_memory()
    told_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_end.set)
    standing = loop.create_task(_stand(options, env), name="agent")
    waiting = loop.create_task(told_to_end.wait(), name="signals")
    try:
        await asyncio.wait({standing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if told_to_end.is_set():
            notify(env, "STOPPING=1")
            say("told to end")
    finally:
        for task in (standing, waiting):
            task.cancel()
        await asyncio.wait({standing, waiting})
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return Exit.OK if standing.cancelled() else standing.result()


async def _stand(options: Options, env: Mapping[str, str]) -> Exit:
    """Stand until cancelled; return only with what makes standing impossible."""
    try:
        async with AsyncExitStack() as stack:
            if options.dev:
                await _stand_on_loopback(options, env, stack)
            from tsym_agent.server.standing import Standing

            await Standing(options, env).stand(stack)
    except CannotStandError as error:
        say(str(error))
        return error.code
    return Exit.BUG


async def _stand_on_loopback(options: Options, env: Mapping[str, str], stack: AsyncExitStack) -> None:
    """Answer everybody on this machine, for ever."""
    curtain = _Curtain()
    server = await _open(options.port, curtain)
    stack.push_async_callback(server.close, grace_s=1.0)
    from tsym_agent.server.standing import Standing

    curtain.rise((await Standing(options, env).serve_anybody(stack)).handle)
    say(
        f"DEVELOPMENT MODE on http://{LOOPBACK}:{server.port}: nobody is asked who they are; every program and every "
        "user of this machine can see what its tailscaled sees"
    )
    notify(env, "READY=1")
    await asyncio.Event().wait()


async def _open(port: int, handler: Handler) -> Server:
    try:
        return await serve_tcp(LOOPBACK, port, handler)
    except OSError as error:
        from tsym_agent.server.listen import explain

        raise CannotStandError(f"cannot listen on {LOOPBACK}:{port}: {explain(error)}") from error


class _Curtain:
    """Stands before a handler that is not there yet; requests wait until it rises."""

    def __init__(self) -> None:
        self._handler: Handler | None = None
        self._risen = asyncio.Event()

    def rise(self, handler: Handler) -> None:
        """Let requests through."""
        self._handler = handler
        self._risen.set()

    async def __call__(self, request: Request) -> Reply:
        """Answer as the handler does."""
        while self._handler is None:
            await self._risen.wait()
        return await self._handler(request)
