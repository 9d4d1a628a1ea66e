"""A picture that follows another one says the same as one that was read from nothing."""

from __future__ import annotations

import random

import msgspec
import pytest

from tests.bench.crowds import crowd
from tests.ui import pictures
from tests.ui.pictures import dead, host, node, pair, ref, snapshot
from tsym_agent.model.paths import PathKind, SampleState
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.ui.digests import digest
from tsym_tui.ui.views import Picture, read_picture


def said(picture: Picture) -> object:
    """Return all that a picture says."""
    sums = picture.digest
    return (
        picture.problems,
        sums.order,
        {ref: (sums.sum_of(ref), sums.kind_of(ref), sums.name_of(ref)) for ref in sums.order},
        (sums.fresh_pairs, sums.wanted_pairs),
        dict(sums.endpoints),
        [(sums.incoming.get(ref), sums.outgoing.get(ref), sums.neighbours(ref)) for ref in sums.order],
    )


def changed(before: Snapshot, chance: random.Random, count: int) -> Snapshot:
    """Let some pairs stand otherwise, and some nodes say something else of themselves."""
    pairs, nodes = dict(before.pairs), dict(before.nodes)
    for key in chance.choices(list(pairs), k=count):
        path = chance.choice(list(PathKind))
        pairs[key] = msgspec.structs.replace(
            pairs[key],
            state=chance.choice(list(SampleState)),
            path=path,
            p50_ms=chance.choice([None, 3.0, 400.0]),
            age_s=chance.choice([None, 1.0, 200.0]),
            endpoint=f"192.0.2.{chance.randrange(4)}:41641" if path is PathKind.DIRECT else None,
            peer_relay=f"192.0.2.{chance.randrange(4)}:7:vni:1" if path is PathKind.PEER_RELAY else None,
        )
    for one in chance.sample(list(nodes), min(3, count)):
        nodes[one] = msgspec.structs.replace(
            nodes[one], os=chance.choice(["linux", "iOS"]), online=chance.random() < 0.5
        )
    return msgspec.structs.replace(before, pairs=pairs, nodes=nodes, revision=before.revision + 1)


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_that_follows_says_what_one_from_nothing_says(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    now = changed(crowd(40, 12, seed), chance, 300)
    picture = read_picture(now)

    for count in (1, 0, 40, 200, 3):
        now = changed(now, chance, count)
        picture = read_picture(now, picture)
        assert said(picture) == said(read_picture(now))


def test_nodes_may_come_and_go_between_pictures() -> None:
    before = crowd(20, 5)
    gone = next(reversed(before.nodes))
    after = msgspec.structs.replace(
        before,
        nodes={key: one for key, one in before.nodes.items() if key != gone},
        pairs={key: one for key, one in before.pairs.items() if gone not in key},
    )

    assert said(read_picture(after, read_picture(before))) == said(read_picture(after))


def test_a_host_that_falls_silent_is_told_though_no_pair_has_changed() -> None:
    before = pictures.home()
    fallen = tuple(msgspec.structs.replace(one, name=f"{one.name}-2", age_s=9.0) for one in before.hosts)
    after = msgspec.structs.replace(before, hosts=fallen)
    picture = read_picture(before)
    said(picture)

    assert said(read_picture(after, picture)) == said(read_picture(after))


def test_what_is_known_of_a_pair_that_did_not_change_is_not_read_again() -> None:
    before = snapshot([node("a"), node("b"), node("c")], [dead("a", "b"), pair("a", "c")], [host("a")])
    first = read_picture(before)
    news = pair("a", "c", PathKind.DERP, 50)
    after = msgspec.structs.replace(before, pairs=before.pairs | {news.key: news})
    second = digest(after, first.digest)

    assert list(second.news or ()) == [1]
    assert second.places is first.digest.places
    assert second.names is first.digest.names
    assert second.arriving[ref("b")] is first.digest.arriving[ref("b")]


def test_a_picture_from_before_stays_as_it_was() -> None:
    before = snapshot([node("a"), node("b")], [pair("a", "b")], [host("a")])
    picture = read_picture(before)
    news = dead("a", "b")
    read_picture(msgspec.structs.replace(before, pairs={news.key: news}), picture)

    assert picture.digest.sum_of(ref("b")).fresh == 1
    assert picture.digest.fresh_pairs == 1
