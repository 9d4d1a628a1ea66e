"""The allow-list: what becomes a question, and that nothing else does."""

from __future__ import annotations

import pytest

from tsym_agent.localapi.commands import Command
from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.server.allow import MOST_BODY, Asked, read_question, target_of
from tsym_agent.server.problems import ProblemError
from tsym_agent.wire.exchange import Request

LOCALAPI = "/localapi/v0/"


def ask(target: str, method: str = "GET", body: bytes = b"") -> Asked:
    return read_question(Request(method, LOCALAPI + target, (("host", "x"),), body))


def code_of(target: str, method: str = "GET", body: bytes = b"", prefix: str = LOCALAPI) -> str:
    """Return the code of the problem that a request gets."""
    with pytest.raises(ProblemError) as refused:
        read_question(Request(method, prefix + target, (("host", "x"),), body))
    return refused.value.problem.code


EXAMPLES = {
    "ip": "100.64.0.2",
    "type": "disco",
    "addr": "100.64.0.2:41641",
    "id": "7",
    "region": "fra",
    "name": "example.com",
}
"""A good value for each parameter that some command wants; `pprof` and `dns-query` have their own words for two."""


def example(command: Command) -> dict[str, str]:
    """Return values that a command takes."""
    required = [parameter for parameter in command.parameters if parameter.is_required]
    return {parameter.name: (parameter.choices or (EXAMPLES[parameter.name],))[0] for parameter in required}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_every_command_of_the_registry_is_read_back(command: Command) -> None:
    question = command.question(example(command))
    asked = ask(target_of(question).removeprefix(LOCALAPI), question.method)

    assert asked.question == question
    assert command in (asked.command, *asked.narrower)


@pytest.mark.parametrize(
    ("target", "method", "name", "upstream"),
    [
        ("status", "GET", "status", "status"),
        ("status?peers=0", "GET", "status", "status?peers=false"),
        ("status?peers=false", "GET", "status", "status?peers=false"),
        ("status?peers=%66", "GET", "status", "status?peers=false"),
        ("ping?ip=100.64.0.2&type=DISCO", "POST", "ping", "ping?ip=100.64.0.2&type=disco"),
        ("ping?ip=FD7A:115C:A1E0:0::1&type=icmp", "POST", "ping", "ping?ip=fd7a%3A115c%3Aa1e0%3A%3A1&type=ICMP"),
        ("whois?addr=%5Bfd7a::1%5D:80", "GET", "whois", "whois?addr=%5Bfd7a%3A%3A1%5D%3A80"),
        ("whois?svc_name=a+b%2Bc&addr=1.2.3.4", "GET", "whois", "whois?svc_name=a+b%2Bc&addr=1.2.3.4"),
        ("debug?action=restun", "POST", "restun", "debug?action=restun"),
        ("policy/", "GET", "policy", "policy/"),
        ("policy/Device", "GET", "policy", "policy/Device"),
        ("profiles/", "GET", "profiles", "profiles/"),
        ("profiles/current", "GET", "current-profile", "profiles/current"),
        ("watch-ipn-bus", "GET", "ipn-bus", "watch-ipn-bus"),
        ("watch-ipn-bus?mask=61570", "GET", "ipn-bus", "watch-ipn-bus?mask=61570"),
        ("watch-ipn-bus?mask=9", "GET", "ipn-bus", "watch-ipn-bus?mask=0"),
        ("watch-ipn-bus?mask=0139", "GET", "ipn-bus", "watch-ipn-bus?mask=130"),
    ],
)
def test_a_question_is_spelled_anew(target: str, method: str, name: str, upstream: str) -> None:
    asked = ask(target, method)

    assert (asked.command.name, asked.target) == (name, LOCALAPI + upstream)


@pytest.mark.parametrize(
    "target",
    [
        "st%61tus", "status/", "/status", "./status", "../status", "status/..", "status%2F", "Status", "STATUS", "",
        "status;x=1", "status%3Fpeers=false", "status%00", "status#x", "status ", "localapi/v0/status", "profiles",
        "profiles/1234", "profiles/current/", "profiles//current", "policy", "shutdown", "logout", "dial",
        "update/install", "cert/example.com", "files/", "file-put/n1/x", "set-udp-gro-forwarding", "id-token",
        "debug-portmap", "debug-capture", "bugreport", "start", "debug%2dlog", "drive/fileserver-address",
        "component-debug-logging", "upload-client-metrics", "login-interactive", "reset-auth", "tka/init", "health",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_not_in_the_registry_is_no_command(target: str, method: str) -> None:
    assert code_of(target, method) == "no-such-command"


@pytest.mark.parametrize("scope", ["..", "%2e%2e", "a/b", "a%2Fb", ".", "Device?scope=x", "a b", "/", "a;b", "ü"])
def test_a_scope_is_a_word(scope: str) -> None:
    assert code_of(f"policy/{scope}") == "bad-parameter"


@pytest.mark.parametrize(
    "prefix",
    ["/localapi/v1/", "/localapi/", "/", "//localapi/v0/", "/localapi//v0/", "/./localapi/v0/", "/LocalAPI/v0/",
     "/v1/../localapi/v0/", "/localapi/v0/../v0/", "/%6cocalapi/v0/", "http://local-tailscaled.sock/localapi/v0/",
     "http://evil.example/localapi/v0/", "https://x/localapi/v0/"],
)  # fmt: skip
def test_the_path_is_compared_as_it_came(prefix: str) -> None:
    assert code_of("status", prefix=prefix) in {"no-such-page", "no-such-command"}


@pytest.mark.parametrize(
    "query",
    ["peers=true&peers=false", "peers=true&PEERS=false", "peers", "peers=", "peers=maybe", "&", "&&",
     "peers=true&", "=true", "peers=%", "peers=%zz", "peers=%ff", "peers=true;x=1", "x=1", "peers=true&x=1", "wait=1",
     "pe%65rs=false", "peers=false%26x=1", "peers=fa\tlse", "?peers=false", "peers=false#x"],
)  # fmt: skip
def test_a_query_is_read_strictly(query: str) -> None:
    assert code_of(f"status?{query}") == "bad-parameter"


def test_a_value_is_decoded_once() -> None:
    asked = ask("whois?addr=1.2.3.4&svc_name=%2541")

    assert asked.question.query["svc_name"] == "%41"


@pytest.mark.parametrize("value", ["%00", "%0d%0aHost:x", "%1b[2J", "%e2%80%ae", "a" * 257])
def test_a_text_is_printable_and_short(value: str) -> None:
    assert code_of(f"whois?addr=1.2.3.4&svc_name={value}") == "bad-parameter"


@pytest.mark.parametrize(
    ("target", "method", "allowed"),
    [("status", "POST", "GET"), ("status", "HEAD", "GET"), ("ping?ip=1.2.3.4&type=disco", "GET", "POST"),
     ("prefs", "PATCH", "GET"), ("drive/shares", "PUT", "GET"), ("profiles/", "PUT", "GET"), ("status", "get", "GET"),
     ("policy/Device", "POST", "GET"), ("debug?action=restun", "GET", "POST"), ("logtap", "OPTIONS", "GET")],
)  # fmt: skip
def test_a_command_has_one_method(target: str, method: str, allowed: str) -> None:
    with pytest.raises(ProblemError) as refused:
        ask(target, method)

    assert refused.value.problem.code == "method"
    assert refused.value.headers == (("Allow", allowed),)


@pytest.mark.parametrize("action", ["rotate-disco-key", "break-tcp-conns", "notify", "RESTUN", "", "restun%00"])
def test_of_the_debug_actions_only_those_of_the_registry_exist(action: str) -> None:
    assert code_of(f"debug?action={action}", "POST") == "no-such-command"


def test_an_action_is_named_once() -> None:
    assert code_of("debug?action=restun&action=rotate-disco-key", "POST") == "bad-parameter"


@pytest.mark.parametrize("target", ["debug", "debug?", "debug?Action=restun"])
def test_a_debug_question_names_its_action(target: str) -> None:
    assert code_of(target, "POST") == "no-such-command"


@pytest.mark.parametrize("target", ["ping?ip=100.64.0.2&type=disco", "debug?action=restun"])
def test_a_body_would_override_the_query_and_is_refused(target: str) -> None:
    assert code_of(target, "POST", b"ip=100.64.0.9&action=rotate-disco-key") == "bad-parameter"


def test_a_command_that_wants_a_body_gets_it() -> None:
    assert ask("tka/affected-sigs", "POST", b"\x01\x02").body == b"\x01\x02"


def test_a_body_has_a_bound() -> None:
    assert code_of("tka/verify-deeplink", "POST", b"x" * (MOST_BODY + 1)) == "bad-parameter"


def test_a_question_has_a_bound() -> None:
    assert code_of("status?x=" + "a" * 5000) == "bad-parameter"


@pytest.mark.parametrize(
    ("target", "granted", "given"),
    [
        ("status", {"status", "peer-map"}, "status"),
        ("status", {"peer-map"}, "peer-map"),
        ("status", {"health"}, None),
        ("status?peers=false", {"health"}, "health"),
        ("status?peers=false", {"status"}, "status"),
        ("status?peers=false", {"peer-map"}, None),
        ("status?peers=true", {"peer-map", "health"}, None),
        ("prefs", {"status"}, None),
    ],
)
def test_a_caller_is_given_no_more_than_is_granted(target: str, granted: set[str], given: str | None) -> None:
    asked = ask(target).within(lambda command: command.name in granted)

    assert (asked.command.name if asked else None) == given


@pytest.mark.parametrize("target", ["st\x1b[2Jatus", "status?\x1b=1", "policy/\x1b[2J"])
def test_a_problem_quotes_nothing_that_acts_on_a_terminal(target: str) -> None:
    with pytest.raises(ProblemError) as refused:
        ask(target)

    assert b"\x1b" not in refused.value.problem.body()
    assert b"\\u001b" not in refused.value.problem.body()


def test_a_body_does_not_stay_with_the_question() -> None:
    ask("tka/affected-sigs", "POST", b"\x01\x02")

    assert ask("tka/affected-sigs", "POST").body == b""
