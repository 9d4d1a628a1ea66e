"""Plain messages: what is read by hand is what h11 reads, and all the rest is left to it."""

from __future__ import annotations

import random

import h11
import pytest

from tests.unit.server.hostile import attacks
from tsym_agent.wire.errors import ProtocolError
from tsym_agent.wire.plain import BadHeadError, ChunkReader, read_answer, read_request, write_head

GET = b"GET /a?b=%20c HTTP/1.1\r\nHost: x\r\nX-A:  b c \t\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"


def test_a_plain_request_is_read() -> None:
    found = read_request(bytearray(GET + b"more"), 1000)

    assert found is not None
    assert (found.method, found.target, found.length) == ("GET", "/a?b=%20c", len(GET))
    assert found.headers == (("host", "x"), ("x-a", "b c"))


@pytest.mark.parametrize(
    "odd",
    [
        GET[:-1],
        GET.replace(b"GET", b"PUT"),
        GET.replace(b"GET", b"HEAD"),
        GET.replace(b"1.1", b"1.0"),
        GET.replace(b"/a", b"http://x/a"),
        GET.replace(b"/a", b"/\xff"),
        GET.replace(b"\r\n", b"\n"),
        GET.replace(b"Host: x\r\n", b""),
        GET.replace(b"Host: x\r\n", b"Host: x\r\nHost: x\r\n"),
        GET.replace(b"X-A:", b"X-A :"),
        GET.replace(b"X-A:", b" X-A:"),
        GET.replace(b"X-A: ", b"X-A: \xe9"),
        GET.replace(b"X-A: ", b"X-A: \x00"),
        GET.replace(b"X-A", b"Connection"),
        GET.replace(b"X-A", b"Transfer-Encoding"),
        GET.replace(b"X-A", b"Expect"),
        GET.replace(b"X-A:  b c \t", b"Content-Length: 3"),
        GET.replace(b"X-A:  b c \t", b"Content-Length: 0\r\nContent-Length: 0"),
        GET.replace(b"X-A:  b c \t", b"Content-Length: 00"),
    ],
)
def test_an_odd_request_is_left_to_h11(odd: bytes) -> None:
    assert odd != GET
    assert read_request(odd, 1000) is None


def test_a_long_request_is_left_to_h11() -> None:
    assert read_request(GET, len(GET) - 1) is None


@pytest.mark.parametrize("seed", range(5))
def test_what_is_read_by_hand_h11_reads_the_same(seed: int) -> None:
    plain = 0
    for sent in attacks(seed, 300):
        found = read_request(sent, 16384)
        if found is None:
            continue
        plain += 1
        judge = h11.Connection(h11.SERVER)
        judge.receive_data(sent[: found.length])
        head, end = judge.next_event(), judge.next_event()
        assert isinstance(head, h11.Request)
        assert isinstance(end, h11.EndOfMessage)
        assert judge.trailing_data == (b"", False)
        assert (found.method.encode(), found.target.encode()) == (head.method, head.target)
        assert [(name.encode(), value.encode()) for name, value in found.headers] == list(head.headers)
        assert not judge.they_are_waiting_for_100_continue

    assert plain > 50


def test_a_plain_answer_is_read() -> None:
    found = read_answer(OK + b"hello")

    assert found is not None
    assert (found.status, found.length, found.is_last, found.head_length) == (200, 5, False, len(OK))
    assert found.headers == [(b"content-type", b"text/plain"), (b"content-length", b"5")]


def test_an_answer_in_chunks_has_no_length() -> None:
    found = read_answer(OK.replace(b"Content-Length: 5", b"Transfer-Encoding: Chunked"))

    assert found is not None
    assert found.length is None


@pytest.mark.parametrize("status", [b"204", b"304"])
def test_an_answer_that_has_no_body_has_none_whatever_it_says(status: bytes) -> None:
    found = read_answer(OK.replace(b"200", status))

    assert found is not None
    assert found.length == 0


def test_an_answer_may_be_the_last() -> None:
    found = read_answer(OK.replace(b"Content-Type: text/plain", b"Connection: Close"))

    assert found is not None
    assert found.is_last


@pytest.mark.parametrize(
    "odd",
    [
        OK[:-1],
        OK.replace(b"1.1", b"1.0"),
        OK.replace(b"200", b"100"),
        OK.replace(b"200", b"101"),
        OK.replace(b"\r\n", b"\n"),
        OK.replace(b"Content-Length: 5\r\n", b""),
        OK.replace(b"5", b"5, 5"),
        OK.replace(b"5", b"-5"),
        OK.replace(b"5", b"9" * 30),
        OK.replace(b"Content-Type: text/plain", b"Content-Length: 6"),
        OK.replace(b"Content-Type: text/plain", b"Transfer-Encoding: chunked"),
        OK.replace(b"Content-Length: 5", b"Transfer-Encoding: gzip"),
        OK.replace(b"Content-Type: text/plain", b"Connection: upgrade"),
        OK.replace(b"Content-Type", b" Content-Type"),
    ],
)
def test_an_odd_answer_is_left_to_h11(odd: bytes) -> None:
    assert odd != OK
    assert read_answer(odd) is None


def read_chunks(body: bytes, cuts: list[int]) -> tuple[bytes, bytes, bool]:
    """Return the body, what came after it, and whether it has ended."""
    reader, waiting, found = ChunkReader(), b"", b""
    for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True):
        piece, waiting = reader.take(waiting + body[start:end])
        found += piece
    return found, waiting, reader.is_done


@pytest.mark.parametrize(
    ("body", "meant"),
    [
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"0\r\n\r\n", b""),
        (b"A\r\n0123456789\r\n1;x=y\r\na\r\n00\r\n\r\n", b"0123456789a"),
        (b"2 \r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
        (b"1\r\na\r\n0\r\nX: y\r\nZ: z\r\n\r\n", b"a"),
    ],
)
def test_chunks_are_read_at_every_cut(body: bytes, meant: bytes) -> None:
    for first in range(len(body) + 1):
        for second in range(first, len(body) + 1):
            assert read_chunks(body + b"next", [first, second]) == (meant, b"next", True)


@pytest.mark.parametrize(
    "body",
    [b"\r\n5\r\nhello\r\n", b"zz\r\n", b"-1\r\nx", b"0x5\r\nhello", b"5\nhello\n", b"1\r\nab\r\n", b"1\r\na0\r\n\r\n",
     b"0\r\nX y\r\n\r\n", b"1" * 20_000, b"f" * 16 + b"\r\n", b"1\r\na\r\n\r\n"],
)  # fmt: skip
def test_chunks_that_are_none_are_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_chunks(body, [])


@pytest.mark.parametrize("seed", range(20))
def test_any_body_in_any_chunks_in_any_pieces_comes_whole(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - bodies, not keys
    parts = [chance.randbytes(chance.choice((1, 7, 300, 9000))) for _ in range(chance.randrange(12))]
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    cuts = sorted(chance.choices(range(len(body)), k=chance.randrange(30)))

    assert read_chunks(body, cuts) == (b"".join(parts), b"", True)


@pytest.mark.parametrize(
    ("line", "headers"),
    [
        (b"GET / HTTP/1.1\r\n", [(b"X", b"a\r\nY: b")]),
        (b"GET / HTTP/1.1\r\n", [(b"X", b"a\nb")]),
        (b"GET / HTTP/1.1\r\n", [(b"X: y", b"")]),
        (b"GET / HTTP/1.1\r\n", [(b"", b"x")]),
        (b"GET / HTTP/1.1\r\n", [(b"X", b"\x00")]),
        (b"GET /a b HTTP/1.1\r\n", []),
        (b"GET /\r\nX: y HTTP/1.1\r\n", []),
        (b"HTTP/1.1 20 \r\n", []),
    ],
)
def test_no_head_is_written_that_is_none(line: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(BadHeadError):
        write_head(line, headers)


def test_a_head_is_written() -> None:
    assert write_head(b"HTTP/1.1 200 \r\n", [(b"A", b"b c"), (b"D", b"")]) == b"HTTP/1.1 200 \r\nA: b c\r\nD: \r\n\r\n"
