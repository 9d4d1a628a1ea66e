"""A matrix as text in the orders and groups of the screen, by the same code. Needs numpy: loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.cli.texts import Pen
from tsym_tui.graph.cells import width
from tsym_tui.graph.frame import Run
from tsym_tui.graph.groups import Criterion
from tsym_tui.ui.digests import digest
from tsym_tui.ui.rows import pens
from tsym_tui.ui.rows.matrixboard import Board, Boards, Room, Summary
from tsym_tui.ui.rows.matrixcells import read_cells
from tsym_tui.ui.rows.matrixmetric import Choice, Folds, Metric, Sort
from tsym_tui.ui.rows.matrixtiles import Tiles

MOST_TITLE = 16
ROOMY = Room(1_000_000, 1_000_000)
"""A text has room for everything: what is folded is folded by wish."""


def arranged(
    snapshot: Snapshot, targets: Sequence[NodeRef], metric: Metric, sort: Sort | None, group: Criterion | None
) -> Board:
    """Order the hosts and nodes of one tailnet as asked, and fold every group where groups are wanted."""
    own = {ref: snapshot.nodes[ref] for ref in targets}
    pairs = {key: pair for key, pair in snapshot.pairs.items() if key[0] in own and key[1] in own}
    hosts = tuple(host for host in snapshot.hosts if host.ref in own)
    part = msgspec.structs.replace(snapshot, nodes=own, pairs=pairs, hosts=hosts)
    sums, cells = digest(part), read_cells(part)
    choice = Choice(metric=metric, sort=sort or Sort.GROUP, by=group or Criterion.NONE)
    boards = Boards()
    board = boards.board(sums, cells, targets, choice, ROOMY)
    if group is None:
        return board
    shut = Folds(closed=frozenset(band.title for band in board.columns.bands))
    return boards.board(sums, cells, targets, msgspec.structs.replace(choice, nodes=shut), ROOMY)


def group_columns(pen: Pen, board: Board) -> Iterator[tuple[str, int, Callable[[NodeRef], list[Run]]]]:
    """Yield a column for each group: its title with the count of its nodes, its width, and its cell for each host."""
    tiles = Tiles(pens.Pen(pen.theme, pen.level), board.choice.metric)
    rows = {board.row_refs[item.members[0]]: at for at, item in enumerate(board.rows.items)}
    for at, item in enumerate(board.columns.items):
        sums = board.column_sums(at)
        title = board.columns.label(item)
        cells = max(2 * len(str(len(item.members))) + 3, min(MOST_TITLE, width(title)))

        def write(host: NodeRef, sums: Sequence[Summary] = sums, cells: int = cells) -> list[Run]:
            return list(tiles.folded(sums[rows[host]], cells))

        yield title, cells, write
