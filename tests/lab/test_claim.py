"""What is left of a lab when its owner ends: nothing, at once or at the next start."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import claim
from .netns import Namespace
from .programs import wait_until
from .tailnet import Lab

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def kept_lab(new_lab: object) -> Iterator[tuple[subprocess.Popen[str], str]]:  # noqa: ARG001  # builds the tools
    """Start another process that keeps a lab, and return it with the lab's name."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.lab", "up"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout
        first_line = owner.stdout.readline()
        try:
            yield owner, first_line.split()[0]
        finally:
            owner.kill()


def remains_of(lab: str) -> list[str]:
    namespaces = [name for name in Namespace.all_names() if name.startswith(lab)]
    return namespaces + [str(path) for path in claim.ROOT.glob(f"{lab}*")]


def processes_of(lab: str) -> list[int]:
    return [pid for name in Namespace.all_names() if name.startswith(lab) for pid in Namespace(name).processes()]


def test_a_lab_that_is_taken_down_leaves_nothing(kept_lab: tuple[subprocess.Popen[str], str]) -> None:
    owner, name = kept_lab
    pids = processes_of(name)
    subprocess.run([sys.executable, "-m", "tests.lab", "down", name], cwd=REPOSITORY, check=True)

    assert owner.wait(10) == 0
    assert len(pids) == 10
    assert remains_of(name) == []
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_after_a_killed_owner_programs_end_and_the_next_start_sweeps_the_rest(
    kept_lab: tuple[subprocess.Popen[str], str],
) -> None:
    owner, name = kept_lab
    pids = processes_of(name)
    owner.kill()
    owner.wait()

    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "all programs to end", 10)
    assert claim.ROOT / name not in claim.living()
    claim.sweep()
    wait_until(lambda: not remains_of(name), "the sweep, ours or another lab's, to be done", 10)


def test_a_sweep_leaves_living_labs_alone(lab: Lab) -> None:
    claim.sweep()

    assert lab.folder in claim.living()
    assert lab.nodes["a"].status()["BackendState"] == "Running"


def test_a_sweep_ends_a_process_that_a_dead_lab_left_in_its_namespace() -> None:
    namespace = Namespace("tsl0000-a")  # no folder, so no owner
    namespace.create()
    with subprocess.Popen(namespace.wrap(["sleep", "600"])) as left:
        wait_until(namespace.processes, "sleep to run inside", 5)

        claim.sweep()
        assert left.wait(5) == -signal.SIGKILL
