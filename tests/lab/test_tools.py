"""The cache of built binaries, with a stand-in for Go where a real build would take minutes."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from . import tools
from .requirements import parse_go_version

FAKE_GO = """#!/bin/sh
echo built >>"$COUNT"
[ -z "$BROKEN" ] || { echo "no such module"; exit 1; }
while [ "$1" != -o ]; do shift; done
echo binary >"$2/tool"
"""


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in for `go` first on the PATH, and return the file in which it counts its runs."""
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(FAKE_GO)
    go.chmod(go.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    monkeypatch.setenv("TSYM_TOOLS_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))
    return tmp_path / "count"


@pytest.fixture
def toolset(tmp_path: Path) -> tools.Toolset:
    module = tmp_path / "modules" / "thing"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module thing\n")
    (module / "go.sum").write_text("")
    return tools.Toolset("thing", modules=module.parent)


def test_a_built_set_is_not_built_again(toolset: tools.Toolset, builds: Path) -> None:
    first = tools.ensure(toolset)

    assert tools.ensure(toolset) == first
    assert builds.read_text() == "built\n"


def test_of_two_builders_at_once_one_builds(toolset: tools.Toolset, builds: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        folders = {pool.submit(tools.ensure, toolset) for _ in range(2)}

    assert {(folder.result() / "tool").read_text() for folder in folders} == {"binary\n"}
    assert builds.read_text() == "built\n"


def test_another_pinned_version_has_another_folder(toolset: tools.Toolset) -> None:
    before = toolset.key
    (toolset.module / "go.sum").write_text("something else\n")

    assert toolset.key != before


def test_a_failed_build_says_what_go_said_and_leaves_nothing(
    toolset: tools.Toolset, builds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", "yes")

    with pytest.raises(tools.BuildError, match="no such module"):
        tools.ensure(toolset)

    assert not toolset.is_built
    assert list(builds.parent.glob("cache/.*")) == []


def test_what_a_killed_builder_left_is_removed(toolset: tools.Toolset, builds: Path) -> None:
    abandoned = builds.parent / "cache" / f".{toolset.key}.1234"
    abandoned.mkdir(parents=True)

    tools.ensure(toolset)

    assert not abandoned.exists()


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26)),
        ("go version go1.27rc1 linux/arm64", (1, 27)),
        ("go version devel +b5d64ff 2026", None),
        ("", None),
    ],
)
def test_the_version_of_go_is_read(said: str, version: tuple[int, int] | None) -> None:
    assert parse_go_version(said) == version
