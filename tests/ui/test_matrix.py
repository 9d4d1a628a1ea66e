"""The matrix: its cells, orders, groups, margins and marks, line by line."""

from __future__ import annotations

import msgspec
import pytest

from tests.ui import pictures
from tests.ui.matrices import DARK, FLEET, HOME, WIDE, board, drawn, fleet, names
from tests.ui.pictures import dead, host, node, pair, ref, snapshot
from tsym_agent.model.hosts import HostState
from tsym_agent.model.paths import PathKind, SampleState
from tsym_tui.graph.groups import Criterion
from tsym_tui.graph.looks import LOOKS, Level
from tsym_tui.graph.themes import THEMES
from tsym_tui.ui.digests import Digest, digest
from tsym_tui.ui.problems import is_well
from tsym_tui.ui.rows.matrixboard import Boards, Room, Spot, Summary, ends_of, next_bad, spot_of
from tsym_tui.ui.rows.matrixcells import Kind, Mark, look_key, read_cells, read_sheet
from tsym_tui.ui.rows.matrixheads import labels_of, letters_needed
from tsym_tui.ui.rows.matrixmetric import Choice, Folds, Metric, Sort, short_number
from tsym_tui.ui.rows.matrixorder import seriate
from tsym_tui.ui.rows.matrixtiles import Tiles
from tsym_tui.ui.rows.pens import Pen, width_of
from tsym_tui.ui.rows.selection import plain_text

ASCII = Pen(THEMES["mono"], Level.ASCII)
PENS = [Pen(theme, level) for theme in THEMES.values() for level in Level]
SIZES = [(20, 6), (40, 12), (80, 19), (120, 35), (140, 35), (200, 55)]


def shut(*titles: str) -> Folds:
    return Folds(closed=frozenset(titles))


def text_of(sums: Digest = HOME, size: tuple[int, int] = (140, 35), **wanted: object) -> str:
    return plain_text(drawn(sums, size, **wanted).rows)  # type: ignore[arg-type]  # handed through


# what is seen


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sums", [HOME, FLEET], ids=["home", "fleet"])
@pytest.mark.parametrize("is_swapped", [False, True])
def test_the_matrix_fits_and_shows_its_cursor(sums: Digest, size: tuple[int, int], is_swapped: bool) -> None:
    made = drawn(sums, size, choice=Choice(is_swapped=is_swapped), spot=Spot(3, 3))

    assert len(made.rows) == size[1]
    assert size[0] < 40 or all(width_of(row) <= size[0] for row in made.rows)
    assert made.columns
    assert size[1] < 12 or made.lines


def test_each_cell_is_found_under_the_mouse() -> None:
    made = drawn(FLEET)
    line = next(y for y, row in made.lines.items() if row == 2)

    assert made.cell_at(made.left + made.offsets[5] + 1, line) == Spot(2, made.columns[5])
    assert made.cell_at(0, line) is None


@pytest.mark.parametrize("pen", PENS, ids=lambda pen: f"{pen.theme.name}-{pen.level}")
def test_ascii_is_ascii_and_every_theme_draws(pen: Pen) -> None:
    text = text_of(HOME, pen=pen)

    assert pen.level is not Level.ASCII or text.isascii()


def test_names_of_wide_letters_and_emoji_keep_columns_in_line() -> None:
    named = ["客厅电视", "客厅音箱", "🦊-one", "plain"]
    nodes = [node(name) for name in named]
    pairs = [pair(source, target) for source in named[:2] for target in named if source != target]
    sums = digest(snapshot(nodes, pairs, [host(name) for name in named[:2]]))
    made = drawn(sums, (80, 20))
    rows = [made.rows[y] for y in made.lines]

    assert len({width_of(row[: len(row) - 3]) for row in rows if len(row) > 3}) <= len(rows)
    assert all(width_of(row) <= 80 for row in made.rows)
    starts = [width_of(row[:6]) for row in rows]
    assert len(set(starts)) == 1


# tiles


def test_every_state_and_class_of_a_tile_has_a_look_of_its_own_in_every_theme() -> None:
    table = {(state, path): pair("a", "b", path, 9.0, state=state) for state in SampleState for path in PathKind}
    for pen in PENS:
        looks: dict[str, set[object]] = {}
        for key, one in table.items():
            cells = read_cells(snapshot([node("a"), node("b")], [one], [host("a")]))
            runs = Tiles(pen, Metric.PATH)[int(read_sheet(cells, Metric.PATH).keys[0, 1])]
            told = key if key[0] is SampleState.FRESH else key[0]
            looks.setdefault("".join(run.text for run in runs), set()).add(told)

        assert all(len(told) == 1 for told in looks.values()), pen


def test_a_stale_cell_wears_no_tint() -> None:
    stale = msgspec.structs.replace(HOME.snapshot.pairs[ref("laptop"), ref("nas")], state=SampleState.STALE)
    sums = digest(msgspec.structs.replace(HOME.snapshot, pairs=HOME.snapshot.pairs | {stale.key: stale}))
    place = spot_of(board(sums), ref("laptop"), ref("nas"), Spot())
    made = drawn(sums, spot=Spot((place.row + 1) % 4, 0))
    row = made.rows[next(y for y, at in made.lines.items() if at == place.row)]

    assert any(run.text.startswith("┊") and run.style.bg is None for run in row)


@pytest.mark.parametrize(
    ("there", "back", "mark"),
    [
        (pair("a", "b"), pair("b", "a"), Mark.NONE),
        (pair("a", "b"), dead("b", "a"), Mark.ONLY_HERE),
        (dead("a", "b"), pair("b", "a"), Mark.ONLY_BACK),
        (dead("a", "b"), dead("b", "a"), Mark.NONE),
        (pair("a", "b", PathKind.DERP, 3.0), pair("b", "a"), Mark.DIFFERS),
        (pair("a", "b", PathKind.UNKNOWN, 3.0), pair("b", "a"), Mark.NONE),
        (pair("a", "b", ms=3.0), pair("b", "a", ms=150.0), Mark.DIFFERS),
        (pair("a", "b"), pair("b", "a", state=SampleState.STALE), Mark.NONE),
    ],
)
def test_two_directions_that_disagree_are_marked(there: object, back: object, mark: Mark) -> None:
    picture = snapshot([node("a"), node("b")], [there, back], [host("a"), host("b")])  # type: ignore[list-item]  # pairs
    sheet = read_sheet(read_cells(picture), Metric.PATH)

    assert look_key(int(sheet.keys[0, 1]))[4] is mark


def test_marks_in_sight_are_explained() -> None:
    text = text_of(HOME)

    assert "●→" in text
    assert "→ only this way answers" in text
    assert "≠ the two directions differ" not in text


# metrics


def test_metrics_write_their_figure() -> None:
    one = pair("a", "b", ms=3.1, loss=0.25, age_s=95.0, jitter_ms=0.5, p95_ms=4.8)

    assert [short_number(one, metric) for metric in Metric] == ["3.1", "3.1", "4.8", "25", "0.5", "1m"]


@pytest.mark.parametrize(("ms", "text"), [(0.02, "0.1"), (0.8, "0.8"), (38.2, "38"), (999.0, "999"), (2400.0, "2s")])
def test_a_number_takes_three_cells_at_most(ms: float, text: str) -> None:
    assert short_number(pair("a", "b", ms=ms), Metric.PATH) == text


def test_a_dead_cell_has_no_round_trip() -> None:
    assert short_number(dead("a", "b"), Metric.PATH) == ""


def test_a_metric_colours_by_its_own_steps() -> None:
    one = pair("a", "b", ms=3.0, loss=0.3)
    cells = read_cells(snapshot([node("a"), node("b")], [one], [host("a")]))
    steps = [look_key(int(read_sheet(cells, metric).keys[0, 1]))[1] for metric in (Metric.PATH, Metric.LOSS)]

    assert steps == [0, 4]


def test_a_lossy_pair_is_bad_by_loss_alone() -> None:
    one = pair("a", "b", ms=3.0, loss=0.3)
    cells = read_cells(snapshot([node("a"), node("b")], [one], [host("a")]))
    kinds = [int(read_sheet(cells, metric).kinds[0, 1]) for metric in (Metric.PATH, Metric.LOSS)]

    assert kinds == [Kind.WELL, Kind.SLOW]


def test_the_thresholds_are_settings() -> None:
    cells = read_cells(snapshot([node("a"), node("b")], [pair("a", "b", ms=30.0)], [host("a")]))
    sheet = read_sheet(cells, Metric.PATH, (1.0, 2.0, 3.0, 4.0, 25.0))

    assert look_key(int(sheet.keys[0, 1]))[1] == 5


# a newer picture


def test_a_newer_picture_reads_as_if_it_were_the_first() -> None:
    was = pictures.home()
    before = read_cells(was)
    before.numbers(Metric.P95)
    one = msgspec.structs.replace(was.pairs[ref("laptop"), ref("nas")], path=PathKind.DERP, p50_ms=90.0, p95_ms=99.0)
    now = msgspec.structs.replace(was, pairs=was.pairs | {one.key: one})
    after, anew = read_cells(now, before), read_cells(now)

    assert after is not before
    assert (after.codes == anew.codes).all()
    for metric in Metric:
        assert (after.numbers(metric)[after.codes > 1].tolist()) == pytest.approx(
            anew.numbers(metric)[anew.codes > 1].tolist(), nan_ok=True
        )


def test_the_same_pairs_are_not_read_again() -> None:
    before = read_cells(HOME.snapshot)

    assert read_cells(msgspec.structs.replace(HOME.snapshot, revision=9), before) is before


def test_other_nodes_are_read_from_the_start() -> None:
    before = read_cells(HOME.snapshot)
    nodes = {one: value for one, value in HOME.snapshot.nodes.items() if one != ref("tv")}
    pairs = {key: value for key, value in HOME.snapshot.pairs.items() if key[1] != ref("tv")}
    after = read_cells(msgspec.structs.replace(HOME.snapshot, nodes=nodes, pairs=pairs), before)

    assert after.nodes == tuple(nodes)


# groups and orders


def test_columns_stand_in_groups_and_in_a_group_by_place_and_name() -> None:
    made = board(FLEET)

    assert [band.title for band in made.columns.bands] == ["tag:ci", "tag:web", "no tag"]
    assert names(made)[4:8] == ["ber-web-1", "ber-web-2", "ber-web-3", "ber-web-10"]
    assert names(made, of_rows=True) == ["ber-web-1", "ber-web-2", "nyc-web-1", "nyc-web-2"]


@pytest.mark.parametrize("by", list(Criterion))
def test_every_criterion_keeps_every_node(by: Criterion) -> None:
    made = board(FLEET, Choice(by=by))

    assert sorted(names(made)) == sorted(FLEET.names.values())


def test_the_worst_group_and_the_worst_node_come_first() -> None:
    made = board(FLEET, Choice(sort=Sort.WORST, by=Criterion.NONE))

    assert names(made)[0] == "old-mac"
    assert set(names(made)[1:5]) == {"ci-run-1", "ci-run-2", "ci-run-3", "ci-run-4"}


def test_what_behaves_alike_stands_side_by_side() -> None:
    made = board(FLEET, Choice(sort=Sort.SIMILAR, by=Criterion.NONE))
    order = names(made)

    for prefix in ("ci-", "ber-web"):
        places = [at for at, name in enumerate(order) if name.startswith(prefix)]
        assert places[-1] - places[0] == len(places) - 1, order


def test_seriation_gives_each_row_one_place_and_is_the_same_each_time() -> None:
    features = read_sheet(read_cells(fleet()), Metric.PATH).severity

    assert sorted(seriate(features)) == list(range(len(features)))
    assert seriate(features) == seriate(features.copy())


def test_an_order_by_behaviour_stays_until_it_is_asked_for_again() -> None:
    boards, choice = Boards(), Choice(sort=Sort.WORST, by=Criterion.NONE)
    before = names(boards.board(FLEET, read_cells(FLEET.snapshot), FLEET.order, choice, WIDE))
    well = {key: pair(FLEET.names[key[0]], FLEET.names[key[1]]) for key in FLEET.snapshot.pairs}
    later = digest(msgspec.structs.replace(FLEET.snapshot, pairs=well))
    cells = read_cells(later.snapshot)

    assert names(boards.board(later, cells, later.order, choice, WIDE)) == before

    boards.sort_anew()
    assert names(boards.board(later, cells, later.order, choice, WIDE)) != before


# folding


def test_groups_fold_until_the_rest_has_room() -> None:
    made = board(FLEET, room=Room(24, 100))
    folded = {band.title for band in made.columns.bands if band.is_folded}

    assert folded
    assert made.columns.offsets[-1] <= 24 or len(folded) == 3


def test_what_a_person_folds_and_unfolds_wins() -> None:
    tight = board(FLEET, Choice(nodes=Folds(opened=frozenset({"tag:web"}))), Room(24, 100))
    loose = board(FLEET, Choice(nodes=shut("tag:ci")))

    assert not next(band for band in tight.columns.bands if band.title == "tag:web").is_folded
    assert next(band for band in loose.columns.bands if band.title == "tag:ci").is_folded


def test_a_folded_cell_says_the_worst_and_how_many() -> None:
    made = board(FLEET, Choice(nodes=shut("no tag", "tag:ci")))
    column = names(made).index("no tag")
    summary = made.column_sums(column)[0]

    assert (summary.worst_kind, summary.count, summary.common_kind, summary.common) == (Kind.DEAD, 1, Kind.WELL, 2)
    assert summary.total == 3
    assert "●2 ✕1" in text_of(FLEET, choice=Choice(nodes=shut("no tag")))


def test_a_folded_row_and_column_meet_in_a_sum() -> None:
    made = board(FLEET, Choice(nodes=shut("no tag", "tag:ci"), hosts=shut("ber")))
    row, column = names(made, of_rows=True).index("ber"), names(made).index("tag:ci")
    summary = made.column_sums(column)[row]

    assert (summary.worst_kind, summary.count, summary.total) == (Kind.DERP, 8, 8)


def test_what_is_not_in_sight_is_summed_up() -> None:
    text = text_of(FLEET, (40, 20), choice=Choice(by=Criterion.NONE))

    assert "other (7)" in text
    assert "●5 ✕1" in text


def test_five_thousand_columns_build_only_what_is_in_sight() -> None:
    nodes = [node(f"n{number}", tags=(f"tag:t{number % 9}",)) for number in range(5000)]
    pairs = [pair("n0", f"n{number}") for number in range(1, 5000)]
    sums = digest(snapshot(nodes, pairs, [host("n0")]))
    made = drawn(sums, (200, 57), choice=Choice(by=Criterion.NONE), spot=Spot(0, 2500))

    assert 2500 in made.columns
    assert len(made.columns) < 100
    assert max(len(row) for row in made.rows) < 200


def test_folding_nodes_of_a_place_leaves_its_hosts_alone() -> None:
    made = board(FLEET, Choice(by=Criterion.SITE, nodes=shut("ber")))

    assert "ber" in names(made)
    assert "ber" not in names(made, of_rows=True)


def test_a_folded_cell_never_cuts_a_count() -> None:
    tiles = Tiles(DARK, Metric.PATH)
    key = int(read_sheet(read_cells(HOME.snapshot), Metric.PATH).keys[0, 7])
    summary = Summary(key, Kind.DEAD, 27, Kind.WELL, 2973, 3000, key)
    texts = ["".join(run.text for run in tiles.folded(summary, cells)).rstrip() for cells in (8, 6, 3, 2)]

    assert texts == ["●2k ✕27", "✕27", "✕27", "✕"]


# the cursor


def test_next_bad_goes_round_through_every_trouble_and_nothing_else() -> None:
    made = board()
    bad = {key for key, one in HOME.snapshot.pairs.items() if not is_well(one)}
    place, seen = Spot(), []
    for _ in range(len(bad) + 1):
        found = next_bad(made, place)
        assert found is not None
        place = found
        seen.append(ends_of(made, place))

    assert set(seen) == bad
    assert seen[0] == seen[-1]


def test_the_bad_cell_before_is_the_way_back() -> None:
    made = board()
    first = next_bad(made, Spot())
    assert first is not None
    second = next_bad(made, first)
    assert second is not None

    assert next_bad(made, second, -1) == first


def test_where_nothing_is_bad_there_is_no_next() -> None:
    well = snapshot([node("a"), node("b")], [pair("a", "b")], [host("a")])

    assert next_bad(board(digest(well)), Spot()) is None


def test_swapped_axes_keep_the_pair() -> None:
    made = board(choice=Choice(is_swapped=True))
    spot = spot_of(made, ref("laptop"), ref("tv"), Spot())

    assert ends_of(made, spot) == (ref("laptop"), ref("tv"))
    assert names(made, of_rows=True)[spot.row] == "tv"


# names downwards


def test_names_of_a_group_leave_out_what_all_have() -> None:
    assert labels_of(("fra-web-1", "fra-web-2", "nyc-web-1")) == (("fra", "1"), ("fra", "2"), ("nyc", "1"))


def test_numbers_alone_keep_the_word_before_them() -> None:
    assert labels_of(("ci-run-1", "ci-run-2")) == (("run", "1"), ("run", "2"))


def test_as_many_letters_as_it_takes_to_tell_columns_apart() -> None:
    assert letters_needed(labels_of(("anna", "annb")), 8) == 4
    assert letters_needed(labels_of(("ann", "bob")), 8) == 3


# the margins


def test_a_column_that_all_hosts_agree_on_is_named_in_words() -> None:
    text = text_of(FLEET)

    assert "old-mac dead from all 4, 2 h" in text
    assert "tag:ci relayed from everywhere by DERP fra" in text
    assert "nyc-web-2 slow from all 3, up to 260 ms" in text


def test_a_row_says_what_it_says_as_one_else_counts() -> None:
    text = text_of(FLEET)

    assert "!1 ▲4 ✕1" in text
    assert "column says" in text


def test_a_silent_host_says_so_beside_its_row() -> None:
    hosts = tuple(
        msgspec.structs.replace(one, state=HostState.FAILED, age_s=190.0) if one.name == "nas" else one
        for one in HOME.snapshot.hosts
    )

    assert "silent 3 min" in text_of(digest(msgspec.structs.replace(HOME.snapshot, hosts=hosts)))


def test_a_well_tailnet_has_silent_margins() -> None:
    well = snapshot([node("a"), node("b"), node("c")], [pair("a", "b"), pair("b", "a")], [host("a"), host("b")])

    assert "says" not in text_of(digest(well))


def test_remarks_never_cross_each_other() -> None:
    text = text_of(FLEET, (80, 30))
    lines = [line for line in text.splitlines() if "╰" in line or "╯" in line]

    assert len(lines) >= 2
    assert all("│" not in line.partition("╰")[2] for line in lines if "╰" in line)


# below


def test_the_side_that_nobody_can_measure_says_so() -> None:
    made = board()
    text = text_of(spot=spot_of(made, ref("laptop"), ref("tv"), Spot()))

    assert "no host on tv, so this side is unknown" in text


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        (("ber-web-1", "ci-run-1"), "the column"),
        (("ber-web-1", "old-mac"), "the column"),
        (("nyc-web-2", "ber-web-1"), "the row"),
    ],
)
def test_trouble_is_told_as_of_a_row_or_of_a_column(ends: tuple[str, str], words: str) -> None:
    made = board(FLEET)
    text = text_of(FLEET, spot=spot_of(made, ref(ends[0]), ref(ends[1]), Spot()))

    assert words in text


def test_one_bad_pair_alone_is_told_as_such() -> None:
    made = board()
    text = text_of(spot=spot_of(made, ref("vps-fra"), ref("pi-kitchen"), Spot()))

    assert "this cell" in text


def test_every_look_has_a_tile() -> None:
    assert len(LOOKS) == len(SampleState) * len(PathKind)
    assert Tiles(DARK, Metric.PATH)[0][0].text == "  "
