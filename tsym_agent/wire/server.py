"""A small HTTP/1.1 server for one handler, on asyncio and h11.

It stands in front of strangers, so everything a client can send is bounded: the header block, the body, the time for
each, the bytes read ahead, the number of connections. One task serves one connection and runs the handler itself, so a
client that leaves cancels its handler, and a closed server leaves no task behind. What it leaves out on purpose:
routing, compression, TLS, upgrades.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import stat
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tsym_agent.wire.exchange import DEFAULT_LIMITS, Handler, Limits

if TYPE_CHECKING:
    from tsym_agent.wire.server_connection import ServerConnection


class Server:
    """A listening server; made by `serve_unix` and `serve_tcp`."""

    def __init__(self, handler: Handler, limits: Limits) -> None:
        self.handler = handler
        self.limits = limits
        self.is_closing = False
        self._connections: set[ServerConnection] = set()
        self._emptied = asyncio.Event()
        self._listener: asyncio.Server | None = None
        self._socket_file: tuple[Path, int] | None = None

    @property
    def connections(self) -> int:
        """Clients connected now."""
        return len(self._connections)

    @property
    def port(self) -> int:
        """The TCP port it listens on."""
        sockets = self._listener.sockets if self._listener else ()
        return int(sockets[0].getsockname()[1])

    def admit(self, connection: ServerConnection) -> bool:
        """Count a new client; False when there are too many.

        A client that says nothing has to go for one that may: else a stranger who opens connections, and opens them
        again as they time out, would keep everybody else out.
        """
        if len(self._connections) >= self.limits.connections and not self._make_room():
            return False
        self._connections.add(connection)
        return True

    def _make_room(self) -> bool:
        """Cut off the client that has been waited for the longest, at the address that has the most of them."""
        waiting = [connection for connection in self._connections if connection.is_waiting]
        if not waiting:
            return False
        count = Counter(connection.address for connection in waiting)
        idlest = max(waiting, key=lambda connection: (count[connection.address], -connection.waiting_since_s))
        self._connections.discard(idlest)
        idlest.abort()
        return True

    def forget(self, connection: ServerConnection) -> None:
        """Stop counting a client."""
        self._connections.discard(connection)
        if not self._connections:
            self._emptied.set()

    async def close(self, *, grace_s: float = 0.0, keep_socket_file: bool = False) -> None:
        """Stop listening, let running handlers finish for `grace_s`, then cancel them.

        With `keep_socket_file` a unix socket stays in its folder and refuses connections, as after a crash.
        """
        self.is_closing = True
        if self._listener is not None:
            await _stop_listening(self._listener)
        if self._socket_file is not None and not keep_socket_file:
            _remove_socket(*self._socket_file)
        left = tuple(self._connections)
        self._emptied.clear()
        for connection in left:
            connection.finish()
        if left and grace_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied.wait(), grace_s)
        tasks = [connection.task for connection in left if connection.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for connection in left:
            connection.abort()
        if self._listener is not None:
            await self._listener.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()


def _connection(server: Server) -> ServerConnection:
    """Make what serves one client. Its parsers are read in with the first: a port is open sooner without them."""
    from tsym_agent.wire.server_connection import ServerConnection

    return ServerConnection(server)


async def _stop_listening(listener: asyncio.Server) -> None:
    """Close a listener without losing a client that was accepted in this very turn of the loop.

    asyncio drops such a connection without closing it, and its client waits for ever: python/cpython issue 109564. Once
    that is mended in every Python we run on, closing the listener is enough.
    """
    loop = asyncio.get_running_loop()
    for sock in listener.sockets:
        loop.remove_reader(sock.fileno())
    await asyncio.sleep(0)
    listener.close()


async def serve_unix(
    path: Path | str, handler: Handler, *, limits: Limits = DEFAULT_LIMITS, mode: int = 0o600, backlog: int = 128
) -> Server:
    """Listen on a unix socket with the given file mode.

    A dead socket file in the way is replaced. A living one, or anything that is no socket, raises `OSError`.
    """
    path = Path(path)
    server = Server(handler, limits)
    listener = bind_unix(path, mode=mode)
    listener.setblocking(False)
    try:
        server._socket_file = (path, path.stat().st_ino)  # noqa: SLF001 - this module is its factory
        server._listener = await _listen(server, listener, backlog)  # noqa: SLF001 - as above
    except BaseException:  # a cancelled start, too, leaves no open socket
        listener.close()
        raise
    return server


async def _listen(server: Server, listener: socket.socket, backlog: int) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    # From 3.13 on asyncio would remove the socket file, which is ours to decide.
    options: dict[str, bool] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
    return await loop.create_unix_server(
        lambda: _connection(server),
        sock=listener,
        backlog=backlog,
        **options,  # type: ignore[arg-type]  # the option is unknown to the types of our floor, Python 3.11
    )


async def serve_tcp(
    host: str, port: int, handler: Handler, *, limits: Limits = DEFAULT_LIMITS, backlog: int = 128
) -> Server:
    """Listen on a TCP address; port 0 takes a free one, see `Server.port`."""
    server = Server(handler, limits)
    loop = asyncio.get_running_loop()
    server._listener = await loop.create_server(  # noqa: SLF001 - this module is its factory
        lambda: _connection(server), host, port, backlog=backlog
    )
    return server


def bind_unix(path: Path, *, mode: int = 0o600) -> socket.socket:
    """Make a unix socket file that nobody listens on yet: connecting to it is refused.

    Raises `OSError` when something else holds the path. A dead socket file is replaced in one step, so that a client
    never finds nothing there.
    """
    is_taken = _is_dead_socket(path)
    place = path.with_name(f".{path.name}~") if is_taken else path
    if is_taken:
        place.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(place))
        place.chmod(mode)  # before listen, so nobody connects under the umask's mode
        if is_taken:
            place.replace(path)
    except BaseException:  # whatever it was: the socket is not handed over, so nobody else would close it
        listener.close()
        raise
    return listener


def _is_dead_socket(path: Path) -> bool:
    """Whether a socket file nobody listens on is at a path; raise when something that may not be replaced is."""
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(kind):
        raise FileExistsError(errno.EEXIST, "in the way and not a socket", str(path))
    if is_listening(path):
        raise OSError(errno.EADDRINUSE, "somebody listens there already", str(path))
    return True


def is_listening(path: Path) -> bool:
    """Tell whether somebody accepts connections on a unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(1.0)
        try:
            caller.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True  # full backlog, no permission: somebody's, in any case
    return True


def _remove_socket(path: Path, inode: int) -> None:
    with contextlib.suppress(OSError):
        if path.lstat().st_ino == inode:
            path.unlink()
