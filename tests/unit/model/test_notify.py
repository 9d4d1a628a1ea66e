"""Lines of the bus."""

from __future__ import annotations

import pytest

from tsym_agent.model.notify import TOPOLOGY_MASK, BusMask, parse_notify
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.status import BackendState


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (0, BackendState.NO_STATE),
        (2, BackendState.NEEDS_LOGIN),
        (3, BackendState.NEEDS_MACHINE_AUTH),
        (4, BackendState.STOPPED),
        (6, BackendState.RUNNING),
        (42, BackendState.UNKNOWN),
        (-1, BackendState.UNKNOWN),
    ],
)
def test_a_state_is_a_number_here(number: int, state: BackendState) -> None:
    assert parse_notify(b'{"State": %d}' % number).state is state


def test_an_absent_state_is_unchanged() -> None:
    assert parse_notify(b'{"State": null}').state is None
    assert parse_notify(b"{}").state is None


@pytest.mark.parametrize(
    ("line", "touches"),
    [
        (b'{"Version":"1.78.1","ErrMessage":null,"State":null,"Prefs":null,"NetMap":null,"Engine":null}', False),
        (b'{"Engine":{"RBytes":1}}', False),
        (b'{"Health":{"Warnings":{}}}', False),
        (b'{"SessionID":"abc"}', True),
        (b'{"State":6}', True),
        (b'{"NetMap":{"Peers":[]}}', True),
        (b'{"SelfChange":{"ID":1}}', True),
        (b'{"PeersChanged":[]}', True),
        (b'{"PeersRemoved":[1]}', True),
        (b'{"PeerChangedPatch":[{"NodeID":1,"Online":false}]}', True),
        (b'{"PeerChanges":[{"NodeID":1,"Online":false}]}', True),
    ],
    ids=["nothing", "engine", "health", "first", "state", "netmap", "self", "changed", "removed", "patch", "1.98"],
)
def test_what_asks_for_a_new_status(line: bytes, touches: bool) -> None:
    assert parse_notify(line).touches_topology is touches


def test_a_warning_keeps_a_severity_of_a_later_release() -> None:
    notify = parse_notify(
        b'{"Health":{"Warnings":{"no-derp-home":{"WarnableCode":"no-derp-home","Severity":"dire","Text":"t","New":1}}}}'
    )

    assert notify.health is not None
    assert (notify.health.warnings or {})["no-derp-home"].severity == "dire"


def test_a_login_link_is_not_kept() -> None:
    notify = parse_notify(b'{"BrowseToURL":"https://login.example/a/secret","State":2}')

    assert "secret" not in repr(notify)


def test_a_watcher_of_the_topology_asks_for_no_netmap() -> None:
    assert BusMask.INITIAL_NETMAP not in TOPOLOGY_MASK
    assert BusMask.NO_NETMAP in TOPOLOGY_MASK


def test_a_line_that_is_no_notice_is_refused() -> None:
    with pytest.raises(PayloadError):
        parse_notify(b"[]")
