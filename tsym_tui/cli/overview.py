"""`tsym overview`: whether the tailnet is well, and what to look at first."""

from __future__ import annotations

import click

from tsym_agent.model.documents import JSON
from tsym_agent.model.paths import PathKind
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.model.times import format_time
from tsym_tui.cli.documents import emit_document
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.matrix import settle
from tsym_tui.cli.options import look_options, shared_options
from tsym_tui.cli.session import judge, open_fleet, repeat, run, tell_troubles
from tsym_tui.cli.texts import emit
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes, to_wishes
from tsym_tui.ui.digests import digest
from tsym_tui.ui.overviews import Overview, overview_of
from tsym_tui.ui.problems import find_problems
from tsym_tui.ui.problemvalues import Problem

MOST_ROWS = 45
"""Enough for the large figures and twenty things to look at."""


@click.command("overview", short_help="Say whether the tailnet is well, and what to look at first.")
@shared_options("host", "scan", "all", "hide_names", "json", "settle", "fail_on", "watch", "every")
@look_options
def command(**given: object) -> int:
    """Say whether the tailnet is well: the shares of paths, one sentence, and the worst things in order.

    Probes until every pair is direct or has shown its class twice, at most --settle seconds. Problems are an answer:
    the exit code is 0, unless --fail-on says otherwise.
    """
    return run(show_overview(to_wishes(given, Wishes)))


async def show_overview(wishes: Wishes) -> Exit:
    """Probe every pair and print what it comes to, once or again and again."""
    page = Page(wishes)
    async with open_fleet(wishes, is_probing=wishes.settle_s > 0) as fleet:
        await settle(fleet, wishes)

        async def show() -> Exit:
            snapshot = fleet.snapshot()
            _print(snapshot, wishes, page)
            if not wishes.watch:
                tell_troubles(snapshot.hosts)
            return judge(snapshot, wishes)

        return await repeat(wishes, show)


def _print(snapshot: Snapshot, wishes: Wishes, page: Page) -> None:
    sums = digest(snapshot)
    problems = find_problems(sums)
    overview = overview_of(sums, problems)
    if wishes.wants_json:
        emit_document(overview_document(snapshot, overview, problems), wishes)
    elif snapshot.pairs:
        emit(page.wrap(_draw(overview, problems, wishes, page)))


def _draw(overview: Overview, problems: tuple[Problem, ...], wishes: Wishes, page: Page) -> str:
    from tsym_tui.ui.rows.overview import render_overview
    from tsym_tui.ui.rows.pens import Pen

    pen = Pen(page.pen.theme, page.pen.level, wishes.thresholds_ms)
    drawn = render_overview(pen, overview, problems, (max(40, page.pen.columns), MOST_ROWS))
    return page.pen.write(drawn.rows)


def overview_document(snapshot: Snapshot, overview: Overview, problems: tuple[Problem, ...]) -> JSON:
    """Describe the whole tailnet: `tsym/overview/1`."""
    return {
        "schema": "tsym/overview/1",
        "generated_at": format_time(snapshot.generated_at),
        "verdict": overview.verdict,
        "is_well": overview.is_well,
        "nodes": overview.nodes,
        "hosts": {"total": overview.hosts, "answering": overview.answering, "silent": list(overview.quiet)},
        "pairs": {
            "probed": overview.probed,
            "fresh": overview.fresh,
            **{path.value.replace("-", "_"): overview.paths.get(path, 0) for path in PathKind},
            "stale": overview.stale,
            "failed": overview.failed,
            "never": overview.never,
            "slow": overview.slow,
            "one_way": overview.one_way,
        },
        "latency_ms": {"p50": _rounded(overview.median_ms), "p95": _rounded(overview.p95_ms)},
        "warnings": list(overview.warnings),
        "keys_expiring": [{"name": name, "in_s": round(left_s)} for name, left_s in overview.keys],
        "problems": [_entry(problem) for problem in problems],
    }


def _entry(problem: Problem) -> JSON:
    return {
        "kind": problem.kind.name.lower().replace("_", "-"),
        "subject": list(problem.subject) or [problem.title],
        "words": problem.sentence or problem.words,
        "when": problem.when or None,
        "nodes": [ref.stable_id for ref in problem.nodes],
        "pairs": [{"from": source.stable_id, "to": target.stable_id} for source, target in problem.pairs],
        "path": None if problem.path is PathKind.UNKNOWN else problem.path.value,
        "latency_ms": _rounded(problem.latency_ms),
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)
