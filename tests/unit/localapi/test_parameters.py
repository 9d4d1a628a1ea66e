"""Values of parameters: what is taken, how it is spelled, and what is not taken."""

from __future__ import annotations

import pytest

from tsym_agent.localapi.commands import Command, Question
from tsym_agent.localapi.parameters import Parameter, ValueKind
from tsym_agent.localapi.registry import COMMANDS

KINDS = {
    ValueKind.TEXT: Parameter("p", "", ValueKind.TEXT),
    ValueKind.IP: Parameter("p", "", ValueKind.IP),
    ValueKind.ADDRESS: Parameter("p", "", ValueKind.ADDRESS),
    ValueKind.NUMBER: Parameter("p", "", ValueKind.NUMBER, least=1, most=50),
    ValueKind.FLAG: Parameter("p", "", ValueKind.FLAG),
    ValueKind.CHOICE: Parameter("p", "", ValueKind.CHOICE, choices=("disco", "TSMP")),
    ValueKind.DNS_NAME: Parameter("p", "", ValueKind.DNS_NAME),
    ValueKind.WORD: Parameter("p", "", ValueKind.WORD),
}


@pytest.mark.parametrize(
    ("kind", "given", "spelled"),
    [
        (ValueKind.TEXT, "a b", "a b"),
        (ValueKind.IP, "FD7A:115C:a1e0::0001", "fd7a:115c:a1e0::1"),
        (ValueKind.ADDRESS, "100.64.0.1:80", "100.64.0.1:80"),
        (ValueKind.ADDRESS, "[fd7a::1]:443", "[fd7a::1]:443"),
        (ValueKind.ADDRESS, "100.64.0.1", "100.64.0.1"),
        (ValueKind.ADDRESS, f"nodekey:{'a' * 64}", f"nodekey:{'a' * 64}"),
        (ValueKind.NUMBER, "007", "7"),
        (ValueKind.FLAG, "T", "true"),
        (ValueKind.FLAG, "0", "false"),
        (ValueKind.CHOICE, "tsmp", "TSMP"),
        (ValueKind.DNS_NAME, "a-b.example.com.", "a-b.example.com."),
        (ValueKind.WORD, "Device", "Device"),
    ],
)
def test_a_good_value_is_spelled_one_way(kind: ValueKind, given: str, spelled: str) -> None:
    assert KINDS[kind].canonical(given) == spelled


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (ValueKind.TEXT, "a\nb"),
        (ValueKind.TEXT, "x" * 257),
        (ValueKind.IP, "100.64.0.1:80"),
        (ValueKind.IP, "fe80::1%eth0"),
        (ValueKind.IP, "١٠٠.64.0.1"),
        (ValueKind.ADDRESS, "100.64.0.1:0"),
        (ValueKind.ADDRESS, "nodekey:xyz"),
        (ValueKind.NUMBER, "0"),
        (ValueKind.NUMBER, "51"),
        (ValueKind.NUMBER, "٣"),
        (ValueKind.NUMBER, "1e1"),
        (ValueKind.FLAG, "yes"),
        (ValueKind.CHOICE, "disco "),
        (ValueKind.DNS_NAME, "a..b"),
        (ValueKind.DNS_NAME, "a/b"),
        (ValueKind.WORD, "../x"),
        (ValueKind.WORD, ""),
    ],
)
def test_a_bad_value_is_refused_with_what_is_wanted(kind: ValueKind, given: str) -> None:
    with pytest.raises(ValueError, match="wanted"):
        KINDS[kind].canonical(given)


def test_what_is_always_sent_cannot_be_overridden() -> None:
    with pytest.raises(ValueError, match="no parameter 'action'"):
        COMMANDS["restun"].question({"action": "shutdown"})

    assert COMMANDS["restun"].question({}) == Question("POST", "debug", {"action": "restun"})


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_every_command_has_a_plain_name_and_words(command: Command) -> None:
    assert command.name.replace("-", "").isalnum()
    assert command.words
    assert command.method in {"GET", "POST"}
