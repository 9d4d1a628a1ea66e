"""What `tsym matrix` says when something on a real tailnet breaks."""

import time
from collections.abc import Callable, Iterator

import pytest

from tsym_agent.probe import limits

from .matrix import ask_matrix, watch_matrix
from .netns import Traffic
from .tailnet import Lab
from .topology import DERP, HostSpec, expected_paths

SOME_HOSTS_FAILED = 5

ONE_SWEEP_S = limits.SWEEP_EVERY_S + limits.PROBES_PER_SWEEP * limits.PROBE_SPACING_S + limits.DISCO_TIMEOUT_S + 5.0
"""Until the last pair of a sweep that has just begun knows, and a little for the machine."""


@pytest.fixture(scope="module")
def broken_lab(new_lab: Callable[[], Lab]) -> Iterator[Lab]:
    """Make a lab of our own, whose hosts the tests cut and stop one at a time."""
    with new_lab() as own:
        assert ask_matrix(own).classes() == expected_paths(with_relay=False)
        yield own


def expected_with(host: str, word: str) -> dict[tuple[str, str], str]:
    """Return the classes of all pairs when those of one host have become `word`."""
    return {pair: word if host in pair else path for pair, path in expected_paths(with_relay=False).items()}


@pytest.mark.parametrize("host", ["c", "p"])
def test_pairs_of_a_host_that_lost_all_traffic_are_failed(broken_lab: Lab, host: str) -> None:
    with broken_lab.cut(**{host: Traffic.ALL}):
        assert ask_matrix(broken_lab).classes() == expected_with(host, "failed")


def test_pairs_of_a_host_that_lost_udp_flip_to_derp(broken_lab: Lab) -> None:
    with broken_lab.cut(c=Traffic.UDP):
        assert ask_matrix(broken_lab).classes() == expected_with("c", DERP)


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


def test_a_host_whose_tailscaled_ended_says_so_and_the_rest_goes_on(broken_lab: Lab) -> None:
    with broken_lab.stopped("c"):
        matrix = ask_matrix(broken_lab)

    others = {pair: word for pair, word in expected_with("c", "failed").items() if pair[0] != "c"}
    assert {pair: word for pair, word in matrix.classes().items() if pair[0] != "c"} == others
    assert matrix.hosts["c"]["state"] == "failed"
    assert "tailscaled" in (matrix.hosts["c"]["error"] or "")
    assert matrix.exit_code == SOME_HOSTS_FAILED


def test_a_host_that_was_switched_off_says_stopped(broken_lab: Lab) -> None:
    with broken_lab.switched_off("c"):
        matrix = ask_matrix(broken_lab)

    assert matrix.hosts["c"]["state"] == "stopped"
    assert matrix.classes()["a", "c"] == "failed"
    assert matrix.exit_code == SOME_HOSTS_FAILED


def test_a_host_that_is_not_logged_in_says_so(broken_lab: Lab) -> None:
    with broken_lab.extra_node(HostSpec("y", None, "alice"), logged_in=False):
        matrix = ask_matrix(broken_lab)

    assert matrix.hosts["y"]["state"] == "needs-login"
    assert matrix.classes() == expected_paths(with_relay=False)
    assert matrix.exit_code == SOME_HOSTS_FAILED
