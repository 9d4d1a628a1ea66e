"""`tsym map`: the tailnet drawn, for eyes or for other programs."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click
import msgspec

from tsym_agent.model.homes import at_home
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.cli.documents import emit_document
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.hiding import HIDDEN_NOTE, narrowed
from tsym_tui.cli.matrix import settle
from tsym_tui.cli.options import look_options, setting, shared_options
from tsym_tui.cli.session import judge, open_fleet, repeat, run, tell_troubles
from tsym_tui.cli.texts import emit, is_terminal, narrate
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes, to_wishes
from tsym_tui.fleet.filters import Filter, FilterError, parse_filter
from tsym_tui.graph.looks import Role

if TYPE_CHECKING:
    from tsym_tui.graph.export import ExportRequest

FORMATS = ("text", "svg", "png", "dot", "graphml", "json", "csv", "html")
PICTURE_SIZE = (120, 36)
"""Cells of a picture that goes to no terminal."""

ROWS_BELOW = 4
"""Left on a terminal for the legend and the prompt."""


class MapWishes(Wishes, frozen=True, kw_only=True):
    """What `tsym map` may be told."""

    format: str = "text"
    layout: str = "auto"
    output: str | None = None
    width: int | None = None
    height: int | None = None
    seed: int = 0
    only_problems: bool = False
    filter_text: str = msgspec.field(default="", name="filter")
    trunks_above: int = 30
    bundles_above: int = 300


HELP = """Draw the tailnet.

\b
text, svg, png    the map with its legend; png needs the extra `png`
html              one page that needs no network: the map, and tables of nodes and pairs to sort
dot, graphml      the graph for Graphviz, Gephi, yEd
json, csv         the pairs, and in JSON nodes and hosts, too

Layouts: auto, sites, arcs, rings, tags, force, focus, spring, forceatlas2, arf, circular, shell, spiral, planar,
multipartite, bipartite, bfs.

Also kamada-kawai and spectral, with the extra `layouts`.
"""


@click.command("map", help=HELP, short_help="Draw the tailnet as text, a picture, a page, a graph or data.")
@setting("--format", type=click.Choice(FORMATS), default="text", show_default=True, help="What to write.")
@shared_options("layout")
@setting("-o", "--output", metavar="FILE", help="Write there instead of stdout.", changes="writes that file over")
@setting("--width", type=click.IntRange(10, 1000), help="Columns of the picture.  [default: the terminal's, else 120]")
@setting("--height", type=click.IntRange(4, 500), help="Rows of the picture.  [default: the terminal's, else 36]")
@setting("--seed", type=click.IntRange(0), default=0, show_default=True, help="For layouts that start at random.")
@setting("--filter", metavar="FILTER", default="", help="Only nodes that it lets pass; `tsym nodes --help` has them.")
@setting("--only-problems", is_flag=True, help="Leave lines out that are direct and fast.")
@shared_options("host", "scan", "all", "hide_names", "settle", "fail_on", "watch", "every")
@shared_options("thresholds_ms", "trunks_above", "bundles_above")
@look_options
def command(**given: object) -> int:
    """Draw the tailnet."""
    wishes = to_wishes(given, MapWishes)
    if wishes.output == "-":
        wishes = msgspec.structs.replace(wishes, output=None)
    if wishes.format == "png" and wishes.output is None and is_terminal(sys.stdout):
        raise CommandError("a PNG is nothing for a terminal: name a file with -o, or pipe it")
    return run(show_map(wishes))


async def show_map(wishes: MapWishes) -> Exit:
    """Probe, place, draw and write, once or again and again."""
    check_layout(wishes.layout)
    _parse_filter(wishes.filter_text)
    page = Page(wishes)
    async with open_fleet(wishes, is_probing=wishes.settle_s > 0) as fleet:
        await settle(fleet, wishes)

        async def show() -> Exit:
            snapshot = fleet.snapshot()
            drawn = narrowed(fleet, wishes.filter_text, lambda real, text: passing(real, _parse_filter(text)))
            if drawn.nodes or wishes.format == "json":
                _write(drawn, wishes, page)
            elif snapshot.nodes:
                narrate("tsym: no node matches the filter")
            if not wishes.watch:
                tell_troubles(snapshot.hosts)
            return judge(snapshot, wishes)

        return await repeat(wishes, show)


def check_layout(name: str) -> None:
    """Refuse an unknown layout before anything is probed."""
    from tsym_tui.graph.layouts import AUTO, LAYOUTS

    if name not in {AUTO, *LAYOUTS}:
        raise CommandError(f"there is no layout {name!r}: choose {AUTO}, {', '.join(LAYOUTS)}")


def _parse_filter(text: str) -> Filter:
    try:
        return parse_filter(text)
    except FilterError as error:
        raise click.UsageError(f"--filter: {error}") from error


def passing(snapshot: Snapshot, wanted: Filter) -> Snapshot:
    """Return what the app's map would draw with this filter: the nodes, and the hosts that look at them."""
    if not wanted:
        return snapshot
    from tsym_tui.ui.views import View, read_picture

    view = View()
    view.take(read_picture(snapshot))
    view.narrow(wanted)
    return view.narrowed_snapshot()


def _write(snapshot: Snapshot, wishes: MapWishes, page: Page) -> None:
    """Write the picture to a file or to stdout, as text in the terminal's colours."""
    if wishes.format == "json" and wishes.output is None:
        from tsym_agent.model.documents import pairs_document

        emit_document(pairs_document(snapshot), wishes)
    elif wishes.format == "text" and wishes.output is None:
        emit(page.wrap(_draw_text(snapshot, wishes, page)))
    elif wishes.output is None:
        emit(_render(snapshot, wishes, page))
    else:
        _keep(_render(snapshot, wishes, page), wishes.output)


def _draw_text(snapshot: Snapshot, wishes: MapWishes, page: Page) -> str:
    from tsym_tui.graph.draw import draw_map
    from tsym_tui.graph.legend import legend

    request = make_request(snapshot, wishes, page)
    drawn = draw_map(request.graph, request.placement, request.size, request.options)
    below = legend(drawn.width, page.pen.theme, page.pen.level, thresholds_ms=wishes.thresholds_ms, with_nodes=True)
    note = [[], [page.pen.run(request.note, Role.DIM)]] if request.note else []
    return page.pen.write([*drawn.rows, [], *below.rows, *note])


def _render(snapshot: Snapshot, wishes: MapWishes, page: Page) -> bytes:
    from tsym_tui.graph.export import ExportError, render

    try:
        return render(wishes.format, make_request(snapshot, wishes, page))
    except ExportError as error:
        raise CommandError(str(error)) from error


def make_request(snapshot: Snapshot, wishes: MapWishes, page: Page) -> ExportRequest:
    """Place the nodes of a snapshot for a picture of the size and look asked for."""
    from tsym_tui.graph.draw import MapOptions
    from tsym_tui.graph.export import ExportRequest
    from tsym_tui.graph.layouts import LayoutError, place
    from tsym_tui.graph.model import TailnetGraph

    graph = TailnetGraph.from_snapshot(snapshot)
    size = picture_size(wishes)
    try:
        placement = place(graph, wishes.layout, size=size, seed=wishes.seed)
    except LayoutError as error:
        raise CommandError(str(error)) from error
    options = MapOptions(
        theme=page.pen.theme,
        level=page.pen.level,
        only_problems=wishes.only_problems,
        thresholds_ms=wishes.thresholds_ms,
        trunks_above=wishes.trunks_above,
        bundles_above=wishes.bundles_above,
    )
    title = ", ".join(tailnet.name for tailnet in snapshot.tailnets)
    note = HIDDEN_NOTE if wishes.hide_names else ""
    return ExportRequest(snapshot, graph, placement, size, options, title, note)


def picture_size(wishes: MapWishes) -> tuple[int, int]:
    """Return the cells to draw in: what was asked for, else the terminal's, else a page's."""
    width, height = PICTURE_SIZE
    if wishes.format == "text" and wishes.output is None:
        shown = shutil.get_terminal_size(PICTURE_SIZE)
        width = shown.columns
        if is_terminal(sys.stdout):
            height = max(4, shown.lines - ROWS_BELOW)
    return wishes.width or width, wishes.height or height


def _keep(body: bytes, output: str) -> None:
    try:
        at_home(output).write_bytes(body)
    except OSError as error:
        raise CommandError(f"{output}: {error.strerror}") from error
