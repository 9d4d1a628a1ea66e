"""The selection over the whole screen: in place of a right pane on small terminals, more than it on large ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import ClassVar

from textual.message import Message
from textual.widget import Widget

from tsym_agent.model.ids import NodeRef
from tsym_agent.model.paths import SampleState
from tsym_tui.fleet.inquiry import Finding, Inquiry, answers, questions
from tsym_tui.ui.bindings import bindings_of
from tsym_tui.ui.digests import Digest
from tsym_tui.ui.keys import Scope
from tsym_tui.ui.rows.jsontree import Tree, copied
from tsym_tui.ui.rows.nodeview import wanted_witness
from tsym_tui.ui.rows.selection import plain_text
from tsym_tui.ui.screens.base import TailnetScreen
from tsym_tui.ui.widgets.details import FullDetailPane

COPY_CELLS = 100


class Found(Message):
    """A host has answered what it knows of the selection."""

    def __init__(self, ends: tuple[NodeRef, ...], found: tuple[Finding, ...]) -> None:
        super().__init__()
        self.ends = ends
        self.found = found


class DetailScreen(TailnetScreen, inherit_bindings=False):
    """A pair or a node in full. What a picture does not hold is asked of its hosts when it opens."""

    SCOPE = Scope.DETAIL
    TITLE = "Details"
    BINDINGS: ClassVar = bindings_of(SCOPE)
    DEFAULT_CSS: ClassVar[str] = """
    DetailScreen {
        &.-tiny #full, &.-short #full { display: block; }
        &.-tiny #plain, &.-short #plain { display: none; }
    }
    """

    def compose_body(self) -> Iterable[Widget]:
        """Return the one pane."""
        yield FullDetailPane(self.desk, id="full", classes="data")

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where we are: what is selected."""
        view = self.desk.view
        if view.digest is None or view.node is None:
            return (self.TITLE,)
        name = view.digest.name_of(view.node)
        raw = ("raw",) if self._pane.raw is not None else ()
        if view.peer is None:
            return ("Node", name, *raw)
        return ("Pair", f"{name} {self.desk.pen.signs.both_ways} {view.digest.name_of(view.peer)}", *raw)

    @property
    def _pane(self) -> FullDetailPane:
        return self.query_one(FullDetailPane)

    # asking

    def on_mount(self) -> None:
        """Ask the hosts, and draw."""
        super().on_mount()
        self.inquire()

    def after_selection(self) -> None:
        """Ask about what is selected now."""
        super().after_selection()
        self._pane.top = 0
        self.inquire()

    def inquire(self) -> None:
        """Ask the hosts what they know of the selection."""
        view, source = self.desk.view, self.desk.source
        if view.digest is None or source is None:
            return
        nodes = view.digest.snapshot.nodes
        witness = None if view.node is None or view.peer is not None else wanted_witness(view.digest, view.node)
        asked = questions(
            view.selected, source.asked(), nodes, witness=witness, pinged=_pinged(view.digest, view.selected)
        )
        self._pane.inquiry = Inquiry(view.selected, len(asked))
        ends = view.selected

        async def collect() -> None:
            async with aclosing(answers(asked)) as coming:
                async for found in coming:
                    self.post_message(Found(ends, found))

        self.run_worker(
            collect,  # type: ignore[arg-type]  # Textual's type has no functions that return nothing
            group="details",
            description="asks hosts",
            exclusive=True,
            exit_on_error=False,
        )

    def take_veil(self, ref_of: Callable[[NodeRef], NodeRef]) -> None:  # noqa: ARG002 - the view has the new keys
        """Ask again, by the names that are shown now."""
        self._pane.raw = None
        self.inquire()

    def show(self) -> None:
        """Draw; what is looked at by another key now, since names were hidden, is asked about anew."""
        if self.query(FullDetailPane) and self._pane.inquiry.ends not in {(), self.desk.view.selected}:
            self.inquire()
        super().show()

    def on_found(self, message: Found) -> None:
        """Take it in, unless something else is looked at by now."""
        if message.ends == self._pane.inquiry.ends:
            self._pane.inquiry.take(message.found)
            self.show()

    # keys

    def action_move(self, step: int) -> None:
        """Scroll."""
        self._pane.scroll_by(step)

    def action_page(self, step: int) -> None:
        """Scroll a page."""
        self._pane.scroll_by(step * max(1, self._pane.size.height - 1))

    def action_first(self) -> None:
        """Scroll to the top."""
        self._pane.scroll_by(-1_000_000)

    def action_last(self) -> None:
        """Scroll to the end."""
        self._pane.scroll_by(1_000_000)

    def action_raw(self) -> None:
        """Show the JSON behind it as a tree, or lay it out again."""
        self._pane.raw = Tree() if self._pane.raw is None else None
        self._pane.top = 0
        self.show()

    def action_fold(self) -> None:
        """Fold the branch under the cursor, or unfold it."""
        if self._pane.raw is None:
            self.say("t shows the raw JSON, where branches fold")
            return
        self._pane.raw.fold()
        self.show()

    def action_fold_all(self) -> None:
        """Fold every branch, or unfold all."""
        if self._pane.raw is None:
            self.say("t shows the raw JSON, where branches fold")
            return
        self._pane.raw.fold_all()
        self.show()

    def action_copy(self) -> None:
        """Copy the value under the tree's cursor, else the whole view as text."""
        tree = self._pane.raw
        if tree is None:
            self.app.copy_to_clipboard(plain_text(self._pane.laid_out(COPY_CELLS, 0)))
            self.say("copied the view")
        elif tree.here is not None:
            self.app.copy_to_clipboard(copied(tree.here))
            self.say(f"copied {tree.here.path[-1]}")

    def action_back(self) -> None:
        """Leave the raw tree, else go back to where we came from."""
        if self._pane.raw is not None:
            self.action_raw()
        else:
            self.app.pop_screen()


def _pinged(digest: Digest, ends: tuple[NodeRef, ...]) -> list[tuple[NodeRef, NodeRef]]:
    """Return the directions that may be pinged: those that the prober pings itself, so no phone is woken."""
    if len(ends) < 2:
        return []
    both = ((ends[0], ends[1]), (ends[1], ends[0]))
    pairs = [(key, digest.pair(*key)) for key in both]
    return [key for key, pair in pairs if pair is not None and (pair.samples or pair.state is not SampleState.NEVER)]
