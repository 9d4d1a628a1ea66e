"""A node or a pair as the app's own screen shows it, as text: pinged a few times, its hosts asked what they know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.probe.plan import PairKey
from tsym_agent.probe.sweep import RoundTemplate
from tsym_tui.cli.texts import Pen, Row
from tsym_tui.fleet.fleet import Fleet
from tsym_tui.fleet.inquiry import Inquiry, answers, questions

LEAST_COLUMNS = 60


async def ping(fleet: Fleet, pairs: Iterable[PairKey], count: int) -> None:
    """Ping pairs so many times each; the picture keeps what came."""
    asked = dict.fromkeys(pairs, "")
    fleet.name(target for _, target in asked)
    template = RoundTemplate(probes=count, most=count)
    async with aclosing(fleet.ping(template, asked)) as pongs:
        async for _ in pongs:
            pass


async def inquire(fleet: Fleet, ends: Sequence[NodeRef], witness: NodeRef | None = None) -> Inquiry:
    """Ask the ends, or a witness, what they know; each direction is pinged once in each layer."""
    snapshot = fleet.snapshot()
    both = [(ends[0], ends[1]), (ends[1], ends[0])] if len(ends) > 1 else []
    pinged = [key for key in both if key in snapshot.pairs]
    wanted = questions(ends, fleet.asked(), snapshot.nodes, witness=witness, pinged=pinged)
    inquiry = Inquiry(tuple(ends), len(wanted))
    async with aclosing(answers(wanted)) as coming:
        async for found in coming:
            inquiry.take(found)
    return inquiry


def node_text(pen: Pen, snapshot: Snapshot, ref: NodeRef, inquiry: Inquiry) -> list[Row]:
    """Lay a node out."""
    from tsym_tui.ui.digests import digest
    from tsym_tui.ui.rows.nodeview import NodeFacts, node_view
    from tsym_tui.ui.rows.pens import Pen as ScreenPen

    facts = NodeFacts(digest(snapshot), ref, inquiry, _local(snapshot.generated_at))
    return node_view(ScreenPen(pen.theme, pen.level), facts, max(LEAST_COLUMNS, pen.columns))


def pair_text(fleet: Fleet, pen: Pen, snapshot: Snapshot, ends: PairKey, inquiry: Inquiry) -> list[Row]:
    """Lay a pair out."""
    from tsym_tui.ui.digests import digest
    from tsym_tui.ui.rows.pairview import LEAST_CELLS, PairFacts, pair_view
    from tsym_tui.ui.rows.pens import Pen as ScreenPen

    forth, back = fleet.history(ends), fleet.history(ends[::-1])
    facts = PairFacts(digest(snapshot), ends, forth, back, inquiry, _local(snapshot.generated_at))
    return pair_view(ScreenPen(pen.theme, pen.level), facts, max(LEAST_CELLS, pen.columns))


def _local(moment: datetime) -> datetime:
    return moment.astimezone(datetime.now(UTC).astimezone().tzinfo)


def said(inquiry: Inquiry) -> dict[str, object]:
    """Return what hosts said, for a document: by who said it of whom."""
    return {
        "status": [
            {"host": host.stable_id, "about": about.stable_id, "entry": entry.raw}
            for (host, about), entry in inquiry.entries.items()
        ],
        "prefs": [{"host": ref.stable_id, "prefs": wishes.raw} for ref, wishes in inquiry.wishes.items()],
        "pings": [
            {
                "from": pong.host.stable_id,
                "to": pong.peer.stable_id,
                "ping": pong.kind.json_name,
                "latency_ms": pong.latency_ms,
                "error": pong.error,
            }
            for pong in inquiry.pongs.values()
        ],
        "endpoint_changes": [
            {"host": host.stable_id, "of": peer.stable_id, "when": change.when, "what": change.what}
            for (host, peer), changes in inquiry.changes.items()
            for change in changes
        ],
        "not_read": [
            {"host": trouble.host.stable_id, "what": trouble.what, "error": trouble.words}
            for trouble in inquiry.troubles
        ],
    }
