"""Requests nobody well-meaning sends, made from a seed: bytes on a connection, as they leave an attacker.

About half of what is made differs from an honest request in one or two places only, since most checks guard one place.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tsym_agent.localapi.commands import Command
from tsym_agent.localapi.registry import COMMANDS

FORBIDDEN = (
    "shutdown", "logout", "start", "dial", "update/install", "cert/example.com?type=key", "files/", "id-token?aud=x",
    "file-put/n1/x", "set-udp-gro-forwarding", "debug-portmap?duration=1s", "debug-capture", "bugreport", "reset-auth",
    "login-interactive", "drive/fileserver-address", "component-debug-logging?component=magicsock&secs=9", "tka/init",
    "upload-client-metrics", "debug?action=rotate-disco-key", "debug?action=break-tcp-conns", "set-dns?name=x&value=y",
    "dev-set-state-store?key=a&value=b", "profiles/1234", "debug-dial-types?ip=1.2.3.4&port=80&network=tcp",
    "set-expiry-sooner?expiry=1", "debug-log",
    "query-feature?feature=funnel", "disconnect-control", "handle-push-message", "check-prefs",
)  # fmt: skip
VALUES = {
    "ip": ("100.64.0.2", "fd7a:115c:a1e0::2", "100.64.0.2:1", "localhost", "100.64.0.2%25eth0", "::ffff:1.2.3.4"),
    "addr": ("100.64.0.2", "100.64.0.2:41641", "[fd7a::1]:80", "nodekey:" + "ab" * 32, "x"),
    "type": ("disco", "TSMP", "ICMP", "peerapi", "A", "dns", "disco&ip=100.64.0.9"),
    "id": ("7", "-1", "0x10", "1e3", "9" * 30),
    "mask": ("2", "9", "61570", "65536", "+2"),
    "name": ("example.com", "heap", "profile", "x y", "a.b%00", "..%2f"),
    "region": ("fra", "1", "../x"),
    "scope": ("Device", "User", "..", "%2e%2e"),
}

FORM = b"action=rotate-disco-key&ip=100.64.0.9&peers=false&mask=9&name=evil&type=TSMP"
SMUGGLED = b"POST /localapi/v0/shutdown HTTP/1.1\r\nHost: local-tailscaled.sock\r\nContent-Length: 0\r\n\r\n"


class Draft(NamedTuple):
    """A request before it is written down."""

    method: bytes
    target: bytes
    version: bytes
    headers: tuple[bytes, ...]
    body: bytes = b""
    line_end: bytes = b"\r\n"

    def written(self) -> bytes:
        head = self.line_end.join([b" ".join((self.method, self.target, self.version)), *self.headers])
        return head + self.line_end * 2 + self.body


Spoiler = Callable[[random.Random, Draft], Draft]


def attacks(seed: int, count: int) -> Iterator[bytes]:
    """Make `count` pieces of traffic; each is what one connection begins with."""
    chance = random.Random(seed)  # noqa: S311 - the same seed must give the same bytes
    for _ in range(count):
        yield b"".join(_one(chance) for _ in range(chance.choice((1, 1, 1, 2, 4))))


def _one(chance: random.Random) -> bytes:
    draft = _honest(chance)
    for _ in range(chance.choice((0, 0, 1, 1, 1, 2))):
        draft = chance.choice(_SPOILERS)(chance, draft)
    raw = draft.written()
    if chance.random() < 0.05:
        raw = _noise(chance, raw)
    return raw


def _honest(chance: random.Random) -> Draft:
    headers: tuple[bytes, ...] = (b"Host: 127.0.0.1",)
    if chance.random() < 0.15:
        target = "/localapi/v0/" + chance.choice(FORBIDDEN)
        return Draft(chance.choice((b"GET", b"POST")), target.encode(), b"HTTP/1.1", headers)
    if chance.random() < 0.1:
        return Draft(b"GET", b"/v1/hello", b"HTTP/1.1", headers)
    command = chance.choice(tuple(COMMANDS.values()))
    if command.method == "POST":
        headers += (b"Content-Length: 0",)
    return Draft(command.method.encode(), _target(chance, command).encode(), b"HTTP/1.1", headers)


def _target(chance: random.Random, command: Command) -> str:
    pairs = [f"{name}={value}" for name, value in command.fixed]
    tail = ""
    for parameter in command.parameters:
        if not parameter.is_required and chance.random() < 0.5:
            continue
        value = chance.choice(parameter.choices or VALUES.get(parameter.name, ("1", "true", "x")))
        if parameter.in_path:
            tail = value
        else:
            pairs.append(f"{parameter.name}={value}")
    return f"/localapi/v0/{command.path}{tail}" + (f"?{'&'.join(pairs)}" if pairs else "")


# What is done to a draft


def _other_method(chance: random.Random, draft: Draft) -> Draft:
    methods = (
        b"GET",
        b"POST",
        b"PUT",
        b"DELETE",
        b"PATCH",
        b"OPTIONS",
        b"HEAD",
        b"TRACE",
        b"CONNECT",
        b"get",
        b"",
        b"G\tT",
    )
    return draft._replace(method=chance.choice(methods))


def _other_version(chance: random.Random, draft: Draft) -> Draft:
    versions = (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b"HTTP/1.1\tx", b"", b"HTTP/11")
    return draft._replace(version=chance.choice(versions))


def _encoded_letter(chance: random.Random, draft: Draft) -> Draft:
    at = chance.randrange(1, len(draft.target))
    letter = b"%%%02x" % draft.target[at]
    if chance.random() < 0.3:
        letter = letter.replace(b"%", b"%25")
    return draft._replace(target=draft.target[:at] + letter + draft.target[at + 1 :])


def _inserted(chance: random.Random, draft: Draft) -> Draft:
    pieces = (
        b"/",
        b"//",
        b"/./",
        b"/../",
        b"..;/",
        b";x=1",
        b"%2f",
        b"%2F..%2f",
        b"%252e",
        b"\\",
        b"#",
        b"?",
        b"%00",
        b"%0d%0a",
        b"+",
    )
    at = chance.randrange(1, len(draft.target) + 1)
    return draft._replace(target=draft.target[:at] + chance.choice(pieces) + draft.target[at:])


def _upper(_: random.Random, draft: Draft) -> Draft:
    return draft._replace(target=draft.target.upper())


def _absolute(chance: random.Random, draft: Draft) -> Draft:
    origins = (
        b"http://127.0.0.1",
        b"http://local-tailscaled.sock",
        b"http://evil.example",
        b"HTTPS://127.0.0.1:3621",
        b"//evil",
    )
    return draft._replace(target=chance.choice(origins) + draft.target)


def _detour(chance: random.Random, draft: Draft) -> Draft:
    starts = (b"/v1/../", b"/localapi/v0/..", b"/localapi/v0/status/..", b"/healthz/..", b"/.", b"/localapi/v1/..")
    return draft._replace(target=chance.choice(starts) + draft.target)


def _more_query(chance: random.Random, draft: Draft) -> Draft:
    extra = chance.choice(
        (b"action=rotate-disco-key", b"ip=100.64.0.9", b"peers=false", b"mask=9", b"&", b"=", b"a", b"x=%", b"x=%ff",
         b"wait=true", b"act%69on=notify", b"peers=false;action=notify", b"name=evil", b"x=" + b"a" * 5000)
    )  # fmt: skip
    return draft._replace(target=draft.target + (b"&" if b"?" in draft.target else b"?") + extra)


def _twice(_: random.Random, draft: Draft) -> Draft:
    path, _mark, query = draft.target.partition(b"?")
    return draft._replace(target=path + b"?" + b"&".join([query, query]))


def _form_body(chance: random.Random, draft: Draft) -> Draft:
    kind = chance.choice((b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b"text/plain"))
    return draft._replace(
        method=chance.choice((draft.method, b"POST")),
        headers=(*_without_length(draft), b"Content-Type: " + kind, b"Content-Length: %d" % len(FORM)),
        body=FORM,
    )


def _other_length(chance: random.Random, draft: Draft) -> Draft:
    length = chance.choice(
        (b"-1", b"+5", b"0x10", b"5, 5", b"5,6", b"1e2", b" 7", b"", b"99999999999999999999", b"007", b"\x0b3")
    )
    body = chance.choice((b"", FORM, SMUGGLED))
    return draft._replace(headers=(*_without_length(draft), b"Content-Length: " + length), body=body)


def _two_lengths(chance: random.Random, draft: Draft) -> Draft:
    first, second = chance.sample((b"0", b"5", b"%d" % len(SMUGGLED), b"1"), 2)
    headers = (*_without_length(draft), b"Content-Length: " + first, b"content-length: " + second)
    return draft._replace(headers=headers, body=SMUGGLED)


def _length_hides_request(chance: random.Random, draft: Draft) -> Draft:
    claimed = chance.choice((0, len(SMUGGLED), len(SMUGGLED) - 3, 1))
    return draft._replace(headers=(*_without_length(draft), b"Content-Length: %d" % claimed), body=SMUGGLED)


def _chunked(chance: random.Random, draft: Draft) -> Draft:
    coding = chance.choice(
        (b"chunked", b"Chunked", b" chunked", b"\tchunked", b"xchunked", b"chunked, identity", b"identity, chunked",
         b"chunked\x0b", b"\x0bchunked", b"gzip, chunked", b"chunked,chunked", b"")
    )  # fmt: skip
    bodies = (
        b"0\r\n\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(FORM), FORM), b"0\r\n\r\n" + SMUGGLED, b"0\r\nX: y\r\n\r\n",
        b"0;ext=1\r\n\r\n", b"0x0\r\n\r\n", b"-1\r\n\r\n", b"1\r\na0\r\n\r\n", b"1\na\n0\n\n", b"ffffffffffffffff\r\nx",
        b"5\r\nabc\r\n0\r\n\r\n", b"00000000\r\n\r\n", b"1 \r\na\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n" + SMUGGLED,
    )  # fmt: skip
    name = chance.choice(
        (b"Transfer-Encoding: ", b"Transfer-Encoding:", b"transfer-encoding : ", b"Transfer_Encoding: ")
    )
    kept = draft.headers if chance.random() < 0.5 else _without_length(draft)
    return draft._replace(headers=(*kept, name + coding), body=chance.choice(bodies))


def _other_host(chance: random.Random, draft: Draft) -> Draft:
    hosts = (
        (), (b"Host: evil.example",), (b"Host: 127.0.0.1", b"Host: evil.example"), (b"Host: local-tailscaled.sock",),
        (b"Host:",), (b"Host: 127.0.0.1, evil",), (b"Host: 127.0.0.1:99999",), (b"Host: evil@127.0.0.1",),
    )  # fmt: skip
    return draft._replace(headers=(*chance.choice(hosts), *draft.headers[1:]))


def _odd_header(chance: random.Random, draft: Draft) -> Draft:
    odd = chance.choice(
        (b"X: a\r\n b", b"X : a", b" X: a", b"X", b": a", b"X: \x00", b"X: a\rb", b"X: a\nHost: evil", b"X\x00: a",
         b"X: " + b"a" * 20_000, b"Connection: Upgrade\r\nUpgrade: ts-dial\r\nDial-Host: 100.64.0.9\r\nDial-Port: 22",
         b"Connection: close", b"Connection: keep-alive, Host", b"Expect: 100-continue", b"Upgrade: h2c",
         b"Debug-Action: notify", b"X-Tailscale-Reason: eA==", b"X-HTTP-Method-Override: PATCH", b"Origin: http://evil",
         b"Referer: http://evil/", b"Sec-Fetch-Site: cross-site", b"Authorization: Basic eDp5", b"If-None-Match: *",
         b"X-Original-URL: /localapi/v0/shutdown", b"Forwarded: for=1.2.3.4", b"\xff\xfe: x", b"X: \xe2\x80\xa8")
    )  # fmt: skip
    at = chance.randrange(len(draft.headers) + 1)
    return draft._replace(headers=(*draft.headers[:at], odd, *draft.headers[at:]))


def _many_headers(_: random.Random, draft: Draft) -> Draft:
    return draft._replace(headers=(*draft.headers, *(b"X-%d: y" % number for number in range(3000))))


def _bare_line_ends(chance: random.Random, draft: Draft) -> Draft:
    return draft._replace(line_end=chance.choice((b"\n", b"\r", b"\r\r\n", b"\n\r\n")))


def _without_length(draft: Draft) -> tuple[bytes, ...]:
    return tuple(header for header in draft.headers if not header.lower().startswith(b"content-length"))


def _noise(chance: random.Random, raw: bytes) -> bytes:
    broken = bytearray(raw)
    for _ in range(chance.randrange(1, 6)):
        broken[chance.randrange(len(broken))] = chance.randrange(256)
    return bytes(broken[: chance.randrange(1, len(broken) + 1)])


_SPOILERS: tuple[Spoiler, ...] = (
    _other_method, _other_version, _encoded_letter, _encoded_letter, _inserted, _inserted, _upper, _absolute, _detour,
    _more_query, _more_query, _twice, _form_body, _form_body, _other_length, _two_lengths, _length_hides_request,
    _chunked, _chunked, _other_host, _odd_header, _odd_header, _many_headers, _bare_line_ends,
)  # fmt: skip
