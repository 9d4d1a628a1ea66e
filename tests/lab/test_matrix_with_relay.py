"""What `tsym matrix` says of a real tailnet with a peer relay, every time. Apart, so that both labs run at once."""

import pytest

from .matrix import ask_matrix
from .tailnet import Lab
from .topology import expected_paths

RUNS = range(5)


@pytest.mark.parametrize("run", RUNS)
def test_every_pair_has_the_predicted_class_with_a_peer_relay(relay_lab: Lab, run: int) -> None:
    if run % 2:
        relay_lab.start_afresh()

    assert ask_matrix(relay_lab).classes() == expected_paths(with_relay=True)
