"""Reading, completing and remembering command lines, without a screen."""

from __future__ import annotations

import pytest

from tests.ui import pictures
from tsym_tui.fleet.questions import QUESTIONS
from tsym_tui.ui.line import ORDERS, Known, Line, LineError, LineHistory, complete, hint_for, read_line

HOME = tuple(pictures.home().nodes.values())
KNOWN = Known(
    names=("probe", "logs", "netcheck"),
    nodes=HOME,
    node_names=("laptop", "nas", "tv"),
    themes=("dark", "light"),
    layouts=("rings", "sites"),
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("map", Line("map")),
        (":map tag:web", Line("map", "tag:web")),
        ("  nodes   os:linux offline ", Line("nodes", "os:linux offline")),
        ("netc", Line("netcheck")),
        ("q", Line("q")),
    ],
)
def test_a_line_is_a_word_and_the_rest(text: str, line: Line) -> None:
    assert read_line(text, KNOWN.names) == line


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "write a word"), ("matrx", "did you mean matrix"), ("ma", "ma may be map or mark or matrix"), ("zzz", "zzz")],
)
def test_a_line_that_means_nothing_says_so(text: str, words: str) -> None:
    with pytest.raises(LineError, match=words):
        read_line(text, KNOWN.names)


def test_quotes_hold_words_together_and_must_be_closed() -> None:
    assert Line("open", '"my tv" nas').parts == ["my tv", "nas"]
    with pytest.raises(LineError, match="quote"):
        _ = Line("open", '"my tv').parts


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("ma", ("matrix", "map", "mark")),
        ("map os:l", ("os:linux",)),
        ("map laptop os:l", ("os:linux",)),
        ("ping n", ("nas",)),
        ("ping nas t", ("tv",)),
        ("theme l", ("light",)),
        ("layout ", ("rings", "sites")),
        ("set tr", ("trunks-above",)),
        ("set trunks-above ", ()),
        ("get whoi", ("whois",)),
        ("get whois ad", ("addr=",)),
        ("get whois addr=n", ("nas",)),
        ("get ping type=IC", ("ICMP",)),
        ("get netcheck --on os:l", ("os:linux",)),
        ("q ", ()),
    ],
)
def test_a_line_is_completed_by_what_may_stand_there(text: str, choices: tuple[str, ...]) -> None:
    assert complete(text, KNOWN).choices == choices


@pytest.mark.parametrize("text", ["map os:l", "get whois addr=n", "get netcheck --on os:l", "ping nas t", "ma"])
def test_a_completion_takes_the_place_of_what_was_typed(text: str) -> None:
    found = complete(text, KNOWN)

    assert found.choices[0].startswith(text[found.start :])


@pytest.mark.parametrize("name", ORDERS)
def test_every_word_says_what_it_wants(name: str) -> None:
    assert ORDERS[name].words in hint_for(name)


def test_the_history_goes_back_and_keeps_what_was_being_typed() -> None:
    history = LineHistory()
    for text in ("map", "nodes", "map"):
        history.add(text)

    assert [history.step(step, "ma") for step in (-1, -1, -1, 1, 1)] == ["map", "nodes", "nodes", "map", "ma"]


def test_the_examples_of_the_empty_line_can_be_written() -> None:
    examples = hint_for("").partition(";")[0].split(", ")
    asked = next(one.split()[1] for one in examples if one.startswith("get "))

    assert asked in QUESTIONS
    assert {one.split()[0] for one in examples} <= ORDERS.keys()
