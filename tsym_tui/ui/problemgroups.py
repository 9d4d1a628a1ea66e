"""Nodes of one trouble told as one: a tag, a place, or simply many."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from tsym_agent.model.ids import NodeRef
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.problemvalues import Kind, Opens, Problem, worst_first

LEAST_GROUP = 3
"""Nodes of one trouble that are called by their tag or place."""

GROUP_SHARE = 0.75
"""So much of a tag or place must share a trouble before its name stands for it."""

MOST_ALIKE = 4
"""Single nodes of one trouble that have a line each; of more, the worst few have, and one line counts the others."""

_GROUP_WORDS = {
    Kind.HOST: ("silent or refusing", "do not answer us"),
    Kind.BARRED: ("barred", "may not take part"),
    Kind.DEAD: ("dead", "are dead"),
    Kind.RELAYED: ("relayed", "are relayed"),
    Kind.SLOW: ("slow", "are slow"),
    Kind.EXPIRING: ("keys expiring", "have keys that expire soon"),
    Kind.HEALTH: ("warn", "warn of something"),
}


def grouped(digest: Digest, problems: list[Problem]) -> list[Problem]:
    """Tell what belongs together as one; the rest stays as it is."""
    left = {id(problem): problem for problem in problems}
    groups: list[Problem] = []
    for kind in _GROUP_WORDS:
        alone = {problem.nodes[0]: problem for problem in problems if problem.kind is kind and len(problem.nodes) == 1}
        for name, members, size in _named_groups(digest, alone.keys() if kind in _SHARED else frozenset()):
            rest = [ref for ref in members if ref in alone]
            if len(rest) >= LEAST_GROUP:
                told = [alone.pop(ref) for ref in rest]
                groups.append(_group(kind, name, told, size))
                for problem in told:
                    left.pop(id(problem), None)
    return [*groups, *_counted(list(left.values()))]


_SHARED = frozenset({Kind.DEAD, Kind.RELAYED, Kind.SLOW})
"""Troubles that come from where a node stands; a key expires by itself."""


def _named_groups(digest: Digest, wanted: AbstractSet[NodeRef]) -> list[tuple[str, list[NodeRef], int]]:
    """List tags and places of which nearly all are so, tags first, larger ones first: name, members, size."""
    if len(wanted) < LEAST_GROUP:
        return []
    everybody: Mapping[str, list[NodeRef]] = defaultdict(list)
    for ref, node in digest.snapshot.nodes.items():
        for name in (*node.tags, node.site):
            if name:
                everybody[name].append(ref)
    found = []
    for name, members in everybody.items():
        bad = [ref for ref in members if ref in wanted]
        if len(bad) >= max(LEAST_GROUP, GROUP_SHARE * len(members)):
            found.append((name, bad, len(members)))
    return sorted(found, key=lambda group: (not group[0].startswith("tag:"), -len(group[1]), group[0]))


def _group(kind: Kind, name: str, told: list[Problem], size: int) -> Problem:
    words, sentence = _GROUP_WORDS[kind]
    worst = max(told, key=lambda problem: problem.latency_ms or 0.0)
    heaviest = worst_first(told)[0]
    part = f"all {size} nodes" if len(told) == size else f"{len(told)} of {size} nodes"
    return Problem(
        kind,
        name,
        f"{len(told)} of {size} {words}",
        tuple(ref for problem in told for ref in problem.nodes),
        heaviest.path,
        worst.latency_ms,
        subject=(name,),
        sentence=f"{part} {sentence}{_everywhere(kind)}",
        when=heaviest.when,
        weight=heaviest.weight + len(told),
        opens=Opens.MATRIX,
    )


def _everywhere(kind: Kind) -> str:
    return ", seen from most hosts" if kind in {Kind.RELAYED, Kind.SLOW} else ""


def _counted(problems: list[Problem]) -> list[Problem]:
    """Keep the worst few of each kind, and tell the others of it in one line."""
    kept: list[Problem] = []
    for kind in Kind:
        alike = list(worst_first([problem for problem in problems if problem.kind is kind]))
        if len(alike) <= MOST_ALIKE or kind not in _GROUP_WORDS:
            kept += alike
            continue
        kept += alike[: MOST_ALIKE - 1]
        kept.append(_others(kind, alike[MOST_ALIKE - 1 :]))
    return kept


def _others(kind: Kind, alike: list[Problem]) -> Problem:
    words, sentence = _GROUP_WORDS[kind]
    names = ", ".join(problem.title for problem in alike[:3]) + (" and others" if len(alike) > 3 else "")
    return Problem(
        kind,
        f"{len(alike)} more",
        f"{words}: {names}",
        tuple(ref for problem in alike for ref in problem.nodes),
        alike[0].path,
        alike[0].latency_ms,
        subject=(f"{len(alike)} more",),
        sentence=f"{sentence}: {names}",
        weight=alike[0].weight - 0.1,  # behind those it continues
        opens=Opens.MATRIX,
    )
