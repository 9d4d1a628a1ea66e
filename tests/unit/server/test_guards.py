"""What browsers are made to send is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.server.visitors import request
from tsym_agent.server.guards import LOOPBACK_NAMES, HostGuard
from tsym_agent.server.problems import ProblemError
from tsym_agent.wire.exchange import Request

GUARD = HostGuard(("nas.example.ts.net.", "100.64.0.1", "fd7a:115c::1"), 3621)


def is_let_through(guard: HostGuard, sent: Request) -> bool:
    try:
        guard.check(sent)
    except ProblemError as error:
        return error.problem.code != "bad-host"
    return True


@pytest.mark.parametrize(
    "host",
    [
        "nas.example.ts.net", "nas.example.ts.net:3621", "NAS.example.ts.net.:3621", "nas", "nas:3621",
        "100.64.0.1:3621", "100.64.0.1", "[fd7a:115c::1]:3621", "[FD7A:115C:0::1]",
    ],
)  # fmt: skip
def test_our_names_and_addresses_are_ours(host: str) -> None:
    assert is_let_through(GUARD, request(host=host))


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "evil.example:3621", "100.64.0.2:3621", "nas.example.ts.net:80", "nas.evil.example",
        "fd7a:115c::1", "nas:3621@evil.example", "nas evil", "nas:", "nas:99999999", "localhost:3621", "example",
        "127.0.0.1:3621", "100.64.0.1.evil.example", "[::1%eth0]", "naſ",
    ],
)  # fmt: skip
def test_all_others_are_not(host: str) -> None:
    assert not is_let_through(GUARD, request(host=host))


def test_loopback_is_ours_only_where_it_is_asked_for() -> None:
    guard = HostGuard(LOOPBACK_NAMES)

    assert all(is_let_through(guard, request(host=host)) for host in ("localhost:8", "127.0.0.1", "[::1]:8"))


def test_an_absolute_target_counts_as_the_host() -> None:
    assert not is_let_through(GUARD, request("http://evil.example/v1/hello", host="nas"))


def test_two_hosts_are_none() -> None:
    twice = Request("GET", "/v1/hello", (("host", "nas"), ("host", "nas")))

    assert not is_let_through(GUARD, twice)


def test_names_may_change_while_it_runs() -> None:
    guard = HostGuard(("old.example.ts.net",))
    guard.answer_to(("new.example.ts.net",))

    assert is_let_through(guard, request(host="new:1"))
    assert not is_let_through(guard, request(host="old:1"))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, True),
        ({"origin": "http://nas:3621"}, True),
        ({"origin": "http://NAS:3621"}, True),
        ({"origin": "https://nas:3621"}, False),
        ({"origin": "http://nas:3622"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "http://evil.example"}, False),
        ({"referer": "http://nas:3621/v1/hello"}, True),
        ({"referer": "http://nas:3621"}, True),
        ({"referer": "http://nas:3621.evil.example/"}, False),
        ({"referer": "http://evil.example/"}, False),
        ({"sec_fetch_site": "none"}, True),
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "same-site"}, False),
        ({"sec_fetch_site": "cross-site"}, False),
    ],
)
def test_other_sites_are_kept_out(headers: dict[str, str], expected: bool) -> None:
    sent = request(host="nas:3621")
    more = tuple((name.replace("_", "-"), value) for name, value in headers.items())

    assert is_let_through(GUARD, replace(sent, headers=sent.headers + more)) is expected
