"""Who is let in, by what, and with which commands."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.unit.server.visitors import FakeWho, request, visitor
from tsym_agent.localapi.registry import COMMANDS, READS
from tsym_agent.model.hello import Admission
from tsym_agent.model.hosts import Rights
from tsym_agent.model.netmap import Hostinfo
from tsym_agent.model.whois import WhoIs
from tsym_agent.server.identity import FRESH_S, Admitted, DevGate, Gate, Owner, Rules, grant_example
from tsym_agent.server.problems import Problem, ProblemError

TAG = "tag:tsymbiote-webui"
USUAL = Rules()
SENSITIVE = frozenset(name for name, command in READS.items() if command.is_sensitive)


async def admit(who: WhoIs, rules: Rules = USUAL, owner: Owner | None = None) -> Admitted:
    async def find_owner() -> Owner | None:
        return owner

    return await Gate(FakeWho(**{"100_64_0_9": who}), rules, owner=find_owner).admit(request())


async def refusal(who: WhoIs, rules: Rules = USUAL, owner: Owner | None = None) -> Problem:
    with pytest.raises(ProblemError) as caught:
        await admit(who, rules, owner)
    return caught.value.problem


def commands(admitted: Admitted) -> frozenset[str]:
    return frozenset(name for name, command in COMMANDS.items() if admitted.permissions.permits(command))


async def test_a_tagged_node_may_run_all_that_reads() -> None:
    admitted = await admit(visitor(TAG))

    assert (admitted.caller.via, admitted.caller.tags, admitted.caller.login) == (Admission.TAG, (TAG,), None)
    assert commands(admitted) == set(READS)
    assert (admitted.permissions.may.commands, admitted.permissions.may.write) == (("*",), False)


async def test_another_tag_is_named_with_all_that_would_help() -> None:
    said = await refusal(visitor("tag:ci"))

    assert (said.status, said.code) == (403, "not-allowed")
    assert "laptop.example.ts.net (tagged tag:ci)" in said.detail
    assert TAG in said.hint
    assert '"src":["tag:ci"]' in said.hint
    assert "--allow-owner" not in said.hint


async def test_the_agent_can_be_told_of_another_tag() -> None:
    rules = Rules(allowed_tag="tag:ops")

    assert (await admit(visitor("tag:ops"), rules)).caller.via is Admission.TAG
    assert (await refusal(visitor(TAG), rules)).code == "not-allowed"


async def test_a_listed_user_is_let_in_however_the_name_is_cased() -> None:
    rules = Rules(allowed_users=frozenset({"Alice@example.com"}))
    admitted = await admit(visitor(login="alice@example.com"), rules)

    assert (admitted.caller.via, admitted.caller.login) == (Admission.USER, "alice@example.com")
    assert commands(admitted) == set(READS)


@pytest.mark.parametrize("listed", ["bob", "bob@", "Bob@"])
async def test_users_of_headscale_may_be_written_as_its_policy_does(listed: str) -> None:
    assert (await admit(visitor(login="bob"), Rules(allowed_users=frozenset({listed})))).caller.via is Admission.USER
    assert '"src":["bob@"]' in (await refusal(visitor(login="bob"))).hint


@pytest.mark.parametrize("login", ["\u017fam@example.com", "sa\u212a@example.com"], ids=["long s", "Kelvin sign"])
async def test_letters_that_only_fold_to_those_of_a_listed_user_are_other_letters(login: str) -> None:
    rules = Rules(allowed_users=frozenset({"sam@example.com", "sak@example.com"}))

    assert (await refusal(visitor(login=login), rules)).code == "not-allowed"


async def test_a_user_who_is_not_listed_hears_of_the_flag_with_their_name() -> None:
    said = await refusal(visitor(login="bob@example.com"), Rules(allowed_users=frozenset({"alice@example.com"})))

    assert "--allowed-users=bob@example.com" in said.hint
    assert "alice" not in said.hint + said.detail


async def test_the_owner_is_let_in_only_when_that_is_asked_for() -> None:
    owner = Owner(7, "alice@example.com")
    who = visitor(login="alice@example.com", user_id=7)

    assert (await admit(who, Rules(allow_owner=True), owner)).caller.via is Admission.OWNER
    assert "--allow-owner" in (await refusal(who, Rules(), owner)).hint


@pytest.mark.parametrize("who", [visitor(login="bob@example.com", user_id=8), visitor("tag:ci", user_id=7)])
async def test_nobody_else_is_the_owner(who: WhoIs) -> None:
    said = await refusal(who, Rules(allow_owner=True), Owner(7, "alice@example.com"))

    assert "owner" not in said.hint
    assert "alice" not in said.hint


async def test_who_is_let_in_anyway_does_not_wait_for_the_owner() -> None:
    async def never() -> Owner | None:
        await asyncio.Event().wait()
        return None

    gate = Gate(FakeWho(**{"100_64_0_9": visitor(TAG)}), Rules(allow_owner=True), owner=never)
    async with asyncio.timeout(5):
        admitted = await gate.admit(request())

    assert admitted.caller.via is Admission.TAG


async def test_nobody_owns_a_host_without_an_owner() -> None:
    assert (await refusal(visitor(login="x", user_id=0), Rules(allow_owner=True), None)).code == "not-allowed"


async def test_tagged_nodes_are_never_a_user() -> None:
    rules = Rules(allowed_users=frozenset({"tagged-devices"}))

    assert (await refusal(visitor("tag:ci"), rules)).code == "not-allowed"


async def test_tags_of_another_tailnet_are_not_ours() -> None:
    assert (await refusal(visitor(TAG, sharer=12))).code == "not-allowed"


async def test_tags_of_somebody_we_shared_with_are_not_ours() -> None:
    who = visitor(TAG)
    foreign = msgspec.structs.replace(who, node=msgspec.structs.replace(who.node, hostinfo=Hostinfo(sharee_node=True)))

    assert (await refusal(foreign)).code == "not-allowed"


GRANTS = [
    ([{"commands": ["status", "ping"]}], {"status", "ping", "health", "peer-map"}),
    ([{"commands": ["status"]}, {"commands": ["ping"]}], {"status", "ping", "health", "peer-map"}),
    ([{"commands": ["health"]}], {"health"}),
    ([{"commands": ["logs"]}], {"logs"}),
    ([{"commands": ["*"]}], set(READS)),
    ([{"commands": []}], set()),
    ([{"commands": ["no-such-command"]}], set()),
    ([{}], set(READS) - SENSITIVE),
    ([], set(READS) - SENSITIVE),
    ([{"commands": "status"}], set()),
    (["status"], set()),
    ([{"commands": ["status"], "later": {"x": 1}}], {"status", "health", "peer-map"}),
]


@pytest.mark.parametrize(("grants", "expected"), GRANTS)
@pytest.mark.parametrize("tags", [(), (TAG,)])
async def test_a_grant_is_the_last_word(tags: tuple[str, ...], grants: object, expected: set[str]) -> None:
    admitted = await admit(visitor(*tags, grants=grants))

    assert commands(admitted) == expected
    assert admitted.caller.via is (Admission.TAG if tags else Admission.CAPABILITY)


async def test_a_capability_without_values_is_a_grant() -> None:
    who = visitor()
    present = msgspec.structs.replace(who, cap_map={"tsym.dev/cap/agent": None})

    assert commands(await admit(present)) == set(READS) - SENSITIVE


async def test_a_capability_of_another_domain_counts_only_where_it_is_asked_for() -> None:
    who = visitor(grants=[{"commands": ["*"]}])

    assert (await refusal(who, Rules(capability="example.com/cap/agent"))).code == "not-allowed"


WRITING = [
    ([{"commands": ["*"], "write": True}], True, True),
    ([{"commands": ["*"], "write": True}], False, False),
    ([{"commands": ["*"]}], True, False),
    ([{"commands": ["restun"], "write": True}], True, True),
    ([{"commands": ["restun"]}, {"commands": ["status"], "write": True}], True, False),
]


@pytest.mark.parametrize(("grants", "allow_write", "expected"), WRITING)
async def test_acting_takes_a_grant_and_the_flag(grants: object, allow_write: bool, expected: bool) -> None:
    admitted = await admit(visitor(TAG, grants=grants), Rules(allow_write=allow_write))

    assert admitted.permissions.permits(COMMANDS["restun"]) is expected
    assert admitted.permissions.may.write is expected


async def test_a_tag_alone_never_acts() -> None:
    admitted = await admit(visitor(TAG), Rules(allow_write=True))

    assert not admitted.permissions.permits(COMMANDS["rebind"])


async def test_an_address_nobody_has_is_refused_and_not_remembered() -> None:
    who = FakeWho()
    gate = Gate(who, Rules())
    with pytest.raises(ProblemError) as caught:
        await gate.admit(request())
    who.know("100.64.0.9", visitor(TAG))

    assert caught.value.problem.code == "not-allowed"
    assert (await gate.admit(request())).caller.id == "n-laptop"


async def test_a_silent_daemon_admits_nobody() -> None:
    who = FakeWho(**{"100_64_0_9": visitor(TAG)})
    who.is_silent = True
    with pytest.raises(ProblemError) as caught:
        await Gate(who, Rules()).admit(request())

    assert (caught.value.problem.status, caught.value.problem.code) == (503, "daemon-unreachable")


async def test_a_daemon_that_never_answers_admits_nobody_and_holds_nobody_for_long() -> None:
    class Hanging(FakeWho):
        async def who_is(self, addr: str, proto: str | None = None) -> WhoIs:
            await asyncio.Event().wait()
            return await super().who_is(addr, proto)

    async with asyncio.timeout(5):
        with pytest.raises(ProblemError) as caught:
            await Gate(Hanging(), Rules(), whois_s=0.01).admit(request())

    assert (caught.value.problem.status, caught.value.problem.code) == (504, "daemon-timeout")


ANYBODYS = frozenset(name for name, command in READS.items() if command.right is not Rights.WRITE)


@pytest.mark.parametrize("grants", [None, [{"commands": ["*"], "write": True}]], ids=["by its tag", "by a grant"])
async def test_the_host_itself_may_only_what_its_daemon_lets_every_local_user(grants: object) -> None:
    """Behind the host's own address is any user of the host, and the agent may be root."""
    who = FakeWho(**{"100_64_0_9": visitor(TAG, grants=grants)})
    gate = Gate(who, Rules(allow_write=True), own_id=lambda: "n-laptop")
    admitted = await gate.admit(request())

    assert commands(admitted) == ANYBODYS
    assert "sudo" in admitted.permissions.limit


async def test_a_caller_on_a_socket_of_this_machine_is_nobody() -> None:
    with pytest.raises(ProblemError):
        await Gate(FakeWho(), Rules()).admit(request(remote=None))


async def test_whois_is_asked_with_port_and_protocol() -> None:
    who = FakeWho(**{"100_64_0_9": visitor(TAG)})
    who.know("[fd7a::9]", visitor(TAG))
    gate = Gate(who, Rules())
    await gate.admit(request())
    await gate.admit(request(remote=("fd7a::9", 4)))

    assert who.asked == [("100.64.0.9:51000", "tcp"), ("[fd7a::9]:4", "tcp")]


async def test_an_answer_holds_for_some_seconds_whatever_the_port() -> None:
    now_s = 0.0
    who = FakeWho(**{"100_64_0_9": visitor(TAG)})
    gate = Gate(who, Rules(), clock=lambda: now_s)
    await gate.admit(request())
    await gate.admit(request(remote=("100.64.0.9", 52000)))
    asked_before = len(who.asked)
    now_s = FRESH_S
    who.know("100.64.0.9", visitor("tag:ci"))
    with pytest.raises(ProblemError):
        await gate.admit(request())

    assert (asked_before, len(who.asked)) == (1, 2)


async def test_behind_a_userspace_daemon_a_port_is_asked_about_each_time() -> None:
    """A port belongs to one connection; the next one on it may be somebody else's."""
    who = FakeWho(**{"127_0_0_1": visitor(TAG)})
    gate = Gate(who, Rules(), by_port=lambda: True)
    await gate.admit(request(remote=("127.0.0.1", 40000)))
    who.know("127.0.0.1", visitor("tag:ci"))
    with pytest.raises(ProblemError):
        await gate.admit(request(remote=("127.0.0.1", 40000)))

    assert len(who.asked) == 2


async def test_behind_a_userspace_daemon_a_port_that_two_share_is_nobodys() -> None:
    gate = Gate(
        FakeWho(**{"127_0_0_1": visitor(TAG)}), Rules(), by_port=lambda: True, is_shared=lambda port: port == 40000
    )
    with pytest.raises(ProblemError) as caught:
        await gate.admit(request(remote=("127.0.0.1", 40000)))

    assert caught.value.problem.code == "not-allowed"
    assert (await gate.admit(request(remote=("127.0.0.1", 40001)))).caller.via is Admission.TAG


async def test_whose_other_connection_ends_while_it_is_looked_for_is_nobody() -> None:
    who = FakeWho(**{"127_0_0_1": visitor(TAG)})

    def ends(_: int) -> bool:
        who.known.clear()
        return False

    with pytest.raises(ProblemError):
        await Gate(who, Rules(), by_port=lambda: True, is_shared=ends).admit(request(remote=("127.0.0.1", 40000)))


async def test_strangers_have_nobody_look_at_their_port() -> None:
    looked: list[int] = []

    def look(port: int) -> bool:
        looked.append(port)
        return False

    gate = Gate(FakeWho(**{"127_0_0_1": visitor("tag:ci")}), Rules(), by_port=lambda: True, is_shared=look)
    with pytest.raises(ProblemError):
        await gate.admit(request(remote=("127.0.0.1", 40000)))

    assert looked == []


async def test_a_scraper_with_its_tag_may_have_metrics_and_nothing_else() -> None:
    gate = Gate(FakeWho(**{"100_64_0_9": visitor("tag:prometheus")}), Rules(metrics_tag="tag:prometheus"))
    admitted = await gate.admit_scraper(request("/metrics"))
    with pytest.raises(ProblemError):
        await gate.admit(request())

    assert admitted.permissions.permits(COMMANDS["status"])


async def test_without_a_metrics_tag_scrapers_are_like_everybody() -> None:
    gate = Gate(FakeWho(**{"100_64_0_9": visitor("tag:prometheus")}), Rules())
    with pytest.raises(ProblemError):
        await gate.admit_scraper(request("/metrics"))


async def test_a_developer_reads_all_and_acts_only_if_asked() -> None:
    plain = await DevGate().admit(request(remote=("127.0.0.1", 1)))
    writing = await DevGate(allow_write=True).admit(request(remote=("127.0.0.1", 1)))

    assert commands(plain) == set(READS)
    assert commands(writing) == set(COMMANDS)
    assert plain.caller.via is Admission.DEV


def test_the_example_is_a_grant() -> None:
    grant = msgspec.json.decode(grant_example("alice@example.com", "100.64.0.1"))

    assert grant == {
        "src": ["alice@example.com"],
        "dst": ["100.64.0.1"],
        "ip": ["tcp:3621"],
        "app": {"tsym.dev/cap/agent": [{"commands": ["*"]}]},
    }
