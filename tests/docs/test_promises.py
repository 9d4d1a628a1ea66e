"""What README, CI and packaging say of each other."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
CHECK_COMMAND = "python3 -m venv .venv && .venv/bin/pip install nox && .venv/bin/nox"
DEMO_COMMAND = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/tsym demo"


def test_ci_runs_the_command_of_the_readme() -> None:
    readme, ci = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", ".ci/run"))

    assert CHECK_COMMAND in readme
    assert CHECK_COMMAND in ci


def test_the_readme_shows_the_demo_in_one_command() -> None:
    assert DEMO_COMMAND in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_page_that_the_readme_links_exists() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        (page.name, target) for page in pages for target in _relative_links(page) if not (page.parent / target).exists()
    ]

    assert broken == []


def _relative_links(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    targets = [part.split(")")[0].split("#")[0] for part in text.split("](")[1:]]
    return [unquote(target) for target in targets if target and "://" not in target]
