"""The reader of examples itself."""

from __future__ import annotations

from pathlib import Path

from tests.docs.blocks import matches, read_examples


def test_commands_and_their_output_are_told_apart(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("words\n```console\n$ echo a\na\n$ echo b\nb\n```\n```sh\n$ not run\n```\n", encoding="utf-8")

    examples = list(read_examples(page))

    assert [(example.command, example.shown, example.line) for example in examples] == [
        ("echo a", "a", 3),
        ("echo b", "b", 5),
    ]


def test_an_ellipsis_stands_for_a_part_of_a_line() -> None:
    assert matches("took … ms", "took 12.5 ms\n")
    assert not matches("took … ms", "took 12.5 s\n")


def test_a_line_of_an_ellipsis_stands_for_any_lines() -> None:
    assert matches("first\n…\nlast", "first\nlast\n")
    assert matches("first\n…\nlast", "first\none\ntwo\nlast\n")


def test_other_output_does_not_match() -> None:
    assert not matches("a", "a\nb\n")
    assert not matches("", "noise\n")
