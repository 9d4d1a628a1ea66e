"""What `tsym matrix` says of a real tailnet is what its NATs make of it, every time."""

import pytest

from .matrix import ask_matrix
from .tailnet import Lab
from .topology import HOSTS, expected_paths

RUNS = range(5)


@pytest.mark.parametrize("run", RUNS)
def test_every_pair_has_the_predicted_class(lab: Lab, run: int) -> None:
    if run % 2:
        lab.start_afresh()

    assert ask_matrix(lab).classes() == expected_paths(with_relay=False)


def test_all_hosts_are_ok_and_the_question_was_answered(lab: Lab) -> None:
    matrix = ask_matrix(lab)

    assert {name: host["state"] for name, host in matrix.hosts.items()} == {spec.name: "ok" for spec in HOSTS}
    assert matrix.exit_code == 0
