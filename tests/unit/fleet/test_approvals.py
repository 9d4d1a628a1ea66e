"""Who waits for approval, asked of a daemon that may not say."""

from __future__ import annotations

import asyncio

import pytest

from tsym_agent.localapi.errors import (
    AnswerTimeoutError,
    DaemonNotReadyError,
    DaemonUnreachableError,
    LocalAPIError,
    NoSuchObjectError,
    NotSupportedError,
)
from tsym_agent.model.ids import StableNodeID
from tsym_agent.model.netmap import ControlNode
from tsym_agent.model.status import PeerStatus, Status
from tsym_tui.fleet.approvals import MOST_ASKED, Approvals

OWN = 1


class Keeper:
    """Control's records by number, or the trouble of asking for one; nobody but the host is approved."""

    def __init__(self) -> None:
        self.troubles: dict[int, LocalAPIError] = {}
        self.asked: list[int] = []

    async def peer_by_id(self, node_id: int) -> ControlNode:
        self.asked.append(node_id)
        if node_id in self.troubles:
            raise self.troubles[node_id]
        return ControlNode(stable_id=stable(node_id), machine_authorized=True if node_id == OWN else None)


def stable(number: int) -> StableNodeID:
    return StableNodeID(f"n-{number}")


def status(*numbers: int) -> Status:
    """Return a status in which these peers are in question."""
    nodes = {str(number): PeerStatus(id=stable(number), node_id=number) for number in numbers}
    return Status(self_node=PeerStatus(id=stable(OWN), node_id=OWN), peer=nodes)


def ask(approvals: Approvals, keeper: Keeper, *numbers: int) -> frozenset[StableNodeID]:
    asyncio.run(approvals.ask(keeper, status(*numbers)))
    return approvals.unapproved


def test_a_node_that_has_left_is_passed_over() -> None:
    keeper = Keeper()
    keeper.troubles[2] = NoSuchObjectError("here", "no such node")

    assert ask(Approvals(), keeper, 2, 3) == {"n-3"}


@pytest.mark.parametrize("trouble", [AnswerTimeoutError("here", "no answer"), DaemonUnreachableError("here", "torn")])
@pytest.mark.parametrize("number", [OWN, 2])
def test_a_daemon_that_could_not_be_asked_is_asked_again(trouble: LocalAPIError, number: int) -> None:
    approvals, keeper = Approvals(), Keeper()
    keeper.troubles[number] = trouble
    with pytest.raises(type(trouble)):
        ask(approvals, keeper, 2)
    keeper.troubles.clear()

    assert ask(approvals, keeper, 2) == {"n-2"}


def test_a_daemon_that_is_not_ready_is_asked_again() -> None:
    approvals, keeper = Approvals(), Keeper()
    keeper.troubles[OWN] = DaemonNotReadyError("here", "no netmap yet")
    ask(approvals, keeper, 2)
    keeper.troubles.clear()

    assert ask(approvals, keeper, 2) == {"n-2"}


def test_a_daemon_that_refuses_its_own_record_is_never_asked_again() -> None:
    approvals, keeper = Approvals(), Keeper()
    keeper.troubles[OWN] = NotSupportedError("here", "too old")
    ask(approvals, keeper, 2)
    ask(approvals, keeper, 2)

    assert (keeper.asked, approvals.unapproved) == ([OWN], frozenset())


def test_those_of_whom_nothing_is_known_are_asked_about_first() -> None:
    approvals, keeper = Approvals(), Keeper()
    many = range(2, 2 + 2 * MOST_ASKED)
    ask(approvals, keeper, *many)

    assert ask(approvals, keeper, *many) == {stable(number) for number in many}


def test_a_waiting_node_is_asked_about_again_in_its_turn() -> None:
    approvals, keeper = Approvals(), Keeper()
    many = range(2, 2 + 2 * MOST_ASKED)
    for _ in range(4):
        ask(approvals, keeper, *many)

    assert sorted(keeper.asked) == [OWN, *sorted([*many, *many])]
