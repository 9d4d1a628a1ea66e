"""What the screens say, line by line."""

from __future__ import annotations

import pytest

from tests.ui import pictures
from tests.ui.fake_source import FakeSample
from tests.ui.pictures import host, node, pair, ref, snapshot
from tsym_agent.model.hosts import HostState
from tsym_agent.model.paths import PathKind, PingKind
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import Level
from tsym_tui.graph.themes import PLAIN, THEMES
from tsym_tui.ui.digests import digest
from tsym_tui.ui.linetext import LineText
from tsym_tui.ui.problems import Kind, Problem, find_problems
from tsym_tui.ui.rows.faces import Face, face_of, face_rows
from tsym_tui.ui.rows.header import HeaderFacts, Mood, render_header
from tsym_tui.ui.rows.history import history_rows
from tsym_tui.ui.rows.nodedetail import node_rows
from tsym_tui.ui.rows.nodelist import left_pane, list_window, problem_rows
from tsym_tui.ui.rows.nodestable import fitting_columns, host_notes, ordered, table_row
from tsym_tui.ui.rows.pairdetail import pair_rows
from tsym_tui.ui.rows.pens import Pen, clip, fit, fit_text, spread, width_of, wrap
from tsym_tui.ui.rows.selection import plain_text

DARK = Pen(THEMES["dark"])
ASCII = Pen(THEMES["mono"], Level.ASCII)
HOME = digest(pictures.home())
PENS = [Pen(theme, level) for theme in THEMES.values() for level in Level]


# cutting and joining


@pytest.mark.parametrize("text", ["abc", "客厅电视机", "a客b厅c", "", "●◆▲"])
@pytest.mark.parametrize("cells", range(9))
def test_a_text_is_fitted_to_the_cell(text: str, cells: int) -> None:
    assert width_of([Run(fit_text(text, cells), PLAIN)]) == cells


@pytest.mark.parametrize("cells", range(20))
def test_a_row_is_fitted_to_the_cell(cells: int) -> None:
    row = [Run("name ", PLAIN), Run("客厅", PLAIN), Run(" 12.5 ms", PLAIN)]

    assert width_of(fit(row, cells)) == cells
    assert width_of(spread(row, row[2:], cells)) == cells


def test_a_cut_row_says_so() -> None:
    assert plain_text([clip([Run("abcdef", PLAIN), Run("ghi", PLAIN)], 6)]) == "abcde…\n"


@pytest.mark.parametrize("cells", range(1, 30))
def test_wrapping_never_exceeds_the_width(cells: int) -> None:
    text = "no socket at /run/very/long/path/without/blanks/tailscaled.sock: start it 客厅"

    lines = wrap(text, cells)

    assert cells == 1 or all(width_of([Run(line, PLAIN)]) <= cells for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize(("count", "focus", "room"), [(10, 0, 4), (10, 9, 4), (10, 5, 4), (3, 2, 4), (0, 0, 4)])
def test_a_list_window_holds_its_focus(count: int, focus: int, room: int) -> None:
    window = list_window(count, focus, room)

    assert len(window) == min(count, room)
    assert count == 0 or focus in window


# header


@pytest.mark.parametrize("cells", range(200))
def test_the_header_fits_every_width(cells: int) -> None:
    facts = HeaderFacts("home.ts.net", ("Map",), 4, 3, 20, 21, 412, 31.0, mood=Mood.LIVE, clock="12:04:09")

    assert width_of(render_header(DARK, facts, cells)) == max(4, cells)


def test_the_header_says_who_answers_what_is_fresh_and_what_it_costs() -> None:
    facts = HeaderFacts("home.ts.net", ("Map",), 4, 3, 20, 21, 412, 31.0, mood=Mood.LIVE, clock="12:04:09")
    text = plain_text([render_header(DARK, facts, 130)])

    assert "tsym  home.ts.net › Map" in text
    assert "hosts 3/4   fresh 20/21 pairs   +412 hidden   31 probes/min   ● live 12:04:09" in text


# lists and tables


@pytest.mark.parametrize("pen", PENS, ids=lambda pen: f"{pen.theme.name}-{pen.level}")
def test_every_row_is_as_wide_as_its_pane_in_every_theme(pen: Pen) -> None:
    problems = find_problems(HOME)
    rows, places = left_pane(pen, HOME, HOME.order, problems, {ref("nas")}, size=(23, 31))

    assert len(rows) == 31
    assert all(width_of(row) <= 23 for row in rows)
    assert list(places.values()) == list(HOME.order)
    assert {width_of(table_row(pen, HOME, one, 97)) for one in HOME.order} == {97}


@pytest.mark.parametrize("height", range(1, 40))
def test_the_left_pane_fits_every_height_and_keeps_the_selection_in_sight(height: int) -> None:
    rows, places = left_pane(DARK, HOME, HOME.order, find_problems(HOME), {ref("work-mbp")}, size=(23, height))

    assert len(rows) == height
    assert height < 9 or ref("work-mbp") in places.values()


def test_a_dead_node_shows_since_when_and_no_latency() -> None:
    row = plain_text([table_row(DARK, HOME, ref("old-mac"), 200)])

    assert "✕ dead" in row
    assert "100 %" in row
    assert "✕ 2 h" in row
    assert "0/4" in row


def test_ascii_rows_are_ascii() -> None:
    rows, _ = left_pane(ASCII, HOME, HOME.order, find_problems(HOME), {ref("nas")}, size=(23, 31))
    texts = [plain_text(rows), plain_text(node_rows(ASCII, HOME, ref("phone"), 40))]
    texts.append(plain_text(pair_rows(ASCII, HOME, (ref("laptop"), ref("nas")), pictures.history(), 40)))
    texts.append(plain_text([table_row(ASCII, HOME, one, 120) for one in HOME.order]))

    assert [text for text in texts if not text.isascii()] == []


@pytest.mark.parametrize("cells", range(30, 240, 7))
def test_columns_fit_and_those_that_say_what_is_wrong_stay_longest(cells: int) -> None:
    columns, name_cells = fitting_columns(cells)
    letters = [column.letter for column in columns]

    assert 5 + name_cells + sum(column.cells + 2 for column in columns) <= max(cells, 19)
    assert cells < 62 or {"p", "r", "l", "h"} <= set(letters)


def test_unknown_values_sort_last_both_ways() -> None:
    up = ordered(HOME, HOME.order, ("r", False))
    down = ordered(HOME, HOME.order, ("r", True))

    assert up[-1] == down[-1] == ref("old-mac")
    assert up[0] == down[-2]


def test_the_worst_class_sorts_first() -> None:
    assert ordered(HOME, HOME.order, ("p", False))[:3] == [ref("old-mac"), ref("work-mbp"), ref("phone")]


def test_hosts_that_do_not_answer_say_what_to_do_below_the_table() -> None:
    notes = plain_text(host_notes(DARK, digest(pictures.barred()), 100, 5))

    assert "vps-fra  silent for 3 min  no answer at 192.0.2.9: is it up?" in notes


# details


def text_of_pair(here: str, there: str, cells: int = 40) -> str:
    return plain_text(pair_rows(DARK, HOME, (ref(here), ref(there)), (), cells))


def test_a_direct_pair_shows_both_directions_and_its_endpoint() -> None:
    text = text_of_pair("laptop", "nas")

    assert "● direct" in text
    assert "3.1 ms" in text
    assert "p50     → 3.1    ← 3.0" in text
    assert "192.0.2.20:41641" in text


def test_a_relayed_pair_names_its_region() -> None:
    assert "▲ DERP fra" in text_of_pair("laptop", "work-mbp")


def test_a_pair_without_a_host_at_its_far_end_says_so() -> None:
    assert "no host" in text_of_pair("laptop", "tv")


def test_a_one_way_pair_says_so() -> None:
    assert "one way" in text_of_pair("pi-kitchen", "vps-fra")


def test_a_dead_pair_says_what_it_was_and_since_when_and_its_last_error() -> None:
    text = text_of_pair("laptop", "old-mac")

    assert "✕ dead, was direct" in text
    assert "2 h" in text
    assert "no answer within 5 s" in text


def test_the_three_claims_about_a_node_stand_apart() -> None:
    text = text_of_pair("laptop", "old-mac")

    assert "✕  offline   2 h ago" in text
    assert "?  handshake none seen" in text
    assert "✕  no answer for 2 h" in text


def test_a_pong_that_names_no_path_is_said_to_be_unknown() -> None:
    picture = snapshot([node("a"), node("b")], [pair("a", "b", PathKind.UNKNOWN, 9.0, ping=PingKind.TSMP)], [host("a")])
    text = plain_text(pair_rows(DARK, digest(picture), (ref("a"), ref("b")), (), 40))

    assert "path unknown" in text
    assert "TSMP" in text
    assert "direct" not in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tv", "key expired: log in there"),
        ("phone", "not approved: an admin must approve it"),
        ("old-mac", "locked out by tailnet lock: sign its key"),
    ],
)
def test_each_standing_has_words_of_its_own(name: str, words: str) -> None:
    text = plain_text(node_rows(DARK, digest(pictures.barred()), ref(name), 60))

    assert words in text


def test_a_node_lists_its_pairs_and_counts_its_classes() -> None:
    text = plain_text(node_rows(DARK, HOME, ref("laptop"), 40))

    assert "pairs 7" in text
    assert any(line.startswith("● direct") and line.endswith(" 4") for line in text.splitlines())


def test_a_key_about_to_expire_is_said() -> None:
    assert "expires in 2 d" in plain_text(node_rows(DARK, HOME, ref("work-mbp"), 40))


def test_a_host_that_is_not_well_says_its_state_and_what_to_do() -> None:
    text = plain_text(node_rows(DARK, digest(pictures.barred()), ref("vps-fra"), 60))

    assert "silent for 3 min" in text
    assert "is it up?" in text


# history


def test_history_shows_loss_and_relay_where_they_were() -> None:
    bars, classes, scale = history_rows(DARK, pictures.history(), 842.0, 60)

    assert "✕" in plain_text([bars])
    assert "┉" in plain_text([classes])
    assert plain_text([scale]).startswith("14 min")
    assert width_of(bars) == width_of(classes) == width_of(scale) == 60


def test_a_quiet_pair_looks_quiet() -> None:
    samples = [FakeSample(float(second), 3.0 + second % 2) for second in range(60)]

    assert set(plain_text(history_rows(DARK, samples, 60.0, 30)[:1]).strip()) <= {"▁", "▂"}


def test_two_samples_are_needed_for_a_history() -> None:
    assert history_rows(DARK, [FakeSample(0.0, 1.0)], 1.0, 40) == []


# faces


@pytest.mark.parametrize(
    ("picture", "face"),
    [
        (pictures.connecting(), Face.LOADING),
        (pictures.alone(), Face.EMPTY),
        (pictures.unreachable(), Face.FAILED),
        (pictures.home(), Face.DATA),
        (pictures.fallen_silent(), Face.DATA),
    ],
)
def test_a_picture_has_its_face(picture: object, face: Face) -> None:
    assert face_of(digest(picture), None) is face  # type: ignore[arg-type]  # a snapshot, by the table


def test_nothing_known_and_something_wrong_is_the_failed_face() -> None:
    assert face_of(None, None) is Face.LOADING
    assert face_of(None, "no daemon") is Face.FAILED


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (HostState.FAILED, "silent"),
        (HostState.DENIED, "refuses us"),
        (HostState.STOPPED, "stopped"),
        (HostState.NEEDS_LOGIN, "needs login"),
        (HostState.CONNECTING, "connecting"),
    ],
)
def test_each_host_state_has_words_and_its_advice(state: HostState, word: str) -> None:
    picture = snapshot([], [], [host("a", ref=None, state=state, error="do this next")])
    sums = digest(picture)
    text = plain_text(face_rows(DARK, face_of(sums, None), sums, None, 80))

    assert word in text
    assert "do this next" in text


# typing


def test_a_line_is_edited_as_shells_do() -> None:
    line = LineText()
    for key, character in (("n", "n"), ("a", "a"), ("s", "s"), ("left", None), ("x", "x"), ("end", None)):
        line.press(key, character)
    assert (line.text, line.at) == ("naxs", 4)

    line.insert(" tag:web")
    line.press("ctrl+w", None)
    assert line.text == "naxs "

    line.press("ctrl+u", None)
    assert line.text == ""


def test_pasted_escape_sequences_lose_their_teeth() -> None:
    line = LineText()
    line.insert("a\x1b[31mb")

    assert line.text.isprintable()


def test_many_problems_close_up_so_that_more_of_them_are_seen() -> None:
    problems = find_problems(HOME) * 4
    rows, _ = left_pane(DARK, HOME, HOME.order * 8, problems, set(), size=(23, 35))
    text = plain_text(rows)

    assert text.index("wrong now") < text.index(problems[4].title, text.index("wrong now"))
    assert f"{len(problems) - 5} more" in text


def test_the_title_of_a_pair_that_is_cut_keeps_both_ends() -> None:
    problem = Problem(Kind.DEAD, "nyc-web-db-1, lon-web-3", "others reach it", ())

    assert plain_text(problem_rows(DARK, problem, 23)).splitlines()[0].strip() == "✕ nyc-web-…lon-web-3"
