"""Fixtures of the lab tests, and the one line that says why there is no lab."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType

import pytest

from . import requirements, tools
from .clients import RELEASES
from .matrix import ask_matrix
from .node import Node
from .tailnet import Lab
from .topology import HostSpec, expected_paths

HERE = Path(__file__).parent
SLOWEST_FIRST = ("test_watching.py", "test_faults.py", "test_localapi.py")
"""A file goes to one worker, and one that starts late and takes long makes all others wait."""
LACKING = pytest.StashKey[str | None]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Look at the machine before anything is collected, so that the answer comes once and early."""
    _lacking(session.config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is collected here, and leave it out where the machine cannot do it."""
    lab_items = [item for item in items if HERE in item.path.parents]
    for item in lab_items:
        item.add_marker(pytest.mark.lab)
    items.sort(key=lambda item: item.path.name not in SLOWEST_FIRST)
    if lab_items and _lacking(config):
        config.hook.pytest_deselected(items=lab_items)
        items[:] = [item for item in items if item not in lab_items]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Let a run whose lab tests were all left out end well."""
    if _lacking(session.config) and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say once, in one line, that the lab was skipped and why."""
    if lacking := _lacking(config):
        terminalreporter.write_line(f"lab skipped: {lacking}", yellow=True)


def _lacking(config: pytest.Config) -> str | None:
    """Return what this machine lacks; on CI lacking anything is a failure."""
    if LACKING not in config.stash:
        config.stash[LACKING] = requirements.lacks(tools.ALL)
    lacking = config.stash[LACKING]
    if lacking and requirements.is_required():
        raise pytest.UsageError(f"lab: {lacking} (CI=true: not a reason to skip)")
    return lacking


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> tools.Say:
    """Print a line to the person who waits, past pytest's capturing."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            print(f"\nlab: {line}", flush=True)

    return say


@pytest.fixture(scope="session")
def new_lab(say: tools.Say) -> Iterator[Callable[[], Lab]]:
    """Return what makes a lab (a context manager), with every tool built that the cache did not have."""
    for toolset in tools.ALL:
        tools.ensure(toolset, say)
    with interrupted_by_signals():
        yield Lab.up


@pytest.fixture(scope="module")
def broken_lab(new_lab: Callable[[], Lab]) -> Iterator[Lab]:
    """Make a lab of our own, whose hosts the tests cut and stop one at a time."""
    with new_lab() as own:
        assert ask_matrix(own).classes() == expected_paths(with_relay=False)
        yield own


@pytest.fixture(scope="session")
def lab(new_lab: Callable[[], Lab]) -> Iterator[Lab]:
    """Make the shared lab, without a peer relay. Only read it, or change it through its context managers."""
    with new_lab() as shared:
        yield shared


@pytest.fixture(scope="session")
def relay_lab(new_lab: Callable[[], Lab]) -> Iterator[Lab]:
    """Make a second shared lab, in which the public host serves as a peer relay. Only read it."""
    with new_lab() as shared:
        shared.start_relay()
        yield shared


@pytest.fixture(scope="module", params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def daemon(lab: Lab, release: str) -> Iterator[Node]:
    """Add a node of either release to the tailnet; tests may stop it if they start it again."""
    with lab.extra_node(HostSpec("x", None, "alice"), RELEASES[release]) as node:
        yield node


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the session as ctrl-c does: through every fixture's clean-up."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
