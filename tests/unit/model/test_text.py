"""Nothing that reaches a terminal may act on it."""

from __future__ import annotations

import pytest

from tsym_agent.model.text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("nas", "nas"),
        ("Zoë's Laptop", "Zoë's Laptop"),
        ("数据库", "数据库"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("", ""),
        ("\x1b[31mred\x1b[0m", "\ufffd[31mred\ufffd[0m"),
        ("\x1b]0;title\x07", "\ufffd]0;title\ufffd"),
        ("a\nb\tc\r", "a\ufffdb\ufffdc\ufffd"),
        ("\x9b31m", "\ufffd31m"),
        ("nul\x00del\x7f", "nul\ufffddel\ufffd"),
        ("user\u202egnp.exe", "user\ufffdgnp.exe"),
        ("\u2066isolated\u2069", "\ufffdisolated\ufffd"),
        ("zero\u200bwidth\ufeff", "zero\ufffdwidth\ufffd"),
        ("line\u2028paragraph\u2029", "line\ufffdparagraph\ufffd"),
        ("half\ud83d", "half\ufffd"),
        ("tag\U000e0041", "tag\ufffd"),
    ],
    ids=[
        "plain",
        "accents",
        "wide",
        "joined-emoji",
        "empty",
        "colour",
        "window-title",
        "line-ends",
        "one-byte-csi",
        "nul-del",
        "bidi-override",
        "bidi-isolate",
        "zero-width",
        "separators",
        "lone-surrogate",
        "tag-character",
    ],
)
def test_text_is_shown_without_what_acts_on_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0)])
def test_no_control_character_survives(code: int) -> None:
    assert printable(f"a{chr(code)}b") == "a\ufffdb"
