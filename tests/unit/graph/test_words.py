"""Numbers and ages as people say them, and colours as they age."""

from __future__ import annotations

import pytest

from tsym_tui.graph.themes import ANSI16, DARK, FADED_SHARE, MONO, Role, freshness, latency_step, mix
from tsym_tui.graph.words import format_age, format_loss, format_ms


@pytest.mark.parametrize(
    ("latency_ms", "text"),
    [
        (None, "·"),
        (0, "<0.1"),
        (0.04, "<0.1"),
        (0.8, "0.8"),
        (2, "2.0"),
        (9.94, "9.9"),
        (9.96, "10"),
        (118.4, "118"),
        (2500, "2500"),
    ],
)
def test_round_trips(latency_ms: float | None, text: str) -> None:
    assert format_ms(latency_ms) == text


def test_a_map_drops_the_empty_decimal() -> None:
    assert format_ms(2, trim=True) == "2"


@pytest.mark.parametrize(
    ("age_s", "text"), [(None, "never"), (0.2, "0 s"), (40, "40 s"), (365, "6 min"), (7300, "2 h"), (260_000, "3 d")]
)
def test_ages(age_s: float | None, text: str) -> None:
    assert format_age(age_s) == text


@pytest.mark.parametrize(("loss", "text"), [(None, "·"), (0, "0 %"), (0.004, "<1 %"), (0.5, "50 %"), (1, "100 %")])
def test_losses(loss: float | None, text: str) -> None:
    assert format_loss(loss) == text


@pytest.mark.parametrize(
    ("latency_ms", "step"), [(0, 0), (4.9, 0), (5, 1), (19.9, 1), (20, 2), (50, 3), (100, 4), (200, 5), (9e9, 5)]
)
def test_latency_steps(latency_ms: float, step: int) -> None:
    assert latency_step(latency_ms) == step


@pytest.mark.parametrize(
    ("age_s", "share"),
    [(None, 1), (0, 1), (60, 1), (105, (1 + FADED_SHARE) / 2), (150, FADED_SHARE), (1e6, FADED_SHARE)],
)
def test_colour_fades_between_the_next_probe_and_the_stale_limit(age_s: float | None, share: float) -> None:
    assert freshness(age_s) == pytest.approx(share)


def test_colours_mix_towards_the_background() -> None:
    assert mix("#ffffff", "#000000", 0.5) == "#808080"
    assert mix("#123456", "#000000", 1) == "#123456"


def test_a_faded_step_keeps_its_hue_and_loses_strength() -> None:
    assert DARK.latency(0, 1.0).fg == "#57a1b6"
    assert DARK.latency(0, 0.35).fg == mix("#57a1b6", "#0e1116", 0.35)


def test_where_colours_cannot_mix_age_dims() -> None:
    assert ANSI16.latency(1, 0.4).dim
    assert not ANSI16.latency(1, 0.9).dim


def test_mono_has_no_colour_at_all() -> None:
    assert all(MONO.style(role).fg is None and MONO.style(role).bg is None for role in Role)
