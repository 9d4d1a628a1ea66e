"""What is said to tailscaled and tailscale: the container image's words, in its order, and what it has no word for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tsym_agent.tailscaled.argv import MEMORY_STATE, USERSPACE, DaemonWords, Login, Settings, set_argv

SOCKET = Path("/tmp/s")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            DaemonWords(socket=SOCKET, state="kube:tailscale", state_dir=Path("/tmp"), tun=USERSPACE),
            ["--state=kube:tailscale", "--statedir=/tmp", "--tun=userspace-networking"],
        ),
        (DaemonWords(socket=SOCKET, state_dir=Path("/state")), ["--statedir=/state"]),
        (
            DaemonWords(socket=SOCKET, state=MEMORY_STATE, state_dir=Path("/tmp"), tun=USERSPACE),
            ["--state=mem:", "--statedir=/tmp", "--tun=userspace-networking"],
        ),
        (
            DaemonWords(
                socket=SOCKET, state_dir=Path("/d"), socks5_server=":1080", http_proxy_listen=":8080",
                config=Path("/c"), debug=":9", extra=("--verbose=1", "x"),
            ),
            ["--statedir=/d", "--socks5-server=:1080", "--outbound-http-proxy-listen=:8080", "--config=/c",
             "--debug=:9", "--verbose=1", "x"],
        ),
        (DaemonWords(socket=SOCKET, udp_port=0, uploads_logs=False), ["--port=0", "--no-logs-no-support"]),
    ],
    ids=["secret", "kernel", "memory", "everything", "own-node"],
)  # fmt: skip
def test_tailscaled_is_told(words: DaemonWords, expected: list[str]) -> None:
    assert words.argv("tailscaled") == ["tailscaled", "--socket=/tmp/s", *expected]


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (Login(), ["--accept-dns=false"]),
        (Login(auth_key="tskey-1"), ["--accept-dns=false", "--authkey=tskey-1"]),
        (Login(auth_key_file=Path("/k")), ["--accept-dns=false", "--auth-key=file:/k"]),
        (
            Login(
                settings=Settings(accept_dns=True, advertise_routes="", hostname="h"),
                client_id="i", client_secret="s", extra=("--accept-routes",),  # noqa: S106 - no secret of anybody
            ),
            ["--accept-dns=true", "--client-id=i", "--client-secret=s", "--advertise-routes=", "--hostname=h",
             "--accept-routes"],
        ),
        (
            Login(
                id_token="t", audience="a", login_server="https://hs",  # noqa: S106 - no secret of anybody
                tags=("tag:x",), forces_reauth=True, resets=True,
            ),
            ["--accept-dns=false", "--id-token=t", "--audience=a", "--login-server=https://hs",
             "--advertise-tags=tag:x", "--force-reauth", "--reset"],
        ),
    ],
    ids=["bare", "key", "key-file", "client", "own-node"],
)  # fmt: skip
def test_up_is_told(login: Login, expected: list[str]) -> None:
    assert login.argv("tailscale", SOCKET) == ["tailscale", "--socket=/tmp/s", "up", *expected]


def test_set_is_told_only_what_is_said() -> None:
    settings = Settings(accept_dns=None, advertise_routes="10.0.0.0/8", shields_up=False)

    assert set_argv("tailscale", SOCKET, settings) == [
        "tailscale", "--socket=/tmp/s", "set", "--advertise-routes=10.0.0.0/8", "--shields-up=false",
    ]  # fmt: skip
