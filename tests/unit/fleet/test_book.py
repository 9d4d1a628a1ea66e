"""Windows of pairs, and their values made anew in pieces."""

from __future__ import annotations

from tests.unit.fleet.fakes import ref
from tsym_agent.model.paths import PathKind
from tsym_agent.probe.window import PassivePath
from tsym_tui.fleet.book import PairBook

KEYS = [(ref("a"), ref("b")), (ref("a"), ref("c")), (ref("a"), ref("d"))]


def book_with_paths() -> PairBook:
    """Return a book of three pairs that status has just proved direct."""
    book = PairBook()
    book.set_pairs(book.row(KEYS), keep=lambda _: True)
    for key in KEYS:
        book.note_passive(key, PassivePath(at_s=0.0, path=PathKind.DIRECT))
    return book


def shown_direct(book: PairBook) -> int:
    """Count the pairs whose value is of now."""
    return sum(pair is not None and pair.path is PathKind.DIRECT for pair in map(book.shown, KEYS))


def test_a_piece_makes_no_more_values_than_asked() -> None:
    book = book_with_paths()

    assert book.renew(0.0, 2)
    assert shown_direct(book) == 2


def test_the_last_piece_says_that_nothing_waits() -> None:
    book = book_with_paths()
    book.renew(0.0, 2)

    assert not book.renew(0.0, 2)
    assert shown_direct(book) == 3


def test_a_snapshot_has_what_no_piece_made() -> None:
    book = book_with_paths()
    book.renew(0.0, 1)

    assert {pair.path for pair in book.current(0.0).values()} == {PathKind.DIRECT}


def test_keys_are_handed_on_and_not_made_again() -> None:
    book = book_with_paths()
    found = [key for piece in book.pieces({ref("a")}, {ref("b"), ref("d")}, 2) for key in piece]

    assert [id(key) for key in found] == [id(KEYS[0]), id(KEYS[2])]
