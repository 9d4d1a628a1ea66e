"""Making one node of what many hosts say about it.

Rules, field by field:

* name, host name, addresses, tags, system, owner, expiry, routes: the node's own word, if it is one of our hosts; else
  the first host's, in the order the hosts were given, that has something to say.
* version: its own word only; peers do not know it.
* online: true when any host in contact with control says so, false when such hosts know the node and all deny it, else
  unknown. A host that control does not talk to repeats old news, so its word does not count.
* last handshake, last seen: the newest of all hosts.
* standing: expired, not approved and locked out when any host says so; being kept out outweighs being expired.
* hidden: a Mullvad exit node that no host uses; a stranger's machine that only knows one of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import UNUSED_EXIT_SUFFIX, Hidden, Node, Standing
from tsym_agent.model.status import BackendState
from tsym_agent.model.times import parse_time
from tsym_tui.fleet.views import Sight, View

T = TypeVar("T")


def merge_node(ref: NodeRef, views: Sequence[View], site: str | None = None) -> Node | None:
    """Merge all views of a node into one value; None when no host knows it."""
    own, seen, online = _gather(ref, views)
    sights = list(seen)
    if not sights:
        return None
    name = _first(sights, lambda sight: sight.name)
    host_name = _first(sights, lambda sight: sight.host_name) or ""
    return Node(
        ref=ref,
        name=name or host_name or ref.stable_id,
        host_name=host_name,
        addresses=_first(sights, lambda sight: sight.addresses) or (),
        tags=_first(sights, lambda sight: sight.tags) or (),
        owner=_first(sights, lambda sight: sight.extras.owner),
        os=_first(sights, lambda sight: sight.os) or "",
        version=own.version if own else None,
        online=online,
        last_handshake=_newest(sight.extras.last_handshake for sight in sights),
        last_seen=_newest(sight.extras.last_seen for sight in sights),
        key_expiry=_first(sights, lambda sight: sight.extras.key_expiry),
        home_region=_first(sights, lambda sight: sight.home_region),
        routes=_first(sights, lambda sight: sight.extras.routes) or (),
        is_exit_node_option=any(sight.extras.is_exit_node_option for sight in sights),
        standing=_standing(own, sights),
        hidden=_hidden(name or "", sights),
        site=site,
    )


def _gather(ref: NodeRef, views: Sequence[View]) -> tuple[View | None, Iterable[Sight], bool | None]:
    """Return the node's own view, what all hosts see of it, its own first, and whether it is online.

    Two hundred hosts see most nodes alike, and share the value; each value is taken once.
    """
    own: View | None = None
    seen: dict[int, Sight] = {}
    words: set[bool] = set()
    stable_id, tailnet = ref.stable_id, ref.tailnet
    for view in views:
        if view.tailnet != tailnet:
            continue
        itself = view.own
        if itself is not None and itself.stable_id == stable_id:
            own = own or view
            sight: Sight | None = itself
        else:
            sight = view.peers.get(stable_id)
        if sight is None:
            continue
        seen[id(sight)] = sight
        if itself is not None and itself.is_online:  # else control does not talk to this host, and its word is old
            words.add(sight.is_online)
    if own is not None and own.own is not None:
        seen = {id(own.own): own.own} | seen
    return own, seen.values(), any(words) if words else None


def _first(sights: Sequence[Sight], read: Callable[[Sight], T]) -> T | None:
    """Return the first value that says something."""
    return next((value for sight in sights if (value := read(sight))), None)


def _newest(times: Iterable[str | None]) -> str | None:
    known = [(moment, text) for text in times if text and (moment := parse_time(text))]
    return max(known)[1] if known else None


def _standing(own: View | None, sights: Sequence[Sight]) -> Standing:
    if any(sight.is_locked_out for sight in sights):
        return Standing.LOCKED_OUT
    waits = own is not None and own.backend is BackendState.NEEDS_MACHINE_AUTH
    if waits or any(sight.is_unapproved for sight in sights):
        return Standing.NOT_APPROVED
    return Standing.EXPIRED if any(sight.is_expired for sight in sights) else Standing.OK


def _hidden(name: str, sights: Sequence[Sight]) -> Hidden:
    if name.endswith(UNUSED_EXIT_SUFFIX) and not any(sight.is_exit_node_in_use for sight in sights):
        return Hidden.UNUSED_EXIT
    return Hidden.SHARED_IN if any(sight.is_sharee for sight in sights) else Hidden.NO
