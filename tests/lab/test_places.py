"""The agent as it is installed: as the unit's user, as its root without capabilities, and out of the image."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tsym_agent.places.packing import write_zipapp

from .agents import PORT, START_DEADLINE_S, ask, url_of
from .image import Image, make_image
from .programs import Program, wait_until
from .tailnet import Lab

HOST = "a"
CALLER = "c"
"""Of the same user as the host: let in by `--allow-owner`."""
SERVICE_USER = "61234"
"""From the range that systemd takes users of services from."""
AS_SERVICE = ["setpriv", f"--reuid={SERVICE_USER}", f"--regid={SERVICE_USER}", "--clear-groups"]
WITHOUT_RIGHTS = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]


@pytest.fixture(scope="module")
def packed(lab: Lab) -> Path:
    """Return the agent as one file, in a folder that everybody may enter, which those of pytest are not."""
    file = lab.folder / "tsym-agent.pyz"
    write_zipapp(file)
    return file


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    root = tmp_path_factory.mktemp("image") / "root"
    root.mkdir()
    return make_image(root)


@contextmanager
def running(lab: Lab, argv: Sequence[str]) -> Iterator[None]:
    """Run an agent on the host until it has been asked."""
    node = lab.nodes[HOST]
    program = Program(node.host.namespace.wrap(argv), lab.folder / "placed.log")
    try:
        listening = lambda: node.host.namespace.accepts(node.address, PORT)  # noqa: E731  # used once
        wait_until(listening, "the agent to listen", START_DEADLINE_S, program)
        yield
    finally:
        program.stop()


def rights_seen(lab: Lab) -> str:
    return str(ask(lab, CALLER, url_of(lab, HOST, "/v1/hello")).json()["daemon"]["rights"])


def status_of_root_read(lab: Lab) -> int:
    return ask(lab, CALLER, url_of(lab, HOST, "/localapi/v0/metrics")).status


def agent_words(lab: Lab) -> list[str]:
    return ["--mode=attach", "--allow-owner", f"--socket={lab.nodes[HOST].socket}"]


def test_as_the_services_user_the_daemon_lets_it_read_and_no_more(lab: Lab, packed: Path) -> None:
    argv = [*AS_SERVICE, *WITHOUT_RIGHTS, sys.executable, "-I", "-S", str(packed), *agent_words(lab)]
    with running(lab, argv):
        assert rights_seen(lab) == "r"
        assert status_of_root_read(lab) == 403


def test_as_root_without_capabilities_the_reads_for_root_are_answered(lab: Lab, packed: Path) -> None:
    argv = ["setpriv", *WITHOUT_RIGHTS, sys.executable, "-I", "-S", str(packed), *agent_words(lab)]
    with running(lab, argv):
        assert rights_seen(lab) == "w"
        assert status_of_root_read(lab) == 200


def test_the_image_boots_the_agent_as_its_own_user(lab: Lab, image: Image) -> None:
    argv = image.boot("--mode=attach", "--allow-owner", socket=lab.nodes[HOST].socket)
    with running(lab, argv):
        assert rights_seen(lab) == "r"


def test_the_image_as_root_answers_the_reads_for_root(lab: Lab, image: Image) -> None:
    argv = image.boot("--mode=attach", "--allow-owner", socket=lab.nodes[HOST].socket, user="0:0")
    with running(lab, argv):
        assert status_of_root_read(lab) == 200
