"""The map: asks the cartographer for frames in a thread, one at a time, and paints the rows that changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import structs
from textual import events
from textual.message import Message
from textual.timer import Timer

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.frame import Run
from tsym_tui.graph.groups import Criterion
from tsym_tui.ui.crashes import name_and_words, words_of
from tsym_tui.ui.desk import Desk
from tsym_tui.ui.maps import AUTO, FOCUS, Cartographer, DrawnMap, MapRequest, layout_names
from tsym_tui.ui.rows.faces import Face
from tsym_tui.ui.rows.nodelist import nothing_left
from tsym_tui.ui.rows.pens import Row, blank, fit, wrap
from tsym_tui.ui.steering import steer
from tsym_tui.ui.viewports import Viewport
from tsym_tui.ui.widgets.lists import NodePicked
from tsym_tui.ui.widgets.panes import Pane

RETRY_S = 0.01
"""How soon to look again whether a slow terminal has taken the last frame."""

LOOK_S = 0.025
"""When to look first: Textual writes what was painted within one of its frames."""

SLOW_S = 0.06
"""A terminal that takes longer for a map is slow; a busy machine is not."""

REST_FACTOR = 3.0
"""A map that the terminal took so long to take buys that many times as much rest before the next one that nobody asked
for: on a slow line, news must leave room for what keys do."""

HOVER_S = 0.03
"""Between two looks at what is under a moving mouse: a terminal sends hundreds of moves a second."""

TICK_S = 0.05
"""How often a layout that is under way is looked at, and the next step of a walk drawn."""

SAVE_S = 60.0
"""How often positions are written, if they have changed."""

SAVE_PATIENCE_S = 2.0
"""How long leaving waits for that."""

TURN_DEGREES = 15.0

GROUPINGS: tuple[Criterion | None, ...] = (
    None,
    Criterion.SITE,
    Criterion.TAG,
    Criterion.OWNER,
    Criterion.SUBNET,
    Criterion.NONE,
)
"""What `b` goes through; None = what tells most."""


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
        self.rotation = 0.0
        self.group_by: Criterion | None = None
        self.has_mini_map = desk.settings.mini_map
        self.focus_ref: NodeRef | None = None
        """Who stands in the middle; None = the layout is of all."""
        self.drawn: DrawnMap | None = None
        self._painted_s: float | None = None
        """When the map was painted that the terminal has not taken yet."""
        self._rests_until_s = 0.0
        self._news: Timer | None = None
        self._attempt = 0
        self._hover: tuple[NodeRef, ...] = ()
        self._pointer: tuple[int, int] | None = None
        self._rest: Timer | None = None
        self._cartographer = Cartographer(desk.state)
        self._under_way: MapRequest | None = None
        self._is_outdated = False
        self._trouble: tuple[MapRequest, str] | None = None
        self._ticker: Timer | None = None
        self._last_whole = AUTO
        """The layout to go back to when the one that was asked for is given up."""

    # what to draw

    def redraw(self) -> None:
        """Ask for a map of what is to be seen now, unless that is what we have."""
        self._ask(self._wanted())

    def _ask(self, wanted: MapRequest | None, *, again: bool = False) -> None:
        """Draw what is wanted, when the drawing before it is through; `again` although the request is the same."""
        if wanted is None:
            return
        if self._under_way is not None:
            self._is_outdated = self._is_outdated or again or not self._under_way.is_like(wanted)
        elif again or not self._has(wanted):
            if not again and self._can_wait(wanted):
                return
            self._under_way = wanted
            self.run_worker(self._draw(wanted), group="map", description="draws the map", exit_on_error=False)

    def _can_wait(self, wanted: MapRequest) -> bool:
        """Whether only the tailnet has changed and the terminal is still resting; looks again when it has rested."""
        rest_s = self._rests_until_s - time.monotonic()
        if rest_s <= 0 or self.drawn is None or self._trouble is not None:
            return False
        if not structs.replace(wanted, snapshot=self.drawn.request.snapshot).is_like(self.drawn.request):
            return False
        if self._news is None:
            self._news = self.set_timer(rest_s, self._rested)
        return True

    def _rested(self) -> None:
        self._news = None
        self.redraw()

    def _has(self, wanted: MapRequest) -> bool:
        """Whether an answer to this is here, a map or a sentence."""
        if self._trouble is not None:
            return self._trouble[0].is_like(wanted)
        return self.drawn is not None and self.drawn.request.is_like(wanted)

    @property
    def is_up_to_date(self) -> bool:
        """Whether what is on screen is what is wanted, and nothing is on its way."""
        wanted = self._wanted()
        if self._under_way is not None or self._ticker is not None:
            return False
        return wanted is None or self._has(wanted)

    def _wanted(self) -> MapRequest | None:
        """Say what to draw; None while there is nothing or no room."""
        view, settings = self.desk.view, self.desk.settings
        if view.face is not Face.DATA or not self.size.area or not self.display:
            return None
        return MapRequest(
            snapshot=view.narrowed_snapshot(),
            size=(self.size.width, self.size.height),
            theme=self.pen.theme,
            level=self.pen.level,
            layout=self.layout_name if self.focus_ref is None else FOCUS,
            selected=view.selected,
            focus=self.focus_ref,
            highlight=self._path(),
            hover=self._hover or (view.selected if view.peer is None else ()),  # a selected node lights its lines
            viewport=self.viewport,
            rotation=self.rotation,
            only_problems=view.only_problems,
            is_whole=not view.is_narrowed,
            group_by=self.group_by,
            mini_map=self.has_mini_map,
            animate=settings.animate,
            attempt=self._attempt,
            thresholds_ms=self.pen.thresholds_ms,
            trunks_above=settings.trunks_above,
            bundles_above=settings.bundles_above,
        )

    def _path(self) -> tuple[tuple[NodeRef, ...], ...]:
        """Return what stands out: the line of the selected pair, and who relays it."""
        view, digest = self.desk.view, self.desk.view.digest
        if digest is None or view.node is None or view.peer is None:
            return ()
        pair = digest.pair(view.node, view.peer) or digest.pair(view.peer, view.node)
        relay = digest.relay_of(pair) if pair is not None else None
        return ((view.node, view.peer),) if relay is None else ((view.node, relay, view.peer), (view.node, view.peer))

    # drawing

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

    def take_veil(self, ref_of: Callable[[NodeRef], NodeRef]) -> None:
        """Forget what was drawn with other names."""
        self.drawn = None
        self._hover = ()
        self.focus_ref = None if self.focus_ref is None else ref_of(self.focus_ref)
        self._cartographer.rename(ref_of)
        self.redraw()

    def on_map_drawn(self, message: MapDrawn) -> None:
        """Show the new map, unless names were hidden or shown since it was begun."""
        if not self.desk.veil.fits(message.drawn.request.snapshot):
            self._finish()
            return
        if self.drawn is not None:
            message.drawn.follow(self.drawn)
        self.drawn, self._trouble = message.drawn, None
        if message.drawn.survey is None and self.focus_ref is None:
            self._last_whole = message.drawn.request.layout
        self._finish()

    def on_map_failed(self, message: MapFailed) -> None:
        """Say what went wrong where the map would be."""
        self._trouble = (message.request, message.words)
        self._finish()

    def _finish(self) -> None:
        self._under_way = None
        self._tick_while_needed()
        self._paint_when_taken()
        if self._is_outdated:
            self._is_outdated = False
            self._ask(self._wanted(), again=True)

    def _paint_when_taken(self) -> None:
        """Paint, once the terminal has taken what it was sent before: else frames pile up and input lags."""
        if self.desk.backlog() > 0:
            self.set_timer(RETRY_S, self._paint_when_taken)
        elif self.size.area:
            self._show()

    def _show(self) -> None:
        """Paint what is there now; rows of a map that was drawn for this size need no measuring."""
        drawn = self.drawn
        fits = drawn is not None and drawn.frame.width == self.size.width and self._trouble is None
        self.show_rows(self._safely_built(self.size), fills=fits and bool(self.desk.view.listed))
        if self._painted_s is None:
            self._painted_s = time.monotonic()
            self.set_timer(LOOK_S, self._look_whether_taken)

    def _look_whether_taken(self) -> None:
        """Learn how long the terminal takes for a map."""
        if self._painted_s is None:
            return
        if self.desk.backlog() > 0:
            self.set_timer(RETRY_S, self._look_whether_taken)
            return
        took_s = time.monotonic() - self._painted_s
        self._painted_s = None
        self._rests_until_s = time.monotonic() + REST_FACTOR * took_s if took_s > SLOW_S else 0.0

    def build(self, cells: int, height: int) -> Sequence[Sequence[Run]]:
        """Return the newest map, or a word about why there is none."""
        if self._trouble is not None:
            lines = wrap(self._trouble[1], max(8, cells - 6))
            return [[], *([*blank(3), self.pen(line)] for line in lines), [], [*blank(3), *self._way_out()]]
        if not self.desk.view.listed:
            return [[], *nothing_left(self.pen, self.desk.view.filter.text)]
        if self.drawn is None:
            return [[], [*blank(3), self.pen.dim("drawing the map")]]
        rows = self.drawn.frame.rows
        waiting = self._waiting()
        return [*rows[: height - 1], fit([*blank(2), *waiting], cells)] if waiting else rows

    def _way_out(self) -> Row:
        return [self.pen.accent("L"), self.pen.dim(" next layout")]

    def _waiting(self) -> Row:
        """Say that a layout is under way, for how long, and how to give it up."""
        survey = self.drawn.survey if self.drawn is not None else None
        if survey is None or survey.is_finished:
            return []
        took_s = max(0.0, time.monotonic() - survey.began_s)
        pen = self.pen
        return [
            pen.dim("laying out ("), pen(survey.plan.layout), pen.dim(f") {took_s:.1f} s  "), pen.accent("esc"),
            pen.dim(" cancels"),
        ]  # fmt: skip

    # what takes its time

    def _tick_while_needed(self) -> None:
        """Look now and then while a layout is under way or nodes walk."""
        drawn = self.drawn
        is_needed = drawn is not None and self._trouble is None and (drawn.survey is not None or drawn.is_moving)
        if is_needed and self._ticker is None:
            self._ticker = self.set_interval(TICK_S, self._tick)
        elif not is_needed and self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    def _tick(self) -> None:
        """Draw the next step, or how long it has taken; a slow terminal gets fewer."""
        drawn = self.drawn
        if drawn is None or self.desk.backlog() > 0:
            return
        survey = drawn.survey
        if drawn.is_moving or (survey is not None and (survey.is_finished or survey.step is not None)):
            self._ask(self._wanted(), again=True)
        elif self.size.area and self.display:
            self._show()

    def cancel(self) -> str:
        """Give up the layout that is under way, and go back to what is shown; return its name, empty when none is."""
        survey = self.drawn.survey if self.drawn is not None else None
        if survey is None or survey.is_finished:
            return ""
        self._cartographer.cancel()
        if self.focus_ref is not None:
            self.focus_ref = None
        self.layout_name = self._last_whole if self._last_whole != self.layout_name else AUTO
        self._attempt = 0
        self.redraw()
        return survey.plan.layout

    # where to look

    def zoom(self, step: int) -> None:
        """Go nearer to the selection, or farther."""
        self.viewport = self.viewport.zoomed(step, self._place_of(self.desk.view.node))
        self.redraw()

    def pan(self, across: int, down: int) -> None:
        """Move the map."""
        self.viewport = self.viewport.panned(across, down)
        self.redraw()

    def centre(self) -> None:
        """Put the selection in the middle."""
        places = [place for ref in self.desk.view.selected if (place := self._place_of(ref)) is not None]
        self.viewport = self.viewport.centred(places)
        self.redraw()

    def follow(self, ref: NodeRef | None) -> None:
        """Bring a node into view when the map is larger than the screen."""
        place = self._place_of(ref)
        if place is not None and self.viewport.zoom > 1 and not self.viewport.holds(place):
            self.viewport = Viewport(*place, self.viewport.zoom).kept_inside()

    def _place_of(self, ref: NodeRef | None) -> tuple[float, float] | None:
        return self.drawn.place_of(ref) if self.drawn is not None and ref is not None else None

    def neighbour(self, across: int, down: int) -> NodeRef | None:
        """Return the node that lies in a direction from the selected one; None when there is none, or no map."""
        node = self.desk.view.node
        if self.drawn is None or node is None or not self.display:
            return None
        return steer(self.drawn.spots, node, across, down)

    @property
    def is_seen(self) -> bool:
        """Whether there is a map on screen to steer on."""
        return self.display and self.drawn is not None and self._trouble is None

    # how it is laid out

    def next_layout(self) -> str:
        """Take the next layout and return its name."""
        names = [name for name in layout_names() if name != FOCUS]
        place = names.index(self.layout_name) if self.layout_name in names else 0
        self.take_layout(names[(place + 1) % len(names)])
        return self.layout_name

    def take_layout(self, name: str) -> None:
        """Lay out by name."""
        self.layout_name, self.focus_ref = name, None
        self.viewport, self._attempt = Viewport(), 0
        self.redraw()

    def turn(self, step: int) -> bool:
        """Turn the map by a notch, clockwise for 1; says whether the layout can be turned."""
        if self.drawn is None or not self.drawn.turns:
            return False
        self.rotation = (self.rotation + step * TURN_DEGREES) % 360.0
        self.redraw()
        return True

    def begin_anew(self) -> None:
        """Lay out anew, and show how it comes about."""
        self._attempt += 1
        self.redraw()

    def focus_on(self, ref: NodeRef | None) -> None:
        """Put a node in the middle, or go back to the layout of all."""
        self.focus_ref, self.viewport = ref, Viewport()
        self.redraw()

    def next_grouping(self) -> Criterion | None:
        """Group by the next criterion and return it; None = what tells most."""
        self.group_by = GROUPINGS[(GROUPINGS.index(self.group_by) + 1) % len(GROUPINGS)]
        self.redraw()
        return self.group_by

    # the mouse

    def on_click(self, event: events.Click) -> None:
        """Select the node under the mouse."""
        ref = self.drawn.node_at(event.x, event.y) if self.drawn is not None else None
        if ref is not None:
            self.post_message(NodePicked(ref))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Light what is under the mouse: at once, then no more often than anybody sees."""
        self._pointer = (event.x, event.y)
        if self._rest is None:
            self._look_under()
            self._rest = self.set_timer(HOVER_S, self._look_again)

    def on_leave(self) -> None:
        """Put the light out when the mouse goes elsewhere."""
        self._pointer = None
        self._look_under()

    def _look_again(self) -> None:
        self._rest = None
        self._look_under()

    def _look_under(self) -> None:
        """Light what is under the mouse now."""
        ref = self.drawn.node_at(*self._pointer) if self.drawn is not None and self._pointer is not None else None
        hover = () if ref is None else (ref,)
        if hover != self._hover:
            self._hover = hover
            self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go farther."""
        event.stop()
        self._zoom_at(-1, event)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go nearer, to where the mouse is."""
        event.stop()
        self._zoom_at(1, event)

    def _zoom_at(self, step: int, event: events.MouseEvent) -> None:
        if not self.size.area:
            return
        spot = ((event.x + 0.5) / self.size.width, (event.y + 0.5) / self.size.height)
        self.viewport = self.viewport.zoomed_at(step, spot)
        self.redraw()

    # between sessions

    def on_mount(self) -> None:
        """Write positions now and then."""
        if self.desk.state is not None:
            self.set_interval(SAVE_S, self._save_later)

    def _save_later(self) -> None:
        self.run_worker(self.save(), group="positions", description="writes positions", exit_on_error=False)

    async def save(self) -> None:
        """Write positions; where that cannot be, the map is placed anew next time, and nothing else is lost."""
        with suppress(OSError):
            await asyncio.to_thread(self._cartographer.save)

    async def on_unmount(self) -> None:
        """Write positions for the last time, and stop a layout that nobody waits for any more."""
        self._cartographer.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(SAVE_PATIENCE_S):
                await self.save()
