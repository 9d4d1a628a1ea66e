"""Seeing who joins, in the local status and at control, and greeting an agent that needs a while: time is virtual."""

from __future__ import annotations

import asyncio

import pytest

from tsym_agent.control.errors import ControlUnreachableError, NotPermittedError
from tsym_agent.control.plane import (
    Device,
    DeviceRoutes,
    DnsSettings,
    KeyFacts,
    KeyWish,
    MintedKey,
    Policy,
)
from tsym_agent.localapi.errors import AccessDeniedError, AnswerTimeoutError, LocalAPIError
from tsym_agent.model.hello import Hello, parse_hello
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.status import PeerStatus, Status
from tsym_tui.cli.arrivals import GREETING_S, LOOKS_PER_QUESTION, REFUSAL_S, Greeter, HomeTailnet, Lookout, Newcomer

TAG = "tag:tsymbiote-adapter"
OWN_KEY = "nodekey:me"
HELLO = (
    b'{"agent": {"version": "0.1.0", "mode": "own", "started_at": ""}, "daemon": {}, "may": {},'
    b'"you": {"id": "", "name": ""}}'
)


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await asyncio.sleep(0)


class Home(HomeTailnet):
    """A local status that tests write."""

    def __init__(self, now: Status | None) -> None:
        super().__init__({})
        self.now = now

    async def status(self) -> Status | None:
        return self.now


class Control:
    """A control plane of devices, and of troubles that come first."""

    kind = "tailscale"
    where = "https://control.example"
    login_server = None

    def __init__(self, *devices: Device) -> None:
        self.known = list(devices)
        self.troubles: list[Exception] = []
        self.asked = 0
        self.is_silent = False

    async def devices(self) -> tuple[Device, ...]:
        self.asked += 1
        if self.is_silent:
            await asyncio.Event().wait()
        if self.troubles:
            raise self.troubles.pop(0)
        return tuple(self.known)

    async def routes(self) -> tuple[DeviceRoutes, ...]:
        raise NotImplementedError

    async def create_key(self, wish: KeyWish) -> MintedKey:
        raise NotImplementedError

    async def keys(self) -> tuple[KeyFacts, ...]:
        raise NotImplementedError

    async def revoke_key(self, key_id: str) -> None:
        raise NotImplementedError

    async def policy(self) -> Policy:
        raise NotImplementedError

    async def dns(self) -> DnsSettings:
        raise NotImplementedError

    async def aclose(self) -> None:
        pass


ME = Device(id=StableNodeID("n1"), name="me", host_name="me", node_key=OWN_KEY, addresses=("100.64.0.1",))


def device(number: int, *tags: str, addresses: tuple[str, ...] | None = None) -> Device:
    own = (f"100.64.0.{number}",) if addresses is None else addresses
    return Device(id=StableNodeID(f"n{number}"), name=f"node{number}", host_name="", tags=tags, addresses=own)


def status(*peers: PeerStatus) -> Status:
    me = PeerStatus(id=StableNodeID("n1"), public_key=OWN_KEY)
    return Status(backend_state="Running", self_node=me, peer={f"nodekey:{peer.id}": peer for peer in peers})


def peer(number: int, *tags: str) -> PeerStatus:
    return PeerStatus(
        id=StableNodeID(f"n{number}"), dns_name=f"node{number}.", tags=tags, tailscale_ips=(f"100.64.0.{number}",)
    )


def look_out(control: Control, home: Home, time: Time) -> Lookout:
    return Lookout([TAG], control, home, clock=time, sleep=time.sleep)


async def test_whoever_was_there_before_is_no_newcomer() -> None:
    time, home = Time(), Home(status(peer(2, TAG)))
    lookout = look_out(Control(ME, device(3, TAG)), home, time)
    await lookout.remember()

    assert await lookout.newcomer(60.0) is None
    assert time.now_s >= 60.0


async def test_the_local_status_shows_who_joined() -> None:
    time, home = Time(), Home(status())
    lookout = look_out(Control(ME), home, time)
    await lookout.remember()
    home.now = status(peer(8, "tag:other"), peer(9, TAG))

    assert await lookout.newcomer(60.0) == Newcomer(id=StableNodeID("n9"), name="node9", addresses=("100.64.0.9",))


async def test_control_shows_it_where_there_is_no_tailscale() -> None:
    time, control = Time(), Control()
    lookout = look_out(control, Home(None), time)
    await lookout.remember()
    control.known.append(device(9, TAG))

    found = await lookout.newcomer(60.0)

    assert found is not None
    assert found.name == "node9"


async def test_a_node_without_an_address_has_not_joined_yet() -> None:
    time, control = Time(), Control()
    lookout = look_out(control, Home(None), time)
    await lookout.remember()
    control.known.append(device(9, TAG, addresses=()))

    assert await lookout.newcomer(30.0) is None


async def test_control_is_asked_less_often_than_the_local_status() -> None:
    time, control = Time(), Control()
    lookout = look_out(control, Home(None), time)
    await lookout.remember()

    await lookout.newcomer(50.0)

    assert control.asked == 1 + 50 // LOOKS_PER_QUESTION


async def test_a_passing_trouble_of_control_does_not_end_the_wait() -> None:
    time, control = Time(), Control()
    lookout = look_out(control, Home(None), time)
    await lookout.remember()
    control.troubles = [ControlUnreachableError("https://control.example", "no answer")]
    control.known.append(device(9, TAG))

    assert await lookout.newcomer(60.0) is not None


async def test_a_silent_control_does_not_hide_whom_the_local_status_shows() -> None:
    time, control, home = Time(), Control(ME), Home(status())
    lookout = look_out(control, home, time)
    await lookout.remember()
    control.is_silent = True
    assert await lookout.newcomer(10.0) is None
    home.now = status(peer(9, TAG))

    assert await lookout.newcomer(20.0) is not None


async def test_credentials_that_only_make_keys_leave_the_local_status() -> None:
    time, control, home = Time(), Control(), Home(status())
    control.troubles = [NotPermittedError("https://control.example", "no")]
    lookout = look_out(control, home, time)
    await lookout.remember()
    home.now = status(peer(9, TAG))

    assert not lookout.is_blind
    assert await lookout.newcomer(60.0) is not None
    assert control.asked == 1


async def test_with_neither_it_is_blind() -> None:
    control = Control()
    control.troubles = [NotPermittedError("https://control.example", "no")]
    lookout = look_out(control, Home(None), Time())
    await lookout.remember()

    assert lookout.is_blind


async def test_another_tailnet_of_this_machine_is_not_looked_at() -> None:
    time, home = Time(), Home(status())
    lookout = look_out(Control(device(5)), home, time)
    await lookout.remember()
    home.now = status(peer(9, TAG))

    assert await lookout.newcomer(30.0) is None
    assert lookout.at_home is None


class Agent:
    """Raises what it is told, then says hello."""

    def __init__(self, *troubles: LocalAPIError) -> None:
        self.troubles = list(troubles)

    async def __call__(self) -> Hello:
        if self.troubles:
            raise self.troubles.pop(0)
        return parse_hello(HELLO)


async def test_an_agent_may_take_a_while_to_answer() -> None:
    time = Time()
    silent = [AnswerTimeoutError("100.64.0.9:3621", "no answer")] * 5

    hello = await Greeter(Agent(*silent), time, time.sleep).greet()

    assert hello.agent.version == "0.1.0"


@pytest.mark.parametrize(
    ("trouble", "patience_s"), [(AnswerTimeoutError, GREETING_S), (AccessDeniedError, REFUSAL_S)], ids=["silent", "no"]
)
async def test_patience_with_an_agent_ends(trouble: type[LocalAPIError], patience_s: float) -> None:
    time = Time()
    lasting = [trouble("100.64.0.9:3621", "still no")] * 100

    with pytest.raises(trouble, match="still no"):
        await Greeter(Agent(*lasting), time, time.sleep).greet()

    assert time.now_s == patience_s
