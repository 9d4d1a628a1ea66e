"""Answers as tables."""

from __future__ import annotations

import pytest

from tsym_agent.localapi.registry import COMMANDS
from tsym_agent.model.payload import PayloadError
from tsym_tui.fleet.sheets import Sheet, read_answer, sheet_of


def sheet(name: str, body: bytes) -> Sheet:
    return sheet_of(COMMANDS[name], read_answer(COMMANDS[name], body))


def test_a_list_of_things_is_a_row_each_and_nested_members_come_last() -> None:
    made = sheet("services", b'[{"Addrs": {"v4": 1}, "Name": "a"}, {"Name": "b", "Port": 80}]')

    assert (made.columns, made.rows) == (("Name", "Port", "Addrs"), (("a", "-", '{"v4":1}'), ("b", "80", "-")))


def test_things_by_key_keep_their_key() -> None:
    assert sheet("services", b'{"svc:x": {"Name": "a"}}').rows == (("svc:x", "a"),)


def test_an_object_is_its_members_by_path() -> None:
    assert sheet("dns-config", b'{"A": {"B": true}, "C": ["x", "y"]}').rows == (("A.B", "yes"), ("C", "x, y"))


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}"])
def test_nothing_is_said_in_words(body: bytes) -> None:
    assert sheet("dns-config", body).rows == (("nothing",),)


def test_text_stays_text_and_cannot_act_on_a_terminal() -> None:
    made = sheet("user-metrics", b"x 1\n\x1b[31my 2")

    assert (made.is_text, made.rows) == (True, (("x 1",), ("\ufffd[31my 2",)))


def test_a_status_is_one_row() -> None:
    body = b'{"BackendState": "Running", "Self": {"DNSName": "a.x."}, "Peer": {"k": {"Online": true}, "l": {}}}'

    assert sheet("status", body).rows == (("Running", "a.x", "-", "", "1 of 2 online", "", ""),)


def test_a_part_of_an_answer_is_what_is_meant() -> None:
    assert read_answer(COMMANDS["health"], b'{"Health": ["bad"], "Self": {}}') == ["bad"]


def test_nonsense_is_no_answer() -> None:
    with pytest.raises(PayloadError, match="not JSON"):
        read_answer(COMMANDS["prefs"], b"<html>")


def test_what_is_nested_without_end_is_no_answer() -> None:
    with pytest.raises(PayloadError, match="nested"):
        read_answer(COMMANDS["dns-config"], b"[" * 300 + b"]" * 300)


@pytest.mark.parametrize("name", ["status", "peer-map", "whois", "derp-map", "health"])
@pytest.mark.parametrize("body", [b"7", b'"x"', b"[1]", b'{"Peer": 3, "Regions": [1], "Node": 1, "Health": "x"}'])
def test_known_answers_of_another_shape_are_still_laid_out(name: str, body: bytes) -> None:
    assert sheet(name, body).rows


def test_a_dns_answer_is_read_from_its_bytes() -> None:
    body = b'{"Bytes": "AAeBgAABAAEAAAAAA25hcwAAAQABwAwAAQABAAACWAAEZEAAAg==", "Resolvers": [{"Addr": "192.0.2.53"}]}'

    assert sheet("dns-query", body).rows == (("no error", "nas", "A", "100.64.0.2", "600 s", "192.0.2.53"),)


def test_a_dns_answer_that_makes_no_sense_is_shown_as_it_is() -> None:
    assert sheet("dns-query", b'{"Bytes": "AAA="}').rows == (("Bytes", "AAA="),)
