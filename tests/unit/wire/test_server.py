"""The HTTP server on a real unix socket, spoken to in raw bytes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import stat
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import pytest

from tsym_agent.wire.exchange import DEFAULT_LIMITS, Handler, Limits, Reply, Request, Response, StreamingResponse
from tsym_agent.wire.server import Server, bind_unix, is_listening, serve_tcp, serve_unix

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def echo(request: Request) -> Reply:
    """Say what was asked."""
    return Response.text(200, f"{request.method} {request.path} {request.query} {request.body.decode()}")


async def nothing() -> Reply:
    """Wait for ever."""
    silence: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    return await silence


@asynccontextmanager
async def serving(
    tmp_path: Path, handler: Handler = echo, limits: Limits = DEFAULT_LIMITS
) -> AsyncGenerator[tuple[Server, Path], None]:
    path = tmp_path / "s"
    server = await serve_unix(path, handler, limits=limits)
    try:
        yield server, path
    finally:
        await server.close()


async def exchange(path: Path, *pieces: bytes) -> bytes:
    """Send pieces and return everything up to the end of the connection."""
    reader, writer = await asyncio.open_unix_connection(path)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def until(condition: Callable[[], bool], deadline_s: float = 5.0) -> None:
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - what is waited for belongs to the server
            await asyncio.sleep(0.001)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def test_answers_a_request_with_its_parts(tmp_path: Path) -> None:
    question = b"POST /a%20b?x=1&x=2&y= HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"
    async with serving(tmp_path) as (_, path):
        answer = await exchange(path, question)

    assert status_of(answer) == 200
    assert answer.endswith(b"POST /a b {'x': '1', 'y': ''} abc\n")


async def test_one_connection_serves_many_requests(tmp_path: Path) -> None:
    async with serving(tmp_path) as (server, path):
        reader, writer = await asyncio.open_unix_connection(path)
        for _ in range(3):
            writer.write(GET)
            await reader.readuntil(b"GET / {} \n")
        assert server.connections == 1
        writer.close()


async def test_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    questions = [f"GET /{n} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for n in range(5)]
    last = b"GET /5 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    async with serving(tmp_path) as (_, path):
        answer = await exchange(path, b"".join(questions) + last)

    places = [answer.index(f"GET /{n}".encode()) for n in range(6)]
    assert places == sorted(places)


async def test_requests_may_come_byte_by_byte(tmp_path: Path) -> None:
    question = (
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    async with serving(tmp_path) as (_, path):
        answer = await exchange(path, *(bytes([byte]) for byte in question))

    assert answer.endswith(b"abc\n")


async def test_head_has_the_headers_of_get_and_no_body(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, path):
        answer = await exchange(path, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert b"content-length: 11\r\n" in answer.lower()
    assert answer.endswith(b"\r\n\r\n")


async def test_head_of_a_stream_does_not_start_it(tmp_path: Path) -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x"

    async def stream(_: Request) -> Reply:
        return StreamingResponse(endless())

    async with serving(tmp_path, stream) as (_, path):
        answer = await exchange(path, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.endswith(b"\r\n\r\n")


async def test_answers_carry_a_date(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, path):
        answer = await exchange(path, b"GET / HTTP/1.0\r\n\r\n")

    assert b" GMT\r\n" in answer


@pytest.mark.parametrize(
    "question",
    [
        pytest.param(b"\x16\x03\x01 hello\r\n\r\n", id="not HTTP"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="no Host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two Hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", id="bad header"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\nA : b\r\n\r\n", id="space before colon"),
        pytest.param(b"GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n", id="bad target"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", id="negative length"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", id="two lengths"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="bad chunk"),
    ],
)
async def test_bad_requests_are_refused_with_400(tmp_path: Path, question: bytes) -> None:
    async with serving(tmp_path) as (_, path):
        answer = await exchange(path, question)

    assert status_of(answer) == 400
    assert b"connection: close" in answer.lower()


async def test_connect_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, path):
        answer = await exchange(path, b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n")

    assert status_of(answer) == 405


@pytest.mark.parametrize("is_one_packet", [True, False], ids=["at once", "in pieces"])
async def test_oversized_headers_are_refused_with_431(tmp_path: Path, is_one_packet: bool) -> None:
    question = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n"
    pieces = [question] if is_one_packet else [question[i : i + 500] for i in range(0, len(question), 500)]
    async with serving(tmp_path, limits=Limits(header_bytes=8_000)) as (_, path):
        answer = await exchange(path, *pieces)

    assert status_of(answer) == 431


@pytest.mark.parametrize(
    "framing",
    [b"Content-Length: 2000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n1E8480\r\n"],
    ids=["length", "chunk"],
)
async def test_oversized_bodies_are_refused_with_413(tmp_path: Path, framing: bytes) -> None:
    question = b"POST / HTTP/1.1\r\nHost: x\r\n" + framing + b"a" * 5_000
    async with serving(tmp_path, limits=Limits(body_bytes=1_000)) as (_, path):
        answer = await exchange(path, question)

    assert status_of(answer) == 413


async def test_slow_headers_are_refused_with_408(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(header_timeout_s=0.05)) as (_, path):
        answer = await exchange(path, b"GET / HTTP/1.1\r\nHost:")

    assert status_of(answer) == 408


async def test_slow_bodies_are_refused_with_408(tmp_path: Path) -> None:
    question = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
    async with serving(tmp_path, limits=Limits(body_timeout_s=0.05)) as (_, path):
        answer = await exchange(path, question)

    assert status_of(answer) == 408


async def test_idle_connections_are_closed_without_a_word(tmp_path: Path) -> None:
    async with serving(tmp_path, limits=Limits(idle_timeout_s=0.05)) as (_, path):
        assert await exchange(path) == b""


async def test_a_waiting_client_is_told_to_continue(tmp_path: Path) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    async with serving(tmp_path) as (_, path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(head)
        interim = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"abc")
        answer = await reader.read()
        writer.close()

    assert status_of(interim) == 100
    assert answer.endswith(b"abc\n")


async def test_clients_over_the_limit_are_turned_away_while_all_others_are_answered(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def hang(_: Request) -> Reply:
        started.set()
        return await nothing()

    async with serving(tmp_path, hang, Limits(connections=1)) as (_, path):
        _, first = await asyncio.open_unix_connection(path)
        first.write(GET)
        await asyncio.wait_for(started.wait(), 5)
        answer = await exchange(path)
        first.close()

    assert status_of(answer) == 503


@pytest.mark.parametrize(
    "begun", [b"", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"], ids=["idle", "slow"]
)
async def test_who_says_nothing_makes_room_for_who_may(tmp_path: Path, begun: bytes) -> None:
    async with serving(tmp_path, limits=Limits(connections=2)) as (server, path):
        silent = []
        for number in range(2):
            silent.append(await asyncio.open_unix_connection(path))
            silent[-1][1].write(begun)
            await until(partial(lambda wanted: server.connections == wanted, number + 1))
        answer = await exchange(path, LAST)
        first_ends = await asyncio.wait_for(silent[0][0].read(), 5)
        for _, writer in silent:
            writer.close()

    assert status_of(answer) == 200
    assert first_ends == b""


async def test_the_address_with_the_most_silent_clients_makes_room() -> None:
    async def connect(server: Server, address: str) -> asyncio.StreamReader:
        before = server.connections
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=(address, 0))
        writers.append(writer)
        if before < 4:
            await until(lambda: server.connections == before + 1)
        return reader

    writers: list[asyncio.StreamWriter] = []
    async with await serve_tcp("127.0.0.1", 0, echo, limits=Limits(connections=4)) as server:
        friend = await connect(server, "127.0.0.2")
        silent = [await connect(server, "127.0.0.3") for _ in range(3)]
        await connect(server, "127.0.0.4")
        await asyncio.wait_for(silent[0].read(), 5)

        assert not friend.at_eof()
        assert not silent[1].at_eof()
        for writer in writers:
            writer.close()


async def test_a_client_that_leaves_cancels_its_handler(tmp_path: Path) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def hang(_: Request) -> Reply:
        started.set()
        try:
            return await nothing()
        finally:
            cancelled.set()

    async with serving(tmp_path, hang) as (server, path):
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(GET)
        await asyncio.wait_for(started.wait(), 5)
        writer.close()
        await asyncio.wait_for(cancelled.wait(), 5)
        await until(lambda: server.connections == 0)

    assert not [task for task in asyncio.all_tasks() if task.get_name() == "http connection"]


async def test_a_client_that_leaves_closes_its_stream(tmp_path: Path) -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first\n"
            await asyncio.get_running_loop().create_future()
        finally:
            closed.set()

    async def stream(_: Request) -> Reply:
        return StreamingResponse(endless())

    async with serving(tmp_path, stream) as (_, path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(GET)
        await reader.readuntil(b"first\n")
        writer.close()
        await asyncio.wait_for(closed.wait(), 5)


async def test_a_stream_sends_its_headers_before_its_first_piece(tmp_path: Path) -> None:
    async def silent() -> AsyncGenerator[bytes, None]:
        await asyncio.get_running_loop().create_future()
        yield b""

    async def stream(_: Request) -> Reply:
        return StreamingResponse(silent())

    async with serving(tmp_path, stream) as (_, path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(GET)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.close()

    assert b"transfer-encoding: chunked" in head.lower()


async def test_a_stream_waits_for_a_slow_client(tmp_path: Path) -> None:
    made = 0

    async def fast() -> AsyncGenerator[bytes, None]:
        nonlocal made
        for made in range(1, 10_001):  # noqa: B007 - read outside
            yield b"x" * 10_000

    async def stream(_: Request) -> Reply:
        return StreamingResponse(fast())

    async with serving(tmp_path, stream, Limits(write_ahead_bytes=50_000)) as (_, path):
        reader, writer = await asyncio.open_unix_connection(path, limit=1_000)
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        for _ in range(2_000):
            await asyncio.sleep(0)
        writer.close()

    assert made < 200


async def test_a_client_that_sends_far_ahead_is_held_up(tmp_path: Path) -> None:
    async def hang(_: Request) -> Reply:
        return await nothing()

    async with serving(tmp_path, hang) as (_, path):
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(GET + b"x" * 8_000_000)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 0.2)
        writer.transport.abort()


async def test_a_client_that_takes_nothing_is_cut_off(tmp_path: Path) -> None:
    async with serving(tmp_path, big, Limits(write_timeout_s=0.05)) as (server, path):
        _, writer = await asyncio.open_unix_connection(path, limit=1_000)
        writer.write(GET)
        await until(lambda: server.connections == 1)
        await until(lambda: server.connections == 0)
        writer.close()


async def big(_: Request) -> Reply:
    """Answer more than a socket holds."""
    return Response(200, b"x" * 4_000_000)


LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
PATIENT = Limits(connections=1, write_ahead_bytes=8_000_000)


@contextmanager
def client_that_takes_nothing(path: Path, question: bytes) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(question)
        yield


async def test_a_client_that_has_its_last_answer_still_to_take_counts(tmp_path: Path) -> None:
    async with serving(tmp_path, big, PATIENT) as (server, path):
        with client_that_takes_nothing(path, LAST):
            await until(lambda: server.connections == 1)

            assert status_of(await exchange(path)) == 503

        await until(lambda: server.connections == 0)


async def test_closing_does_not_wait_for_a_client_that_takes_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, big, PATIENT) as (server, path):
        with client_that_takes_nothing(path, LAST):
            await until(lambda: server.connections == 1)
            await asyncio.wait_for(server.close(), 5)

            assert server.connections == 0


async def test_a_failing_handler_answers_500_and_the_server_lives(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: Request) -> Reply:
        raise ValueError("a bug")

    async with serving(tmp_path, fail) as (_, path):
        answers = [await exchange(path, b"GET / HTTP/1.0\r\n\r\n") for _ in range(2)]

    assert [status_of(answer) for answer in answers] == [500, 500]
    assert "a bug" in caplog.text
    assert b"a bug" not in answers[0]


async def test_a_failing_stream_is_cut_not_ended(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> AsyncGenerator[bytes, None]:
        yield b"first"
        raise TimeoutError("of the handler's own")

    async def stream(_: Request) -> Reply:
        return StreamingResponse(broken())

    async with serving(tmp_path, stream) as (_, path):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(GET)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readuntil(b"0\r\n\r\n")
        writer.close()

    assert "streaming handler failed" in caplog.text


async def test_a_handler_that_breaks_the_protocol_costs_its_connection_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def odd(request: Request) -> Reply:
        return Response(200, headers=(("bad name", "x"),)) if request.path == "/bad" else Response(200)

    async with serving(tmp_path, odd) as (_, path):
        bad = await exchange(path, b"GET /bad HTTP/1.0\r\n\r\n")
        good = await exchange(path, b"GET / HTTP/1.0\r\n\r\n")

    assert bad == b""
    assert status_of(good) == 200
    assert "broke the protocol" in caplog.text


async def test_closing_lets_running_handlers_finish_within_the_grace(tmp_path: Path) -> None:
    started, go = asyncio.Event(), asyncio.Event()

    async def slow(_: Request) -> Reply:
        started.set()
        await go.wait()
        return Response.text(200, "done")

    path = tmp_path / "s"
    server = await serve_unix(path, slow)
    answer = asyncio.create_task(exchange(path, GET))
    await asyncio.wait_for(started.wait(), 5)
    asyncio.get_running_loop().call_soon(go.set)
    await server.close(grace_s=5)

    assert (await answer).endswith(b"done\n")
    assert b"connection: close" in (await answer).lower()


async def test_closing_cancels_what_does_not_finish(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def hang(_: Request) -> Reply:
        started.set()
        return await nothing()

    path = tmp_path / "s"
    server = await serve_unix(path, hang)
    answer = asyncio.create_task(exchange(path, GET))
    await asyncio.wait_for(started.wait(), 5)
    await server.close(grace_s=0.01)

    assert await answer == b""
    assert server.connections == 0


@pytest.mark.parametrize("turns", range(12))
async def test_a_client_that_comes_while_closing_is_not_left_waiting(tmp_path: Path, turns: int) -> None:
    path = tmp_path / "s"
    server = await serve_unix(path, echo)
    coming = asyncio.create_task(exchange(path))
    for _ in range(turns):
        await asyncio.sleep(0)
    await server.close(keep_socket_file=True)

    with contextlib.suppress(ConnectionError):
        assert await coming == b""


async def test_closing_removes_the_socket_file(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    assert not path.exists()


async def test_closing_can_leave_a_socket_that_refuses(tmp_path: Path) -> None:
    path = tmp_path / "s"
    server = await serve_unix(path, echo)
    await server.close(keep_socket_file=True)

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_unix_connection(path)


async def test_a_dead_socket_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    bind_unix(path).close()
    assert not is_listening(path)

    server = await serve_unix(path, echo)
    assert status_of(await exchange(path, b"GET / HTTP/1.0\r\n\r\n")) == 200
    await server.close()


def test_a_dead_socket_is_replaced_without_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "s"
    bind_unix(path).close()
    before = path.stat().st_ino
    (tmp_path / ".s~").write_text("left by a killed server")

    bind_unix(path).close()

    assert path.stat().st_ino != before
    assert [entry.name for entry in tmp_path.iterdir()] == ["s"]


async def test_a_living_socket_is_not_replaced(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, path):
        with pytest.raises(OSError, match="listens there already"):
            await serve_unix(path, echo)

        assert status_of(await exchange(path, b"GET / HTTP/1.0\r\n\r\n")) == 200


async def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")

    with pytest.raises(FileExistsError, match="not a socket"):
        await serve_unix(path, echo)
    assert path.read_text() == "precious"


async def test_serves_tcp_and_knows_who_asks() -> None:
    async def who(request: Request) -> Reply:
        return Response.text(200, str(request.remote and request.remote[0]))

    async with await serve_tcp("127.0.0.1", 0, who) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        writer.close()

    assert answer.endswith(b"127.0.0.1\n")


async def test_a_reset_connection_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async with await serve_tcp("127.0.0.1", 0, echo) as server:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            client.connect(("127.0.0.1", server.port))
            client.send(b"GET / HT")
            await until(lambda: server.connections == 1)
        await until(lambda: server.connections == 0)

    assert caplog.text == ""


def test_an_absolute_target_names_the_host() -> None:
    request = Request("GET", "http://other:1/a?b=c", (("host", "x"),))

    assert (request.host, request.path, request.query) == ("other:1", "/a", {"b": "c"})
