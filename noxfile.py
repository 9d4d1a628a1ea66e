"""The table of contents of all checks. `nox` runs the default ones in this order: lint types tests lab package.

By name: `bench`, `pictures`, `lock`, `tests-3.12`, `tests-3.13`. Every session installs from `.ci/lock.txt`. What a
machine lacks and cannot install makes a session skip with one line that says what and why; with CI=true it fails.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
LOCK = ROOT / ".ci" / "lock.txt"
SOURCES = ("tsym_agent", "tsym_tui", "k8s", "talos", "tests", "noxfile.py")

nox.needs_version = ">=2025.5"
nox.options.sessions = ["lint", "types", "tests", "lab", "package"]
nox.options.error_on_external_run = True
nox.options.reuse_existing_virtualenvs = True


def install_locked(session: nox.Session) -> None:
    """Install every locked distribution by hash, then this project on top without asking an index."""
    session.install("--require-hashes", "--no-deps", "--no-compile", "-r", str(LOCK))
    session.install("--no-deps", "--no-build-isolation", "-e", ".")


def skip_or_fail(session: nox.Session, reason: str) -> None:
    """Skip where a machine lacks something, unless this is CI, which must not."""
    if os.environ.get("CI") == "true":
        session.error(reason)
    session.skip(reason)


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style and the layers of the design."""
    install_locked(session)
    session.run("ruff", "format", "--check", *SOURCES)
    session.run("ruff", "check", *SOURCES)
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly, source and tests."""
    install_locked(session)
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the unit and UI tests, and the commands that the docs show: quick, no root."""
    install_locked(session)
    session.run("pytest", *(session.posargs or ["-n", "4", "--dist", "worksteal"]))  # they wait more than they work


@nox.session(name="tests-3.12", python="3.12")
def tests_on_3_12(session: nox.Session) -> None:
    """Run the tests on Python 3.12."""
    tests(session)


@nox.session(name="tests-3.13", python="3.13")
def tests_on_3_13(session: nox.Session) -> None:
    """Run the tests on Python 3.13."""
    tests(session)


@nox.session
def lab(session: nox.Session) -> None:
    """Run the tests that need a real tailnet in network namespaces."""
    install_locked(session)
    missing = session.run(
        "python", "-m", "tests.lab", "requirements", silent=True, success_codes=[0, 1], external=False
    )
    if isinstance(missing, str) and missing.strip():
        skip_or_fail(session, missing.strip())
    session.run("python", "-m", "tests.lab", "build")
    beside_each_other = ["-n", "4", "--dist", "loadfile", "--no-loadscope-reorder"]  # they wait more than they work
    session.run("pytest", "tests/lab", *(session.posargs or beside_each_other))


@nox.session(venv_backend="none")
def package(session: nox.Session) -> None:
    """Build the wheel, install it into an empty environment and start what it brings."""
    target = Path(session.create_tmp()) / "package"
    python = _empty_environment(session, target)
    wheel = _built_wheel(session, target, python)
    session.run(
        python, "-m", "pip", "install", "--quiet", "--constraint", str(_constraints(target)), wheel, external=True
    )
    scripts = Path(python).parent
    session.run(str(scripts / "tsym"), "--help", external=True)
    session.run(str(scripts / "tsym"), "demo", "--headless", external=True)
    session.run(str(scripts / "tsym-agent"), "--help", external=True)


def _empty_environment(session: nox.Session, target: Path) -> str:
    """Make a fresh virtual environment and return its interpreter."""
    session.run(sys.executable, "-m", "venv", "--clear", str(target / "venv"), external=True)
    return str(target / "venv" / "bin" / "python")


def _built_wheel(session: nox.Session, target: Path, python: str) -> str:
    """Build the wheel as an installer would and return its path."""
    folder = target / "dist"
    for old in folder.glob("*.whl"):
        old.unlink()
    session.run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder), str(ROOT), external=True)
    (wheel,) = folder.glob("*.whl")
    return str(wheel)


def _constraints(target: Path) -> Path:
    """Write the locked versions without their hashes: pip wants hashes for all or for none."""
    lines = [line.split("\\")[0].rstrip() for line in LOCK.read_text(encoding="utf-8").splitlines()]
    path = target / "constraints.txt"
    path.write_text(
        "\n".join(line for line in lines if line and not line.startswith((" ", "#"))) + "\n", encoding="utf-8"
    )
    return path


@nox.session
def bench(session: nox.Session) -> None:
    """Measure start-up, decoding, sweeping and drawing against baselines of the same run; print one table."""
    install_locked(session)
    session.run("python", "-m", "tests.bench", *session.posargs)


@nox.session
def pictures(session: nox.Session) -> None:
    """Draw the pictures of the docs anew: every screen on simulated tailnets. Look at them before they go in."""
    install_locked(session)
    session.run("python", "-m", "tests.docs.pictures", *session.posargs)


@nox.session
def lock(session: nox.Session) -> None:
    """Write `.ci/lock.txt` anew from `pyproject.toml`."""
    session.install("uv")
    session.run(
        "uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--all-extras",
        "--group", "dev", "--group", "build", "--generate-hashes", "--no-emit-index-url", "--no-header",
        "--no-annotate", "--quiet", "-o", str(LOCK.relative_to(ROOT)), *session.posargs,
    )  # fmt: skip
