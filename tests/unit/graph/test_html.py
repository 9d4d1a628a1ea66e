"""The page that opens without a network: it asks for nothing, and nobody's name becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from tests.unit.graph import scenes
from tests.unit.graph.test_export import EVIL, evil, request_of
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.model.text import printable
from tsym_tui.graph.export import html, render
from tsym_tui.graph.themes import DARK, LIGHT, THEMES, Role

OURS = {
    *("html", "head", "meta", "title", "style", "body", "figure", "h2", "span", "label", "input", "div", "script"),
    *("table", "thead", "tbody", "tr", "th", "td", "button"),
    *("svg", "rect", "path", "g", "circle", "text"),
}


class Page(HTMLParser):
    """What a browser sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.rows: list[list[str]] = []
        self._inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts.setdefault(self._inside[-1], []).append(data)
        if {"td", "th"} & set(self._inside):
            self.rows[-1][-1] += data


def text_of(scene: Snapshot, **options: object) -> str:
    return render("html", request_of(scene, **options)).decode()  # type: ignore[arg-type]  # a test's shorthand


SCENES = {"home": scenes.home(), "evil": evil()}


@pytest.mark.parametrize("scene", SCENES)
def test_nothing_outside_is_named(scene: str) -> None:
    text = text_of(SCENES[scene])
    names = {name for _, attributes in Page(text).tags for name in attributes}

    assert not names & {"src", "href", "xlink:href", "action", "srcset", "data", "poster", "background", "style"}
    assert not re.search(r"url\(|@import|javascript:", text)
    assert re.findall(r"https?://[^\"' <]*", text) == ["http://www.w3.org/2000/svg"]


@pytest.mark.parametrize("scene", SCENES)
def test_no_name_becomes_markup(scene: str) -> None:
    page = Page(text_of(SCENES[scene]))

    assert {tag for tag, _ in page.tags} <= OURS
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "".join(page.texts["script"]) == html._SCRIPT


def test_a_hostile_name_is_shown_as_it_is_called() -> None:
    page = Page(text_of(evil()))

    assert any(printable(EVIL) in cell for row in page.rows for cell in row)


def test_the_policy_forbids_all_but_our_script_and_style() -> None:
    page = Page(text_of(scenes.home()))
    policy = next(attributes["content"] for _, attributes in page.tags if "http-equiv" in attributes) or ""
    hashes = {
        name: base64.b64encode(hashlib.sha256("".join(page.texts[name]).encode()).digest()).decode()
        for name in ("script", "style")
    }

    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{hashes['style']}'",
        f"script-src 'sha256-{hashes['script']}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_tables_have_every_node_and_pair() -> None:
    scene = scenes.home()
    rows = Page(text_of(scene)).rows

    assert len(rows) == 2 + len(scene.nodes) + len(scene.pairs)
    assert all(len(row) == len(rows[0]) for row in rows[: 1 + len(scene.nodes)])


def test_pairs_begin_with_the_worst() -> None:
    rows = Page(text_of(scenes.home())).rows[2 + len(scenes.home().nodes) :]
    looks = [row[2] for row in rows]

    assert looks[0].startswith("dead")
    assert looks[-1].startswith("not probed")
    assert looks.index("DERP") < looks.index("direct")


def test_what_is_unknown_is_empty_and_sorts_as_such() -> None:
    text = text_of(scenes.home())

    assert '<td class="n" data-v=""></td>' in text
    assert ">None<" not in text


def test_too_many_pairs_for_a_browser_are_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MOST_PAIRS", 3)
    page = Page(text_of(scenes.home()))

    assert "the worst 3 of 28; CSV has all" in page.texts["span"]
    assert len(page.rows) == 2 + 8 + 3


def test_the_drawing_has_the_colours_of_both_themes() -> None:
    text = text_of(scenes.home())
    light, _, dark = "".join(Page(text).texts["style"]).partition("prefers-color-scheme: dark")

    assert f"--bg:{LIGHT.colour(Role.BG)};" in light
    assert f"--bg:{DARK.colour(Role.BG)};" in dark
    assert all((step.fg or "") in light for step in LIGHT.ramp[:5])
    assert all((step.fg or "") in dark for step in DARK.ramp[:5])
    assert not re.search(r'(fill|stroke)="#', text)


@pytest.mark.parametrize("theme", [theme for theme in THEMES if theme not in {"dark", "light", "mono", "ansi16"}])
def test_another_theme_is_kept_whatever_the_reader_has(theme: str) -> None:
    text = text_of(scenes.home(), theme=THEMES[theme])

    assert f"--bg:{THEMES[theme].colour(Role.BG)};" in text
    assert "prefers-color-scheme: dark){:root{}}" in text
