"""A screen as a page, and the tables beside it: nothing breaks out, and nothing is left to a font."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO
from xml.etree import ElementTree as ET

import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import both_ways, node, snapshot
from tests.unit.graph.test_export import EVIL
from tsym_tui.graph.export import ExportError
from tsym_tui.graph.export.page import page
from tsym_tui.graph.export.tables import nodes_csv, pairs_csv
from tsym_tui.graph.frame import Frame, Run
from tsym_tui.graph.themes import DARK, PLAIN

AT = datetime(2025, 6, 1, 12, 4, 9, tzinfo=UTC)
FRAME = Frame(60, 2, [[Run("┏━┓ ⇄ ✓ › ▎", PLAIN)], [Run(EVIL[:20], PLAIN)]])


def written(name: str) -> bytes:
    return page(FRAME, DARK, name, title=EVIL, at=AT, note="names are hidden")


@pytest.mark.parametrize("name", ["text", "svg", "html"])
def test_a_page_says_when_it_was_made_and_what_it_leaves_out(name: str) -> None:
    text = written(name).decode()

    assert all(word in text for word in ("2025-06-01", "12:04:09", "UTC,", "names", "hidden"))


def test_a_page_of_svg_is_well_formed_whatever_the_names() -> None:
    root = ET.fromstring(written("svg"))  # noqa: S314 - our own document

    assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_box_lines_are_drawn_and_not_left_to_a_font() -> None:
    texts = "".join(element.text or "" for element in ET.fromstring(written("svg")).iter())  # noqa: S314 - as above

    assert not set("┏━┓⇄✓›▎") & set(texts)


def test_a_page_of_html_may_not_ask_the_network() -> None:
    text = written("html").decode()

    assert "default-src 'none'" in text
    assert "unsafe" not in text
    assert "<script" not in text


def test_a_page_as_png_is_one() -> None:
    assert written("png").startswith(b"\x89PNG")


def test_an_unknown_page_lists_the_choices() -> None:
    with pytest.raises(ExportError, match="choose text, svg, png, html"):
        written("gif")


def test_a_table_has_a_row_for_each_node_and_pair() -> None:
    scene = scenes.home()

    assert len(list(csv.DictReader(StringIO(nodes_csv(scene))))) == len(scene.nodes)
    assert len(list(csv.DictReader(StringIO(pairs_csv(scene))))) == len(scene.pairs)


def test_a_name_that_is_a_formula_is_text_in_a_table() -> None:
    rows = csv.DictReader(StringIO(nodes_csv(snapshot([node("=1+1"), node("b")], both_ways("=1+1", "b", 4)))))

    assert any(row["name"].startswith("'=") for row in rows)
