"""What a watched `tsym matrix` says while a real tailnet breaks. A file of its own, since a sweep takes a minute."""

import signal
import subprocess
import time

import pytest

from tsym_agent.probe import limits

from .matrix import lines_of, watch_matrix
from .netns import Traffic
from .tailnet import Lab
from .topology import DERP, expected_paths, expected_with

ONE_SWEEP_S = limits.SWEEP_EVERY_S + limits.PROBES_PER_SWEEP * limits.PROBE_SPACING_S + limits.DISCO_TIMEOUT_S + 5.0
"""Until the last pair of a sweep that has just begun knows, and a little for the machine."""


def test_a_watched_matrix_drops_the_old_colour_within_one_sweep(broken_lab: Lab) -> None:
    expected = expected_with("c", "failed") | {
        pair: DERP for pair in expected_paths(with_relay=False) if "b" in pair and "c" not in pair
    }
    with watch_matrix(broken_lab) as answers:
        assert next(answers).classes() == expected_paths(with_relay=False)

        with broken_lab.cut(c=Traffic.ALL, b=Traffic.UDP):
            end = time.monotonic() + ONE_SWEEP_S
            while (seen := next(answers).classes()) != expected and time.monotonic() < end:
                pass
            assert seen == expected


def test_a_program_that_says_nothing_is_not_waited_for_for_ever() -> None:
    silent = subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE, text=True)
    with silent, pytest.raises(AssertionError, match="no answer"):
        next(lines_of(silent, 0.05))

    assert silent.returncode == -signal.SIGKILL
