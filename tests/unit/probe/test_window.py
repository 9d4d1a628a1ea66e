"""What a pair's samples add up to."""

from __future__ import annotations

import pytest

from tests.unit.probe.fakes import A, B, sample
from tsym_agent.model.pairs import Pair
from tsym_agent.model.paths import PathKind, PingKind, SampleState
from tsym_agent.probe.limits import STALE_AFTER_S, WINDOW_AGE_S
from tsym_agent.probe.window import PassivePath, Sample, Window, percentile


def window(*samples: Sample, closed: int | None = None) -> Window:
    made = Window()
    for one in samples:
        made.add(one)
    if closed is not None:
        made.close_sweep(closed)
    return made


def pair(made: Window, now_s: float = 10.0) -> Pair:
    return made.to_pair(A, B, now_s)


def test_a_pair_nobody_probed_is_never() -> None:
    assert pair(window()).state is SampleState.NEVER


def test_a_pair_nobody_probed_has_no_numbers() -> None:
    made = pair(window())

    assert (made.latency_ms, made.loss, made.age_s, made.samples) == (None, None, None, 0)


def test_an_answered_pair_is_fresh_with_the_class_of_its_pong() -> None:
    made = pair(window(sample(9.0, 4.0, PathKind.DERP)))

    assert (made.state, made.path, made.latency_ms) == (SampleState.FRESH, PathKind.DERP, 4.0)


def test_partial_loss_stays_fresh_and_shows_as_loss() -> None:
    made = pair(window(sample(1.0, 4.0), sample(2.0, None), sample(3.0, None), closed=1))

    assert (made.state, round(made.loss or 0, 3)) == (SampleState.FRESH, 0.667)


def test_a_sweep_without_an_answer_fails_the_pair() -> None:
    assert pair(window(sample(1.0, None), sample(2.0, None), sample(3.0, None), closed=1)).state is SampleState.FAILED


def test_a_sweep_of_one_lost_probe_fails_an_offline_peer() -> None:
    assert pair(window(sample(1.0, None), closed=1)).state is SampleState.FAILED


def test_one_lost_look_between_sweeps_fails_nothing() -> None:
    assert pair(window(sample(1.0, 4.0), sample(6.0, None, sweep=0))).state is SampleState.FRESH


def test_three_lost_looks_in_a_row_fail_the_pair_before_its_next_sweep() -> None:
    lost = (sample(at_s, None, sweep=0) for at_s in (5.0, 10.0, 15.0))

    assert pair(window(sample(1.0, 4.0), *lost), now_s=20.0).state is SampleState.FAILED


def test_three_quick_losses_fail_nothing_while_a_broken_path_is_still_trusted() -> None:
    lost = (sample(at_s, None, sweep=2) for at_s in (2.0, 3.0, 4.0))

    assert pair(window(sample(1.0, 4.0), *lost)).state is SampleState.FRESH


def test_three_quick_losses_of_a_first_look_fail_nothing_yet() -> None:
    lost = [sample(at_s, None) for at_s in (1.0, 1.4, 1.8)]

    assert pair(window(*lost)).state is SampleState.NEVER
    assert pair(window(*lost, sample(8.0, None))).state is SampleState.FAILED


def test_three_errors_given_at_once_fail_the_pair_at_once() -> None:
    lost = (Sample(at_s=at_s, error="no matching peer") for at_s in (1.0, 1.4, 1.8))

    assert pair(window(*lost)).state is SampleState.FAILED


def test_one_lost_look_does_not_blur_what_status_proves() -> None:
    made = window(sample(9.0, None, sweep=0))
    made.note_passive(PassivePath(at_s=9.0, path=PathKind.DIRECT, endpoint="192.0.2.7:41641"))

    assert (pair(made).state, pair(made).path) == (SampleState.FRESH, PathKind.DIRECT)


def test_a_failed_pair_keeps_its_numbers_and_says_why() -> None:
    made = pair(window(sample(1.0, 4.0), sample(2.0, None, sweep=2), closed=2))

    assert (made.state, made.latency_ms, made.path, made.error) == (
        SampleState.FAILED, 4.0, PathKind.DIRECT, "timed out",
    )  # fmt: skip


def test_a_later_answer_makes_a_failed_pair_fresh() -> None:
    made = window(sample(1.0, None), closed=1)
    made.add(sample(2.0, 4.0, sweep=2))

    assert pair(made).state is SampleState.FRESH


def test_an_old_answer_is_stale() -> None:
    assert pair(window(sample(0.0)), now_s=STALE_AFTER_S + 1).state is SampleState.STALE


def test_an_old_failure_stays_a_failure() -> None:
    assert pair(window(sample(0.0, None), closed=1), now_s=STALE_AFTER_S + 1).state is SampleState.FAILED


def test_a_failure_outlives_its_samples() -> None:
    assert pair(window(sample(0.0, None), closed=1), now_s=2 * WINDOW_AGE_S).state is SampleState.FAILED


def test_the_class_is_that_of_the_last_answered_probe() -> None:
    made = pair(window(sample(1.0, 30.0, PathKind.DERP), sample(2.0, 5.0), sample(3.0, None)))

    assert made.path is PathKind.DIRECT


def test_order_of_sending_counts_not_order_of_answers() -> None:
    slow_first_pong = sample(1.0, 900.0, PathKind.DERP)

    assert pair(window(sample(1.5, 5.0), slow_first_pong)).path is PathKind.DIRECT


@pytest.mark.parametrize("kind", [PingKind.TSMP, PingKind.ICMP, PingKind.PEERAPI])
def test_pongs_from_inside_the_tunnel_name_no_path(kind: PingKind) -> None:
    made = pair(window(Sample(at_s=9.0, kind=kind, latency_ms=4.0)))

    assert (made.state, made.path, made.ping) == (SampleState.FRESH, PathKind.UNKNOWN, kind)


def test_an_error_is_a_failure_with_words() -> None:
    made = pair(window(Sample(at_s=9.0, error="no matching peer", sweep=1), closed=1))

    assert (made.state, made.error, made.path) == (SampleState.FAILED, "no matching peer", PathKind.UNKNOWN)


def test_percentiles_and_jitter_count_answered_probes_only() -> None:
    made = pair(window(sample(1.0, 10.0), sample(2.0, None), sample(3.0, 20.0), sample(4.0, 12.0)))

    assert (made.p50_ms, made.jitter_ms) == (12.0, 9.0)


def test_the_window_is_bounded_by_count() -> None:
    made = Window(max_samples=3)
    for at_s in range(10):
        made.add(sample(float(at_s), float(at_s)))

    assert [kept.latency_ms for kept in made.samples] == [7.0, 8.0, 9.0]


def test_the_window_is_bounded_by_age() -> None:
    made = window(sample(0.0), sample(WINDOW_AGE_S))

    assert pair(made, now_s=WINDOW_AGE_S + 1).samples == 1


def test_status_alone_proves_a_path_and_no_latency() -> None:
    made = window()
    made.note_passive(PassivePath(at_s=9.0, path=PathKind.DIRECT, endpoint="192.0.2.7:41641"))
    shown = pair(made)

    assert (shown.state, shown.path, shown.ping, shown.latency_ms, shown.samples, shown.age_s) == (
        SampleState.FRESH, PathKind.DIRECT, None, None, 0, 1.0,
    )  # fmt: skip


def test_old_proof_from_status_is_stale() -> None:
    made = window()
    made.note_passive(PassivePath(at_s=0.0, path=PathKind.DIRECT))

    assert pair(made, now_s=STALE_AFTER_S + 1).state is SampleState.STALE


def test_status_does_not_overrule_fresh_answers() -> None:
    made = window(sample(8.0, 30.0, PathKind.DERP))
    made.note_passive(PassivePath(at_s=9.0, path=PathKind.DIRECT))

    assert pair(made).path is PathKind.DERP


def test_status_does_not_revive_a_failed_pair() -> None:
    made = window(sample(8.0, None), closed=1)
    made.note_passive(PassivePath(at_s=9.0, path=PathKind.DIRECT))

    assert pair(made).state is SampleState.FAILED


def test_status_takes_over_from_stale_answers_without_their_latency() -> None:
    made = window(sample(0.0, 30.0, PathKind.DERP))
    made.note_passive(PassivePath(at_s=200.0, path=PathKind.DIRECT))
    shown = pair(made, now_s=201.0)

    assert (shown.state, shown.path, shown.latency_ms) == (SampleState.FRESH, PathKind.DIRECT, None)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([7.0], 0.95, 7.0), ([1.0, 2.0], 0.5, 1.5), ([0.0, 10.0, 20.0], 0.95, 19.0)],
    ids=["nothing", "one value", "between two", "between neighbours"],
)
def test_percentiles(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == (None if expected is None else pytest.approx(expected))
