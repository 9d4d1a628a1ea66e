"""The further reads: typed ones, raw ones by name, and what cannot be asked at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import pytest

from tests.unit.fake_daemon import FakeDaemon, answer
from tsym_agent.localapi import reads
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.errors import BadAnswerError, NotSupportedError, RequestRefusedError
from tsym_agent.localapi.reads import Asker
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.dns import DNSConfig, Resolver
from tsym_agent.model.payload import Body
from tsym_agent.model.relays import RelayClient
from tsym_agent.model.routes import RouteCheck
from tsym_agent.model.services import AppRoutes, Service
from tsym_agent.model.traces import EndpointChange

T = TypeVar("T")

ACTING = {
    *("check-prefs", "start", "login-interactive", "logout", "reset-auth", "reload-config", "shutdown"),
    *("disconnect-control", "set-use-exit-node-enabled", "set-expiry-sooner", "set-dns"),
    *("set-udp-gro-forwarding", "alpha-set-device-attrs", "set-push-device-token", "handle-push-message"),
    *("set-gui-visible", "upload-client-metrics", "update/install", "drive/fileserver-address", "dial", "files/"),
    *("file-put/", "tka/init", "tka/sign", "tka/modify", "tka/disable", "tka/force-local-disable"),
    *("tka/wrap-preauth-key", "tka/generate-recovery-aum", "tka/cosign-recovery-aum", "tka/submit-recovery-aum"),
    *("debug-capture", "debug-log", "debug-portmap", "debug-dial-types", "debug-rotate-disco-key"),
    *("dev-set-state-store", "component-debug-logging", "bugreport", "query-feature", "id-token", "cert/"),
}


class Recorder:
    """An asker that answers with what it was given and keeps what it was asked."""

    where = "/s"

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.timeout_s: float | None = None

    async def ask(
        self,
        name: str,
        params: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes = b"",
        timeout_s: float | None = None,
    ) -> Body:
        self.asked.append((method, name, dict(params or {}), body))
        self.timeout_s = timeout_s
        return self.body


@pytest.mark.parametrize(
    ("read", "body", "value"),
    [
        (
            reads.dns_config,
            b'{"Resolvers":[{"Addr":"192.0.2.53"}],"Routes":{"corp.example":null},"Proxied":true,"New":1}',
            DNSConfig(resolvers=(Resolver("192.0.2.53"),), routes={"corp.example": None}, proxied=True),
        ),
        (reads.cert_domains, b'["a.example.ts.net"]', ("a.example.ts.net",)),
        (reads.cert_domains, b"null", ()),
        (
            reads.services,
            b'{"svc:db":{"Name":"svc:db","Ports":["tcp:5432"],"Actions":[{"Type":"http"}]}}',
            {"svc:db": Service("svc:db", ports=("tcp:5432",))},
        ),
        (reads.services, b"null", {}),
        (reads.app_routes, b'{"Domains":{"example.com":null}}', AppRoutes(domains={"example.com": None})),
        (reads.client_version, b"null", None),
        (reads.file_targets, b"[]", ()),
        (reads.route_check, b"", None),
        (reads.route_check, b'{"done":"2026-01-02T03:04:05Z","reachable":[]}', RouteCheck("2026-01-02T03:04:05Z", ())),
        (reads.optional_features, b'{"Features":{"ssh":true}}', {"ssh": True}),
        (reads.optional_features, b'{"Features":null}', {}),
        (reads.ip_forwarding_warning, b'{"Warning":""}', None),
        (reads.udp_gro_warning, b'{"Warning":"slow"}', "slow"),
        (reads.reverse_path_warning, b'{"Warning":""}', None),
        (reads.marks_packets, b'{"UseSOMark":true}', True),
        (reads.user_metrics, b"tailscaled_health_messages 0\n", "tailscaled_health_messages 0\n"),
    ],
)
async def test_an_answer_becomes_a_value(read: Callable[[Asker], Awaitable[T]], body: bytes, value: T) -> None:
    assert await read(Recorder(body)) == value


async def test_an_endpoint_change_is_read_without_its_insides() -> None:
    asker = Recorder(
        b'[{"When":"2026-01-02T03:04:05Z","What":"handlePongConnLocked-bestAddr-update","From":{},"To":{}}]'
    )

    changes = await reads.endpoint_changes(asker, "100.64.0.2")

    assert changes == (EndpointChange("2026-01-02T03:04:05Z", "handlePongConnLocked-bestAddr-update"),)
    assert asker.asked == [("GET", "debug-peer-endpoint-changes", {"ip": "100.64.0.2"}, b"")]


async def test_a_session_of_a_relay_names_both_its_clients() -> None:
    client = b'{"Endpoint":"192.0.2.7:1","ShortDisco":"d:1","PacketsTx":3,"BytesTx":9007199254740993}'
    asker = Recorder(b'{"UDPPort":0,"Sessions":[{"VNI":12,"Client1":%s,"Client2":{}}]}' % client)

    server = await reads.relay_server(asker)

    assert server.udp_port == 0
    assert server.sessions is not None
    assert server.sessions[0].client1 == RelayClient("192.0.2.7:1", "d:1", 3, 9007199254740993)


async def test_a_user_is_asked_for_by_number() -> None:
    asker = Recorder(b'{"ID":7,"LoginName":"amelie@example.com"}')

    assert (await reads.user_profile(asker, 7)).login_name == "amelie@example.com"
    assert asker.asked == [("GET", "user-profile", {"id": "7"}, b"")]


async def test_the_routes_are_asked_about_by_post_and_not_probed() -> None:
    asker = Recorder(b"")

    await reads.route_check(asker)

    assert asker.asked == [("POST", "routecheck", {}, b"")]


async def test_a_read_without_a_value_of_ours_stays_json(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("serve-config", answer('{"TCP": {"443": {"HTTPS": true}}}', Etag="x"))

    assert bytes(await reads.read_json(client, "serve-config")) == b'{"TCP": {"443": {"HTTPS": true}}}'


async def test_json_cut_short_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswerError, match="serve-config: not JSON"):
        await reads.read_json(Recorder(b'{"TCP": {'), "serve-config")


async def test_a_read_that_takes_long_is_given_its_time() -> None:
    asker = Recorder(b"{}")

    await reads.read_json(asker, "derp-region", {"region": "fra"})

    assert asker.timeout_s == 60


async def test_a_part_of_an_answer_may_be_all_that_is_meant() -> None:
    asker = Recorder(b'{"BackendState":"Running","Health":["no DERP"],"Peer":null}')

    assert bytes(await reads.read_json(asker, "health")) == b'["no DERP"]'
    assert bytes(await reads.read_json(asker, "peer-map")) == b"null"


async def test_no_content_is_null() -> None:
    assert bytes(await reads.read_json(Recorder(b""), "route-check")) == b"null"


async def test_a_parameter_in_the_path_cannot_leave_it() -> None:
    asker = Recorder(b"{}")

    with pytest.raises(ValueError, match="scope="):
        await reads.read_json(asker, "policy", {"scope": "../prefs?x"})

    assert asker.asked == []


async def test_a_parameter_may_stand_in_the_path() -> None:
    asker = Recorder(b"{}")

    await reads.read_json(asker, "policy", {"scope": "Device"})

    assert asker.asked == [("GET", "policy/Device", {}, b"")]


async def test_a_body_is_sent_where_the_table_has_one() -> None:
    asker = Recorder(b"null")

    await reads.read_json(asker, "lock-affected-signatures", body=b"\x01\x02")

    assert asker.asked == [("POST", "tka/affected-sigs", {}, b"\x01\x02")]


@pytest.mark.parametrize(
    ("name", "params", "body", "words"),
    [
        ("logout", {}, b"", "no such read: logout"),
        ("restun", {}, b"", "no such read"),
        ("ipn-bus", {}, b"", "no such read"),
        ("status", {"wait": "1"}, b"", "status has no parameter 'wait'"),
        ("whois", {}, b"", "whois needs addr"),
        ("ping", {"ip": "100.64.0.1", "type": "disco"}, b"type=ICMP", "ping takes no body"),
        ("lock-affected-signatures", {}, b"", "needs a body"),
    ],
)
async def test_what_the_table_does_not_have_is_not_asked(
    name: str, params: dict[str, str], body: bytes, words: str
) -> None:
    asker = Recorder(b"{}")

    with pytest.raises(ValueError, match=words):
        await reads.read_bytes(asker, name, params, body)

    assert asker.asked == []


def test_nothing_that_acts_is_in_the_table() -> None:
    assert ACTING.isdisjoint(command.path for command in COMMANDS.values())


READING_ACTIONS = {"control-knobs", "peer-relay-servers"}


def test_debug_is_asked_for_named_actions_only() -> None:
    actions = {command.name: dict(command.fixed)["action"] for command in COMMANDS.values() if command.path == "debug"}

    assert {name for name, action in actions.items() if action not in READING_ACTIONS} == {"restun", "rebind"}


def test_the_only_commands_that_act_are_the_two_helpers() -> None:
    assert {name for name, command in COMMANDS.items() if command.acts} == {"restun", "rebind"}


async def test_an_old_daemon_says_it_does_not_know(client: LocalClient) -> None:
    with pytest.raises(NotSupportedError, match="no dns-config"):
        await reads.dns_config(client)


async def test_nothing_to_suggest_is_a_refusal_with_the_daemons_words(daemon: FakeDaemon, client: LocalClient) -> None:
    daemon.on("suggest-exit-node", answer('{"error":"no preferred DERP, try again later"}', 500))

    with pytest.raises(RequestRefusedError, match="no preferred DERP, try again later"):
        await reads.exit_node_suggestion(client)
