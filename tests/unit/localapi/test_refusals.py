"""What each refusal becomes, and that every message says where, what and what next."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer, hang_up
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import (
    AccessDeniedError,
    BadAnswerError,
    DaemonNotFoundError,
    DaemonNotReadyError,
    DaemonUnreachableError,
    LocalAPIError,
    NoSuchObjectError,
    NotSupportedError,
    RequestRefusedError,
)
from tsym_agent.localapi.refusals import daemon_words, from_answer, from_wire
from tsym_agent.wire.errors import ConnectError, DisconnectedError, WireError
from tsym_agent.wire.openers import TcpOpener, UnixOpener


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, b"invalid 'id' parameter\n", RequestRefusedError),
        (401, b"auth required\n", AccessDeniedError),
        (403, b"status access denied\n", AccessDeniedError),
        (403, b"invalid localapi request\n", AccessDeniedError),
        (404, b"404 page not found\n", NotSupportedError),
        (404, b"404 not found\n", NotSupportedError),
        (404, b"no peer with that NodeID\n", NoSuchObjectError),
        (404, b"", NoSuchObjectError),
        (405, b"use GET\n", RequestRefusedError),
        (412, b"event bus not available\n", RequestRefusedError),
        (500, b'{"error":"no exit node suggestion"}', RequestRefusedError),
        (501, b"feature not included in this build\n", NotSupportedError),
        (502, b"<html>bad gateway</html>", RequestRefusedError),
        (503, b"no netmap\n", DaemonNotReadyError),
        (503, b"routecheck is not enabled\n", NotSupportedError),
        (302, b"", BadAnswerError),
        (206, b"{}", BadAnswerError),
    ],
)
def test_each_status_has_its_error(status: int, body: bytes, error: type[LocalAPIError]) -> None:
    assert type(from_answer("/s", "status", status, body)) is error


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"status access denied\n", "status access denied"),
        (b'{"error":"no such peer"}', "no such peer"),
        (b'{"Error":"bad prefs"}\n', "bad prefs"),
        (b'{"Err":"reload failed","More":[1]}', "reload failed"),
        (b'{"error":{"nested":1}}', '{"error":{"nested":1}}'),
        (b'{"error":', '{"error":'),
        (b"", ""),
        (b"\xff\xfe", "��"),
        (b"two\nlines", "two lines"),
        (b"\x1b[31mred\x1b[0m", "�[31mred�[0m"),
    ],
    ids=["text", "error", "Error", "Err", "nested", "cut", "empty", "not-utf8", "lines", "escapes"],
)
def test_a_reason_is_found_in_every_shape_of_body(body: bytes, words: str) -> None:
    assert daemon_words(body) == words


def test_a_reason_of_any_length_is_cut_short() -> None:
    assert len(daemon_words(b"x" * 100_000)) == 300


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (403, b"prefs access denied", "sudo tailscale set --operator=$USER"),
        (403, b"invalid localapi request", "proxy"),
        (403, b"taildrive sharing not enabled", "drive:share"),
        (403, b"bad password", "restart the Tailscale app"),
        (404, b"404 page not found", "too old"),
        (503, b"no netmap", "tailscale status"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, body: bytes, hint: str) -> None:
    assert hint in str(from_answer("/s", "x", status, body))


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("/run/tailscale/tailscaled.sock", "use sudo"),
        ("ssh:me@web", "ssh -t me@web 'sudo tailscale set --operator=$USER'"),
        ("ssh:web:/run/x.sock", "ssh -t web 'sudo"),
        ("kube:prod/web-0", "must run as root"),
    ],
)
def test_who_is_denied_is_told_what_helps_where_the_daemon_is(where: str, hint: str) -> None:
    assert hint in from_answer(where, "prefs", 403, b"prefs access denied\n").hint


def connect_error(number: int) -> ConnectError:
    return ConnectError(OSError(number, os.strerror(number)))


@pytest.mark.parametrize(
    ("number", "error", "hint"),
    [
        (2, DaemonNotFoundError, "sudo systemctl start tailscaled"),
        (13, AccessDeniedError, "sudo"),
        (111, DaemonUnreachableError, "sudo systemctl start tailscaled"),
        (113, DaemonUnreachableError, "No route to host"),
    ],
    ids=["ENOENT", "EACCES", "ECONNREFUSED", "EHOSTUNREACH"],
)
def test_a_refused_connection_says_what_to_do(number: int, error: type[LocalAPIError], hint: str) -> None:
    translated = from_wire("/run/tailscale/tailscaled.sock", connect_error(number))

    assert type(translated) is error
    assert str(translated).startswith("/run/tailscale/tailscaled.sock: ")
    assert hint in str(translated)


def test_a_refused_port_is_not_told_to_start_a_unit() -> None:
    assert "systemctl" not in str(from_wire("127.0.0.1:4711", connect_error(111)))


async def test_a_missing_socket_is_named(tmp_path: Path) -> None:
    client = LocalClient(UnixOpener(str(tmp_path / "s")))

    with pytest.raises(DaemonNotFoundError, match=f"{tmp_path}/s: there is no such socket") as caught:
        await client.status()

    assert isinstance(caught.value.__cause__, WireError)


async def test_a_socket_nobody_listens_on_is_told_from_a_missing_one(daemon: FakeDaemon, client: LocalClient) -> None:
    await daemon.stop()

    with pytest.raises(DaemonUnreachableError, match="nobody listens"):
        await client.status()


async def test_a_port_nobody_listens_on_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    client = LocalClient(TcpOpener("127.0.0.1", port))

    with pytest.raises(DaemonUnreachableError, match=f"127.0.0.1:{port}: nobody listens"):
        await client.status()


async def test_a_daemon_that_dies_while_asked_is_unreachable(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("status", hang_up)

    with pytest.raises(DaemonUnreachableError, match="closed without an answer") as caught:
        await client.status()

    assert isinstance(caught.value.__cause__, DisconnectedError)


async def test_something_else_behind_the_socket_is_a_bad_answer(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("status", b"220 mail.example ESMTP\r\n\r\n")

    with pytest.raises(BadAnswerError, match="is it a tailscaled") as caught:
        await client.status()

    assert "mail.example" not in f"{caught.value} {caught.value.__cause__}"


@pytest.mark.parametrize("body", [b"<html>", b'{"TUN":', b"[]", b"null"])
async def test_a_bad_answer_says_what_to_look_at(daemon: FakeDaemon, client: LocalClient, body: bytes) -> None:
    daemon.on("status", answer(body))

    with pytest.raises(BadAnswerError, match="is it a tailscaled"):
        await client.status()


@pytest.mark.parametrize(
    "body",
    [b'{"BackendState": "NeedsLogin", "AuthURL": "https://login.example/a/secret', b'{"AuthURL": "secret", "TUN": 3}'],
    ids=["cut", "wrong-shape"],
)
async def test_a_bad_answer_does_not_quote_what_it_held(daemon: FakeDaemon, client: LocalClient, body: bytes) -> None:
    daemon.on("status", answer(body))

    with pytest.raises(BadAnswerError) as caught:
        await client.status()

    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


async def test_a_wrong_token_is_not_shown() -> None:
    right, wrong = "right", "s3cret"
    async with FakeDaemon(token=right) as daemon:
        client = LocalClient(TcpOpener("127.0.0.1", daemon.port), auth=wrong)

        with pytest.raises(AccessDeniedError) as caught:
            await client.status()
        await client.aclose()

    assert wrong not in str(caught.value)


def test_a_path_cannot_act_on_the_terminal() -> None:
    assert "\x1b" not in str(from_wire("/tmp/\x1b[31mred", connect_error(2)))
