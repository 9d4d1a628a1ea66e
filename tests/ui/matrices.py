"""Matrices for tests: boards of the invented tailnets, and of one with groups at three places."""

from __future__ import annotations

from tests.ui import pictures
from tests.ui.pictures import dead, host, node, pair, snapshot
from tsym_agent.model.paths import PathKind
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui.digests import Digest, digest
from tsym_tui.ui.rows.matrix import Drawn, render_matrix, room_for
from tsym_tui.ui.rows.matrixboard import Board, Boards, Room, Spot, clamped
from tsym_tui.ui.rows.matrixcells import read_cells
from tsym_tui.ui.rows.matrixmetric import Choice
from tsym_tui.ui.rows.matrixtiles import Tiles
from tsym_tui.ui.rows.pens import Pen

DARK = Pen(THEMES["dark"])
HOME = digest(pictures.home())
WIDE = Room(400, 100)


def fleet() -> Snapshot:
    """Invent two places with web servers and builders, hosts at both, one slow server, and builders behind DERP."""
    sites = {"ber": "ber 198.51.100.1", "nyc": "nyc 198.51.100.2"}
    nodes = [
        *(
            node(f"{site}-web-{n}", site=sites[site], tags=("tag:web",), owner=None)
            for site in sites
            for n in (1, 2, 3, 10)
        ),
        *(node(f"ci-run-{n}", site="ci 198.51.100.3", tags=("tag:ci",), owner=None) for n in range(1, 5)),
        *(node(name, site=None) for name in ("ann", "bob", "old-mac")),
    ]
    sources = ["ber-web-1", "ber-web-2", "nyc-web-1", "nyc-web-2"]
    names = [one.short_name for one in nodes]
    pairs = []
    for source in sources:
        for name in names:
            if name == source:
                continue
            if name == "old-mac":
                pairs.append(dead(source, name))
            elif name.startswith("ci-"):
                pairs.append(pair(source, name, PathKind.DERP, 120.0 if source < "c" else 40.0))
            elif name == "nyc-web-2" or source == "nyc-web-2":
                pairs.append(pair(source, name, ms=260.0))
            else:
                pairs.append(pair(source, name, ms=1.0 if name[:3] == source[:3] else 85.0))
    return snapshot(nodes, pairs, [host(name) for name in sources])


FLEET = digest(fleet())


def board(sums: Digest = HOME, choice: Choice | None = None, room: Room = WIDE) -> Board:
    """Put the matrix of a picture together."""
    cells = read_cells(sums.snapshot)
    return Boards().board(sums, cells, sums.order, choice or Choice(), room)


def drawn(
    sums: Digest = HOME,
    size: tuple[int, int] = (140, 35),
    *,
    choice: Choice | None = None,
    spot: Spot | None = None,
    pen: Pen = DARK,
) -> Drawn:
    """Draw the matrix of a picture."""
    choice = choice or Choice()
    shown = sums.order if choice.is_swapped else sorted(sums.snapshot.vantages)
    made = board(sums, choice, room_for(sums, shown, *size))
    at = spot or Spot()
    return render_matrix(Tiles(pen, choice.metric), sums, made, clamped(made, at.row, at.column), size)


def names(one: Board, *, of_rows: bool = False) -> list[str]:
    """Return what stands along an axis."""
    return [item.name for item in (one.rows if of_rows else one.columns).items]
