"""The map: nodes and what is wrong at the left, the graph, the selection at the right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.widget import Widget

from tsym_agent.model.ids import NodeRef
from tsym_tui.graph.groups import Criterion
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.problems import Problem
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.widgets.details import DetailPane
from tsym_tui.ui.widgets.lists import NodeListPane
from tsym_tui.ui.widgets.mappane import MapPane


class MapScreen(TailnetScreen, inherit_bindings=False):
    """The tailnet as a graph."""

    SCOPE = Scope.MAP
    TITLE = "Map"
    BINDINGS: ClassVar = bindings_of(SCOPE)

    def compose_body(self) -> Iterable[Widget]:
        """Return the panes between header and legend."""
        yield NodeListPane(self.desk, id="list", classes="data left")
        yield MapPane(self.desk, id="map", classes="data")
        yield DetailPane(self.desk, id="detail", classes="data right")

    @property
    def map(self) -> MapPane:
        """The pane with the graph."""
        return self.query_one(MapPane)

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are; what was chosen is part of it: the layout, the grouping, who stands in the middle."""
        pane, digest = self.map, self.desk.view.digest
        chosen = [] if pane.layout_name == "auto" or pane.focus_ref is not None else [pane.layout_name]
        chosen += [f"by {pane.group_by}"] if pane.group_by not in {None, Criterion.NONE} else []
        chosen += ["no groups"] if pane.group_by is Criterion.NONE else []
        if pane.focus_ref is not None and digest is not None:
            chosen.append(f"around {digest.name_of(pane.focus_ref)}")
        where = super().crumbs
        return (where[0], *chosen, *where[1:])

    @property
    def order(self) -> Sequence[NodeRef]:
        """The order of the list, whatever the table is sorted by."""
        return self.desk.view.listed

    def after_selection(self) -> None:
        """Keep the selection in sight."""
        self.map.follow(self.desk.view.node)
        super().after_selection()

    # moving

    def action_steer(self, across: int, down: int) -> None:
        """Select the nearest node in a direction; in a terminal too small for a map, the next one of the list."""
        if not self.map.is_seen:
            self.action_move(down or across)
            return
        found = self.map.neighbour(across, down)
        if found is not None:
            self.desk.view.select(found)
            self.after_selection()

    def action_zoom(self, step: int) -> None:
        """Go nearer or farther; 0 shows all."""
        pane = self.map
        if pane.drawn is not None and pane.drawn.layout == "arcs":
            self.say("arcs show all there is: L takes a layout that zooms")
        pane.zoom(step)

    def action_pan(self, across: int, down: int) -> None:
        """Move the map."""
        if self.map.viewport.zoom <= 1:
            self.say("all of the map is seen: + goes nearer")
            return
        self.map.pan(across, down)

    def action_centre(self) -> None:
        """Put the selection in the middle."""
        self.map.centre()

    # laying out

    def action_layout(self) -> None:
        """Take the next layout."""
        self.say(f"layout: {self.map.next_layout()}")
        self.show()

    def take_veil(self, ref_of: Callable[[NodeRef], NodeRef]) -> None:
        """Draw anew with the names that are shown now, everybody in their place."""
        self.map.take_veil(ref_of)

    def take_setting(self, name: str) -> None:
        """Take another layout, or show the small map, as settings say now."""
        if name == "layout":
            self.map.take_layout(self.desk.settings.layout)
        elif name == "mini_map":
            self.map.has_mini_map = self.desk.settings.mini_map

    def action_rotate(self, step: int) -> None:
        """Turn the map by a notch."""
        pane = self.map
        if pane.turn(step):
            self.say(f"turned by {pane.rotation:.0f} degrees" if pane.rotation else "upright")
        elif pane.drawn is not None:
            self.say(f"{pane.drawn.layout} cannot be turned: L takes the next layout")

    def action_animate(self) -> None:
        """Lay out anew and show how."""
        self.map.begin_anew()

    def action_focus_node(self) -> None:
        """Put the selected node in the middle; when it is there already, go back."""
        pane, view = self.map, self.desk.view
        pane.focus_on(None if view.node == pane.focus_ref else view.node)
        self.show()

    def action_mini_map(self) -> None:
        """Show the whole map in a corner, or no more."""
        pane = self.map
        pane.has_mini_map = not pane.has_mini_map
        pane.redraw()
        words = "on" if pane.viewport.zoom > 1 else "on: seen when the map is zoomed"
        self.say(f"mini-map {words if pane.has_mini_map else 'off'}")

    def action_group(self) -> None:
        """Group by something else."""
        by = self.map.next_grouping()
        self.say("grouped by what tells most" if by is None else f"grouped by {by}")
        self.show()

    # trouble

    def action_trouble(self, step: int) -> None:
        """Select what the next trouble is about."""
        troubles = self._troubles()
        if not troubles:
            self.say("nothing is wrong here")
            return
        selected = self.desk.view.selected
        places = [place for place, problem in enumerate(troubles) if problem.nodes == selected]
        here = places[0] if places else (-1 if step > 0 else 0)
        place = (here + step) % len(troubles)
        problem = troubles[place]
        self.desk.view.select(*problem.nodes[:2])
        self.after_selection()
        self.say(f"{place + 1} of {len(troubles)}: {problem.title}, {problem.words}")

    def _troubles(self) -> list[Problem]:
        """Return what is wrong with listed nodes, worst first, each selection once."""
        view = self.desk.view
        listed = set(view.listed)
        found = view.picture.problems if view.picture is not None else ()
        fitting = {
            problem.nodes: problem for problem in reversed(found) if problem.nodes and listed >= {problem.nodes[0]}
        }
        return list(reversed(fitting.values()))

    def action_back(self) -> None:
        """Undo the narrowest thing: a layout under way, the pair, the node in the middle, the filter."""
        cancelled = self.map.cancel()
        if cancelled:
            self.say(f"{cancelled} was cancelled")
            self.show()
        elif self.desk.view.peer is None and self.map.focus_ref is not None:
            self.map.focus_on(None)
            self.show()
        else:
            super().action_back()
