"""Groups that come with an extra: what `tsym NAME` says without it, and that they load with it."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from tests.unit.cli.conftest import Tsym
from tsym_tui.cli import groups
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.root import GROUPS

MISSING = [name for name, entry in GROUPS.items() if not groups.is_installed(entry.module)]


@pytest.mark.parametrize("arguments", [(), ("--help",), ("install", "--force", "x")], ids=["alone", "help", "command"])
@pytest.mark.parametrize("name", MISSING)
def test_a_group_that_is_not_there_says_which_extra_brings_it(
    tsym: Tsym, name: str, arguments: tuple[str, ...]
) -> None:
    result = tsym(name, *arguments)

    assert result.code == 2
    assert f"the extra `{GROUPS[name].extra}`" in result.err


def test_the_help_lists_groups_and_what_is_not_installed(tsym: Tsym) -> None:
    text = " ".join(tsym("--help").out.split())

    assert all(GROUPS[name].help in text for name in GROUPS)
    assert text.count("(not installed: extra") == len(MISSING)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the file of a group's module, another one for each test."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / f"group_{tmp_path.name}.py"


def test_a_group_that_is_there_is_loaded(module: Path) -> None:
    module.write_text("import click\n\n@click.group('k8s')\ndef command(): pass\n", encoding="utf-8")

    assert isinstance(groups.load_group("k8s", module.stem, "k8s", "words"), click.Group)


def test_a_group_whose_library_is_missing_names_it(module: Path) -> None:
    module.write_text("import a_library_nobody_has\n", encoding="utf-8")
    command = groups.load_group("k8s", module.stem, "k8s", "words")

    with pytest.raises(CommandError, match="needs a_library_nobody_has, which the extra `k8s` brings"):
        command.main([], standalone_mode=False)


def test_an_extra_that_this_version_has_is_said_as_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "_offered", lambda: ["k8s"])
    command = groups.load_group("k8s", "nothing_of_that_name", "k8s", "words")

    with pytest.raises(CommandError, match=r"not installed: .* pip install 'tsym\[k8s\]'"):
        command.main([], standalone_mode=False)
