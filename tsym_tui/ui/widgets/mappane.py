"""The map: asks the cartographer for frames in a thread, one at a time, and paints the rows that changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import events
from textual.message import Message

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.frame import Frame
from tsym_tui.ui.crashes import name_and_words, words_of
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.maps import Cartographer, DrawnMap, MapRequest, Viewport, layout_names
from tsym_tui.ui.rows.faces import Face
from tsym_tui.ui.rows.nodelist import nothing_left
from tsym_tui.ui.rows.pens import Row, blank, wrap
from tsym_tui.ui.widgets.lists import NodePicked
from tsym_tui.ui.widgets.panes import Pane

RETRY_S = 0.03
"""How soon to look again whether a slow terminal has taken the last frame."""


class MapDrawn(Message):
    """A map is ready."""

    def __init__(self, drawn: DrawnMap) -> None:
        super().__init__()
        self.drawn = drawn


class MapFailed(Message):
    """A map could not be drawn; says why."""

    def __init__(self, request: MapRequest, words: str) -> None:
        super().__init__()
        self.request = request
        self.words = words


class MapPane(Pane):
    """Shows the newest map; while it draws, the one before."""

    def __init__(self, desk: Desk, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(desk, id=id, classes=classes)
        self.viewport = Viewport()
        self.layout_name = desk.settings.layout
        self.drawn: DrawnMap | None = None
        self._cartographer = Cartographer()
        self._under_way: MapRequest | None = None
        self._is_outdated = False
        self._trouble = ""

    def redraw(self) -> None:
        """Ask for a map of what is to be seen now, unless that is what we have."""
        wanted = self._wanted()
        if wanted is None:
            return
        if self._under_way is not None:
            self._is_outdated = not self._under_way.is_like(wanted)
        elif self.drawn is None or not self.drawn.request.is_like(wanted):
            self._under_way = wanted
            self.run_worker(self._draw(wanted), group="map", description="draws the map", exit_on_error=False)

    @property
    def is_up_to_date(self) -> bool:
        """Whether what is on screen is what is wanted."""
        wanted = self._wanted()
        drawn = self.drawn is not None and wanted is not None and self.drawn.request.is_like(wanted)
        return self._under_way is None and (drawn or wanted is None or bool(self._trouble))

    def _wanted(self) -> MapRequest | None:
        """Say what to draw; None while there is nothing or no room."""
        view = self.desk.view
        if view.face is not Face.DATA or not self.size.area or not self.display:
            return None
        return MapRequest(
            snapshot=view.narrowed_snapshot(),
            size=(self.size.width, self.size.height),
            theme=self.pen.theme,
            level=self.pen.level,
            layout=self.layout_name,
            selected=view.selected,
            focus=view.node,
            viewport=self.viewport,
            only_problems=view.only_problems,
        )

    async def _draw(self, request: MapRequest) -> None:
        """Draw in a thread and tell."""
        try:
            drawn = await asyncio.to_thread(self._cartographer.draw, request)
        except Exception as error:  # noqa: BLE001 - the edge where a failed drawing becomes a sentence
            self.log(error)
            words = words_of(error) if isinstance(error, ValueError) else name_and_words(error)
            self.post_message(MapFailed(request, words))
        else:
            self.post_message(MapDrawn(drawn))

    def on_map_drawn(self, message: MapDrawn) -> None:
        """Show the new map."""
        self.drawn, self._trouble = message.drawn, ""
        self._finish()

    def on_map_failed(self, message: MapFailed) -> None:
        """Say what went wrong where the map would be."""
        self._trouble = message.words
        self._finish()

    def _finish(self) -> None:
        self._under_way = None
        self._paint_when_taken()
        if self._is_outdated:
            self._is_outdated = False
            self.redraw()

    def _paint_when_taken(self) -> None:
        """Paint, once the terminal has taken what it was sent before: else frames pile up and input lags."""
        if self.desk.backlog() > 0:
            self.set_timer(RETRY_S, self._paint_when_taken)
        elif self.size.area:
            self.show_rows(self._safely_built(self.size))

    def build(self, cells: int, height: int) -> Sequence[Row]:  # noqa: ARG002 - the frame has its own
        """Return the newest map, or a word about why there is none."""
        if self._trouble:
            lines = wrap(self._trouble, max(8, cells - 6))
            return [[], *([*blank(3), self.pen(line)] for line in lines), [], [*blank(3), *self._way_out()]]
        if not self.desk.view.listed:
            return [[], *nothing_left(self.pen, self.desk.view.filter.text)]
        frame: Frame | None = self.drawn.frame if self.drawn is not None else None
        if frame is None:
            return [[], [*blank(3), self.pen.dim("drawing the map")]]
        return frame.rows

    def _way_out(self) -> Row:
        return [self.pen.accent("L"), self.pen.dim(" next layout")]

    def zoom(self, step: int) -> None:
        """Go nearer to the selection, or farther."""
        node = self.desk.view.node
        centre = self.drawn.positions.get(node) if self.drawn is not None and node is not None else None
        self.viewport = self.viewport.zoomed(step, centre)
        self.redraw()

    def pan(self, across: int, down: int) -> None:
        """Move the map."""
        self.viewport = self.viewport.panned(across, down)
        self.redraw()

    def follow(self, ref: NodeRef | None) -> None:
        """Bring a node into view when the map is larger than the screen."""
        if ref is None or self.drawn is None or self.viewport.zoom <= 1 or ref not in self.drawn.positions:
            return
        x, y = self.drawn.positions[ref]
        half = 0.45 / self.viewport.zoom
        if abs(x - self.viewport.x) > half or abs(y - self.viewport.y) > half:
            self.viewport = Viewport(x, y, self.viewport.zoom).kept_inside()

    def next_layout(self) -> str:
        """Take the next layout and return its name."""
        names = layout_names()
        place = names.index(self.layout_name) if self.layout_name in names else 0
        self.layout_name = names[(place + 1) % len(names)]
        self.viewport = Viewport()
        self.redraw()
        return self.layout_name

    def on_click(self, event: events.Click) -> None:
        """Select the node under the mouse."""
        ref = self.drawn.node_at(event.x, event.y) if self.drawn is not None else None
        if ref is not None:
            self.post_message(NodePicked(ref))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go farther."""
        event.stop()
        self.zoom(-1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go nearer."""
        event.stop()
        self.zoom(1)
