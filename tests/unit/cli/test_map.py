"""`tsym map`: the tailnet drawn."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from io import StringIO
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Daemon, Tsym, peer
from tsym_tui.cli.map import FORMATS
from tsym_tui.graph.export import FORMATS as EXPORTED
from tsym_tui.graph.layouts import LAYOUTS

FAST = ("--settle", "1")


def test_formats_are_those_of_the_exporters() -> None:
    assert tuple(EXPORTED) == FORMATS


def test_help_names_every_layout(tsym: Tsym) -> None:
    words = set(re.findall(r"[\w-]+", tsym("map", "--help").out))

    assert set(LAYOUTS) <= words


def test_the_map_as_text_has_names_numbers_and_a_legend(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("map", "--host", daemon.spec, "--width", "60", "--height", "16")

    assert result.code == 0
    assert {"me", "nas", "5"} <= set(result.out.split())
    assert "● direct" in result.out


def test_text_takes_the_size_asked_for(tsym: Tsym, daemon: Daemon) -> None:
    lines = tsym("map", "--host", daemon.spec, "--width", "30", "--height", "10", *FAST).out.splitlines()

    assert max(map(len, lines)) <= 30


def test_a_terminal_of_twenty_columns_still_gets_a_map(
    tsym: Tsym, household: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "5")
    result = tsym("map", "--host", household, *FAST)

    assert result.code == 0
    assert max(map(len, result.out.splitlines())) <= 20


def test_svg_is_xml(tsym: Tsym, daemon: Daemon, home: Path) -> None:
    file = home / "map.svg"

    assert tsym("map", "--host", daemon.spec, "--format", "svg", "-o", str(file), *FAST).code == 0
    assert ET.parse(file).getroot().tag.endswith("svg")  # noqa: S314 - our own file


def test_png_is_a_picture(tsym: Tsym, daemon: Daemon, home: Path) -> None:
    file = home / "map.png"

    assert tsym("map", "--host", daemon.spec, "--format", "png", "-o", str(file), *FAST).code == 0
    assert file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("form", "sign"), [("dot", "graph"), ("graphml", "<graphml")])
def test_graph_formats_go_to_stdout(tsym: Tsym, daemon: Daemon, form: str, sign: str) -> None:
    assert sign in tsym("map", "--host", daemon.spec, "--format", form, *FAST).out


def test_json_is_the_pairs_document(tsym: Tsym, daemon: Daemon) -> None:
    assert json.loads(tsym("map", "--host", daemon.spec, "--format", "json").out)["schema"] == "tsym/pairs/1"


def test_csv_has_a_row_for_each_pair(tsym: Tsym, daemon: Daemon) -> None:
    rows = list(csv.DictReader(StringIO(tsym("map", "--host", daemon.spec, "--format", "csv", *FAST).out)))

    assert [(row["from_name"], row["to_name"], row["path"]) for row in rows] == [
        ("me.example", "nas.example", "direct")
    ]


def test_html_is_one_page_with_the_map_and_its_tables(tsym: Tsym, daemon: Daemon, home: Path) -> None:
    file = home / "map.html"

    assert tsym("map", "--host", daemon.spec, "--format", "html", "-o", str(file), *FAST).code == 0
    text = file.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert all(part in text for part in ("<svg", 'id="nodes"', 'id="pairs"', "default-src 'none'"))


@pytest.mark.parametrize("form", ["text", "svg", "dot", "graphml", "html"])
def test_a_picture_with_hidden_names_says_so(tsym: Tsym, daemon: Daemon, form: str) -> None:
    result = tsym("map", "--host", daemon.spec, "--format", form, "--hide-names", *FAST)

    assert "pseudonyms" in result.out
    assert not {"nas", "nas.example"} & set(result.out.replace("<", " ").replace(">", " ").split())


def test_a_filter_leaves_nodes_and_the_hosts_that_look_at_them(tsym: Tsym, household: str) -> None:
    document = json.loads(tsym("map", "--host", household, "--filter", "phone", "--format", "json", *FAST).out)
    names = {node["name"].partition(".")[0] for node in document["nodes"]}

    assert {"phone", "laptop"} <= names
    assert "tv" not in names


def test_a_filter_that_cannot_be_read_is_told_before_probing(tsym: Tsym) -> None:
    result = tsym("map", "--filter", "rtt:>x")

    assert result.code == 2
    assert "--filter: " in result.err


def test_a_filter_that_nothing_passes_is_said(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("map", "--host", daemon.spec, "--filter", "nobody", *FAST)

    assert (result.code, result.out) == (0, "")
    assert "no node matches the filter" in result.err


def test_thresholds_are_those_of_the_legend(tsym: Tsym, daemon: Daemon) -> None:
    result = tsym("map", "--host", daemon.spec, "--thresholds-ms", "1,2,3,4,555", *FAST)

    assert "555" in result.out


def test_an_unknown_layout_is_refused_before_probing(tsym: Tsym) -> None:
    result = tsym("map", "--layout", "pretty")

    assert result.code == 2
    assert "auto, sites, arcs" in result.err


def test_a_layout_that_cannot_take_so_many_nodes_says_so(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_status(*(peer(f"p{number}", number) for number in range(400)))
    result = tsym("map", "--host", daemon.spec, "--layout", "arf", "--settle", "0")

    assert result.code == 2
    assert "choose force" in result.err


def test_a_file_that_cannot_be_written_says_so(tsym: Tsym, daemon: Daemon, home: Path) -> None:
    result = tsym("map", "--host", daemon.spec, "-o", str(home / "no" / "map.txt"), *FAST)

    assert result.code == 2
    assert "No such file or directory" in result.err


def test_fail_on_judges_the_map(tsym: Tsym, daemon: Daemon) -> None:
    daemon.say_pong(Err="no matching peer")

    assert tsym("map", "--host", daemon.spec, "--fail-on", "dead", "--settle", "3").code == 1


def test_without_hosts_nothing_is_drawn(tsym: Tsym) -> None:
    result = tsym("map", *FAST)

    assert (result.code, result.out) == (3, "")


@pytest.mark.parametrize("layout", ["auto", "spring", "forceatlas2"])
def test_layouts_that_need_no_scipy_do_not_load_it(daemon: Daemon, layout: str) -> None:
    arguments = [
        "map",
        "--host",
        daemon.spec,
        "--layout",
        layout,
        "--settle",
        "0",
        "--format",
        "svg",
        "-o",
        "/dev/null",
    ]
    script = f"from tsym_tui.cli.main import main; import sys; main({arguments!r}); print('scipy' in sys.modules)"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert (finished.stdout.splitlines()[-1:], finished.stderr) == (["False"], "")


def test_a_dash_for_a_file_is_stdout(
    tsym: Tsym, daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = tsym("map", "--host", daemon.spec, "--format", "csv", "-o", "-", *FAST)

    assert result.out.startswith("from_name,")
    assert not (tmp_path / "-").exists()
