"""What differs between answers."""

from __future__ import annotations

import tracemalloc

from tsym_tui.fleet.differences import Value, compare


def places(*answers: Value) -> dict[str, dict[str | None, tuple[int, ...]]]:
    return {spread.path: dict(spread.values) for spread in compare(answers)}


def test_equal_answers_do_not_differ() -> None:
    assert places({"A": 1, "B": [1, 2]}, {"B": [1, 2], "A": 1}) == {}


def test_a_place_says_who_has_which_value_the_commonest_first() -> None:
    found = compare([{"A": {"B": 1}}, {"A": {"B": 2}}, {"A": {"B": 2}}])

    assert [(spread.path, spread.values) for spread in found] == [("A.B", (("2", (1, 2)), ("1", (0,))))]


def test_what_one_host_lacks_is_no_value() -> None:
    assert places({"A": 1}, {}) == {"A": {"1": (0,), None: (1,)}}


def test_null_is_a_value_and_not_a_lack() -> None:
    assert places({"A": None}, {}) == {"A": {"null": (0,), None: (1,)}}


def test_named_things_in_another_order_do_not_differ() -> None:
    assert places([{"Name": "x", "V": 1}, {"Name": "y", "V": 2}], [{"Name": "y", "V": 2}, {"Name": "x", "V": 1}]) == {}


def test_a_thing_that_is_lacking_is_one_place() -> None:
    thing: Value = {"Name": "x", "A": 1, "B": 2, "C": 3}

    assert places([thing], [{"Name": "y", "D": 1}]) == {
        "[x]": {"4 members": (0,), None: (1,)},
        "[y].Name": {'"y"': (1,), None: (0,)},
        "[y].D": {"1": (1,), None: (0,)},
    }


def test_things_by_key_are_named_as_people_do_and_one_that_is_lacking_is_one_place() -> None:
    def peer(name: str) -> dict[str, Value]:
        return {"DNSName": name, "HostName": "same", "Online": True, "OS": "linux"}

    assert places(
        {"Peer": {"nodekey:1": peer("a.x."), "nodekey:2": peer("b.x.")}}, {"Peer": {"nodekey:1": peer("a.x.")}}
    ) == {
        "Peer[b.x.]": {"4 members": (0,), None: (1,)},
    }


def test_things_by_number_are_named_as_people_do() -> None:
    assert places(
        {"Regions": {"1": {"RegionID": 1, "RegionCode": "fra", "Name": "a"}, "2": {"RegionCode": "nyc"}}},
        {"Regions": {"1": {"RegionID": 1, "RegionCode": "fra", "Name": "b"}, "2": {"RegionCode": "nyc"}}},
    ) == {"Regions[fra].Name": {'"a"': (0,), '"b"': (1,)}}


def test_counters_are_compared_by_name_and_comments_are_not() -> None:
    assert places('# HELP x\nx{path="derp"} 1\ny 2', 'x{path="derp"} 3\ny 2\n') == {
        'x{path="derp"}': {"1": (0,), "3": (1,)}
    }


def test_other_text_is_compared_line_by_line() -> None:
    assert places("one\ntwo", "two\nthree") == {
        "one": {"present": (0,), None: (1,)},
        "three": {"present": (1,), None: (0,)},
    }


def test_what_is_the_same_takes_no_memory() -> None:
    def seen_from(host: int) -> dict[str, Value]:
        peers: dict[str, Value] = {f"nodekey:{number}": {"DNSName": f"n{number}.x."} for number in range(500)}
        return {"Self": host, "Peer": peers}

    answers: list[Value] = [seen_from(host) for host in range(50)]
    tracemalloc.start()
    try:
        found = compare(answers)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert [spread.path for spread in found] == ["Self"]
    assert peak < 200_000
