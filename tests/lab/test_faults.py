"""What `tsym matrix` says when something on a real tailnet breaks."""

import pytest

from .matrix import ask_matrix
from .netns import Traffic
from .tailnet import Lab
from .topology import DERP, HostSpec, expected_paths, expected_with

SOME_HOSTS_FAILED = 5


@pytest.mark.parametrize("host", ["c", "p"])
def test_pairs_of_a_host_that_lost_all_traffic_are_failed(broken_lab: Lab, host: str) -> None:
    with broken_lab.cut(**{host: Traffic.ALL}):
        assert ask_matrix(broken_lab).classes() == expected_with(host, "failed")


def test_pairs_of_a_host_that_lost_udp_flip_to_derp(broken_lab: Lab) -> None:
    with broken_lab.cut(c=Traffic.UDP):
        assert ask_matrix(broken_lab).classes() == expected_with("c", DERP)


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
