"""Every format opens where it should, and no name breaks out of it."""

from __future__ import annotations

import csv
import json
import struct
import subprocess
import sys
from dataclasses import replace
from io import BytesIO, StringIO
from xml.etree import ElementTree as ET

import networkx as nx
import pytest

from tests.unit.graph import scenes
from tests.unit.graph.scenes import both_ways, node, snapshot
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.graph.draw import MapOptions, draw_map
from tsym_tui.graph.export import FORMATS, ExportError, ExportRequest, render
from tsym_tui.graph.export.dot import quote
from tsym_tui.graph.frame import to_plain
from tsym_tui.graph.themes import ANSI16, DARK, LIGHT, MONO, Role

EVIL = "\"><script>alert(1)</script>\\N\x1b[2J\x00]]>&amp;'\u202e"


def request_of(scene: Snapshot, size: tuple[int, int] = (80, 24), **options: object) -> ExportRequest:
    graph, placement = scenes.placed(scene, size)
    chosen = MapOptions(**options)  # type: ignore[arg-type]  # a test's shorthand
    return ExportRequest(scene, graph, placement, size, chosen, "home.ts.net")


def evil() -> Snapshot:
    return snapshot(
        [node(EVIL, site=f"{EVIL} {EVIL}", owner=EVIL, tags=(EVIL,)), node("b", site=EVIL), node("c", site=EVIL)],
        both_ways(EVIL, "b", 4),
    )


@pytest.mark.parametrize("name", list(FORMATS))
@pytest.mark.parametrize("scene", [scenes.home(), scenes.company(), snapshot([], [])], ids=["home", "company", "empty"])
def test_every_format_writes_every_scene(name: str, scene: Snapshot) -> None:
    assert render(name, request_of(scene))


def test_an_unknown_format_lists_the_choices() -> None:
    with pytest.raises(ExportError, match="choose text, svg, png, dot, graphml, json, csv, html"):
        render("gif", request_of(scenes.home()))


def svg_texts(request: ExportRequest) -> list[str]:
    root = ET.fromstring(render("svg", request))  # noqa: S314 - our own document
    return [element.text or "" for element in root.iter() if element.tag.endswith("text")]


def test_svg_names_every_node_and_says_when_and_whose() -> None:
    request = request_of(scenes.home())

    words = " ".join(svg_texts(request))

    assert all(name in words for name in request.graph.names)
    assert "home.ts.net" in words
    assert "2025-06-01 12:04:09 UTC" in words
    assert "peer relay" in words


def test_svg_stands_alone() -> None:
    text = render("svg", request_of(scenes.home())).decode()

    assert text.count("http") == 1  # the name space
    assert "url(" not in text
    assert "<script" not in text


def test_svg_lines_have_the_colours_of_the_theme() -> None:
    text = render("svg", request_of(scenes.home(), theme=DARK)).decode()

    assert f'stroke="{DARK.ramp[0].fg}"' in text


@pytest.mark.parametrize("theme", [MONO, ANSI16], ids=["mono", "ansi16"])
def test_a_theme_without_colours_of_its_own_prints_light(theme: object) -> None:
    text = render("svg", request_of(scenes.home(), theme=theme)).decode()

    assert f'<rect width="100%" height="100%" fill="{LIGHT.colour(Role.BG)}"/>' in text


@pytest.mark.parametrize("name", ["svg", "graphml"])
def test_no_name_breaks_out_of_xml(name: str) -> None:
    made = render(name, request_of(evil())).decode()
    root = ET.fromstring(made)  # noqa: S314 - our own document

    assert "<script" not in made
    assert "\x1b" not in made
    assert "\u202e" not in made
    assert not any(element.tag.endswith("script") for element in root.iter())


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"png"}))
def test_no_name_brings_control_characters_into_any_format(name: str) -> None:
    made = render(name, request_of(evil())).decode()

    assert not {"\x1b", "\x00", "\u202e"} & set(made)


def test_hostile_names_are_drawn_as_png() -> None:
    assert render("png", request_of(evil())).startswith(b"\x89PNG")


def test_hostile_names_come_back_from_json_and_csv_as_they_were_but_harmless() -> None:
    document = json.loads(render("json", request_of(evil())))
    rows = list(csv.DictReader(StringIO(render("csv", request_of(evil())).decode(), newline="")))

    assert "<script>alert(1)</script>" in document["nodes"][0]["name"]
    assert any("<script>alert(1)</script>" in row["from_name"] for row in rows)


@pytest.mark.parametrize("name", ["text", "svg", "dot", "graphml", "html"])
def test_a_note_is_in_every_format_that_people_read(name: str) -> None:
    request = replace(request_of(scenes.home()), note="names are pseudonyms")

    made = render(name, request).decode()
    words = " ".join(svg_texts(request)) if name == "svg" else made
    if name == "html":  # the words of the drawing stand apart
        words = " ".join(piece.partition("</text>")[0].rpartition(">")[2] for piece in made.split("<text")[1:])

    assert "names are pseudonyms" in words


def test_no_name_breaks_out_of_dot() -> None:
    assert quote('a"b\\N\nc') == '"a\\"b\\\\N\ufffdc"'


def test_dot_is_balanced_whatever_the_names() -> None:
    lines = render("dot", request_of(evil())).decode().splitlines()

    assert all(line.replace('\\"', "").replace("\\\\", "").count('"') % 2 == 0 for line in lines)
    assert lines[-1] == "}"


def test_dot_has_every_node_and_line_once() -> None:
    text = render("dot", request_of(scenes.home())).decode()

    assert text.count(" -- ") == 21
    assert text.count("pos=") == 8
    assert 'n2 -- n3 [label="22 →"' in text
    assert 'dir="forward"' in text


def test_graphml_reads_back_in_networkx() -> None:
    graph = nx.read_graphml(BytesIO(render("graphml", request_of(scenes.home()))))

    assert graph.number_of_nodes() == 8
    assert graph.number_of_edges() == 28
    assert graph.edges["n0", "n1"]["p50_ms"] == 3.1
    assert graph.nodes["n7"]["kind"] == "dead"
    assert "latency_ms" not in graph.edges["n3", "n7"]


def test_graphml_declares_each_key_once() -> None:
    root = ET.fromstring(render("graphml", request_of(scenes.home())))  # noqa: S314 - our own document
    keys = [(element.get("id"), element.get("for")) for element in root.iter() if element.tag.endswith("}key")]

    assert len(set(keys)) == len(keys)


def test_json_is_the_documented_shape() -> None:
    document = json.loads(render("json", request_of(scenes.home())))

    assert document["schema"] == "tsym/pairs/1"
    assert len(document["pairs"]) == 28


def test_text_has_the_map_and_its_legend() -> None:
    text = render("text", request_of(scenes.home())).decode()

    assert "laptop" in text
    assert "peer relay" in text


def test_text_has_no_texture_since_nothing_in_it_is_faint() -> None:
    request = request_of(scenes.company(), (126, 44))
    textured = to_plain(draw_map(request.graph, request.placement, request.size))

    assert _dots(render("text", request).decode()) < _dots(textured) / 2


def _dots(text: str) -> int:
    return sum("\u2800" <= char <= "\u28ff" for char in text)


def test_png_is_a_picture_of_twice_the_size() -> None:
    made = render("png", request_of(scenes.home(), (60, 20)))

    wide, high = struct.unpack(">II", made[16:24])
    assert made.startswith(b"\x89PNG")
    assert wide == (60 + 4) * 9 * 2
    assert high > 20 * 18 * 2


def test_a_picture_too_large_for_memory_is_refused() -> None:
    request = request_of(scenes.home())
    huge = ExportRequest(request.snapshot, request.graph, request.placement, (2000, 400), request.options, "x")

    with pytest.raises(ExportError, match="choose svg"):
        render("png", huge)


def test_without_pillow_the_error_names_the_extra() -> None:
    code = """
import sys
sys.modules["PIL"] = None
from tests.unit.graph.test_export import request_of
from tests.unit.graph import scenes
from tsym_tui.graph.export import ExportError, render
assert render("svg", request_of(scenes.home()))
try:
    render("png", request_of(scenes.home()))
except ExportError as error:
    print(error)
"""

    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert "tsym[png]" in said
