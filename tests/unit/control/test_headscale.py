"""The client of Headscale's REST interface: what it sends and how it reads. The lab runs it against the real one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tsym_agent.control.credentials import HeadscaleCredentials
from tsym_agent.control.errors import ControlRefusedError, NotAuthenticatedError, NotOfferedError
from tsym_agent.control.headscale import HeadscaleControl
from tsym_agent.control.plane import KeyWish
from tsym_agent.control.secrets import Secret
from tsym_agent.wire.exchange import Request, Response
from tsym_agent.wire.server import serve_tcp

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = {
    "id": "5",
    "key": "hskey-auth-abc-planted",
    "reusable": False,
    "ephemeral": True,
    "used": False,
    "user": None,
    "expiration": "2026-01-01T01:00:00Z",
    "createdAt": "2026-01-01T00:00:00Z",
    "aclTags": ["tag:tsymbiote-adapter"],
}
NODE = {
    "id": "3",
    "machineKey": "mkey:1",
    "nodeKey": "nodekey:1",
    "ipAddresses": ["100.64.0.3", "fd7a:115c:a1e0::3"],
    "name": "Host-A",
    "givenName": "host-a",
    "user": {"id": "1", "name": "alice", "email": ""},
    "lastSeen": "2026-01-01T00:00:00Z",
    "expiry": None,
    "preAuthKey": None,
    "createdAt": "2026-01-01T00:00:00Z",
    "registerMethod": "REGISTER_METHOD_AUTH_KEY",
    "online": True,
    "approvedRoutes": [],
    "availableRoutes": [],
    "subnetRoutes": [],
    "tags": [],
}


class FakeHeadscale:
    """Answers by method and path, as 0.29 does, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], object] = {}
        self.requests: list[Request] = []
        self.url = ""

    async def handle(self, request: Request) -> Response:
        self.requests.append(request)
        if request.header("authorization") != "Bearer hskey-api-abc-planted":
            return Response(401, b"Unauthorized")
        answer = self.answers[request.method, request.path]
        return answer if isinstance(answer, Response) else Response(200, json.dumps(answer).encode())


@pytest.fixture
async def server() -> AsyncIterator[FakeHeadscale]:
    fake = FakeHeadscale()
    async with await serve_tcp("127.0.0.1", 0, fake.handle) as listening:
        fake.url = f"http://127.0.0.1:{listening.port}"
        yield fake


@pytest.fixture
async def control(server: FakeHeadscale) -> AsyncIterator[HeadscaleControl]:
    credentials = HeadscaleCredentials(
        url=server.url, api_key=Secret("hskey-api-abc-planted"), origin="HEADSCALE_API_KEY"
    )
    made = HeadscaleControl(credentials, now=lambda: NOW)
    yield made
    await made.aclose()


async def test_nodes_are_read_as_devices(control: HeadscaleControl, server: FakeHeadscale) -> None:
    server.answers["GET", "/api/v1/node"] = {"nodes": [NODE]}

    (node,) = await control.devices()

    assert (node.id, node.name, node.host_name, node.owner) == ("3", "host-a", "Host-A", "alice")
    assert node.online is True
    assert (node.last_seen, node.expires, node.os, node.version) == (None, None, None, None)


async def test_a_tagged_node_has_no_owner(control: HeadscaleControl, server: FakeHeadscale) -> None:
    tagged = NODE | {"tags": ["tag:x"], "user": {"name": "tagged-devices"}}
    server.answers["GET", "/api/v1/node"] = {"nodes": [tagged]}

    (node,) = await control.devices()

    assert node.owner is None


async def test_an_empty_list_may_be_null(control: HeadscaleControl, server: FakeHeadscale) -> None:
    server.answers["GET", "/api/v1/node"] = {"nodes": None}

    assert await control.devices() == ()


async def test_routes_say_which_serve(control: HeadscaleControl, server: FakeHeadscale) -> None:
    routed = NODE | {"availableRoutes": ["10.5.0.0/24", "10.6.0.0/24"], "approvedRoutes": ["10.5.0.0/24"]}
    server.answers["GET", "/api/v1/node"] = {"nodes": [NODE, routed | {"subnetRoutes": ["10.5.0.0/24"]}]}

    (routes,) = await control.routes()

    assert (routes.advertised[-1], routes.enabled, routes.serving) == (
        "10.6.0.0/24",
        ("10.5.0.0/24",),
        ("10.5.0.0/24",),
    )


async def test_a_key_is_made_with_an_expiry_and_without_a_user(
    control: HeadscaleControl, server: FakeHeadscale
) -> None:
    server.answers["POST", "/api/v1/preauthkey"] = {"preAuthKey": KEY}

    made = await control.create_key(KeyWish(tags=("tag:tsymbiote-adapter",), expires_s=3600, ephemeral=True))

    assert json.loads(server.requests[0].body) == {
        "reusable": False,
        "ephemeral": True,
        "expiration": "2026-01-01T01:00:00.000Z",
        "aclTags": ["tag:tsymbiote-adapter"],
    }
    assert (made.id, made.secret.reveal()) == ("5", "hskey-auth-abc-planted")


async def test_a_key_without_a_tag_is_refused_before_it_is_asked_for(
    control: HeadscaleControl, server: FakeHeadscale
) -> None:
    with pytest.raises(ControlRefusedError, match="--tag"):
        await control.create_key(KeyWish(tags=()))

    assert server.requests == []


async def test_expired_keys_are_not_listed(control: HeadscaleControl, server: FakeHeadscale) -> None:
    old = KEY | {"id": "4", "expiration": "2025-01-01T00:00:00Z"}
    server.answers["GET", "/api/v1/preauthkey"] = {"preAuthKeys": [old, KEY | {"used": True}]}

    (listed,) = await control.keys()

    assert (listed.id, listed.is_used) == ("5", True)


async def test_revoking_a_key_expires_it(control: HeadscaleControl, server: FakeHeadscale) -> None:
    server.answers["POST", "/api/v1/preauthkey/expire"] = {}

    await control.revoke_key("5")

    assert json.loads(server.requests[0].body) == {"id": "5"}


async def test_the_policy_is_text(control: HeadscaleControl, server: FakeHeadscale) -> None:
    server.answers["GET", "/api/v1/policy"] = {"policy": '{"grants": []}', "updatedAt": None}

    policy = await control.policy()

    assert (policy.text, policy.updated) == ('{"grants": []}', None)


async def test_dns_is_not_offered(control: HeadscaleControl) -> None:
    with pytest.raises(NotOfferedError, match="configuration file"):
        await control.dns()


async def test_a_wrong_key_says_how_to_make_another(server: FakeHeadscale) -> None:
    wrong = HeadscaleCredentials(url=server.url, api_key=Secret("hskey-api-wrong-planted"), origin="HEADSCALE_API_KEY")
    control = HeadscaleControl(wrong)

    with pytest.raises(NotAuthenticatedError, match=r"Unauthorized.*HEADSCALE_API_KEY.*headscale apikeys create"):
        await control.devices()
    await control.aclose()


async def test_a_refusal_that_comes_as_500_keeps_its_words(control: HeadscaleControl, server: FakeHeadscale) -> None:
    words = b'{"code":2,"message":"tag: tag:x is not valid","details":[]}'
    server.answers["POST", "/api/v1/preauthkey"] = Response(500, words)

    with pytest.raises(ControlRefusedError, match="tag:x is not valid"):
        await control.create_key(KeyWish(tags=("tag:x",)))
