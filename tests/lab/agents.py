"""Agents beside the lab's tailscaleds, and `tsym` as somebody on one of the hosts runs it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from .matrix import lines_of
from .node import Node
from .programs import Program, clean_environment, last_lines, wait_until
from .tailnet import Lab

BIN = Path(sys.executable).parent
FETCH = Path(__file__).with_name("fetch.py")
PORT = 3621
START_DEADLINE_S = 20.0
ANSWER_DEADLINE_S = 90.0


class Agent:
    """One tsym-agent in the namespace of a node, which it stands beside unless told otherwise."""

    def __init__(self, node: Node, folder: Path, *options: str, env: Mapping[str, str] | None = None) -> None:
        self.node = node
        self.log = folder / f"{node.name}-agent.log"
        argv = [str(BIN / "tsym-agent"), f"--socket={node.socket}", *options]
        self.program = Program(node.host.namespace.wrap(argv), self.log, env)

    def wait_ready(self) -> None:
        """Return once it listens on the tailnet address of its host."""
        listening = lambda: self.node.host.namespace.accepts(self.node.address, PORT)  # noqa: E731  # used once
        wait_until(listening, f"the agent of {self.node.name} to listen", START_DEADLINE_S, self.program)

    def said(self) -> str:
        """Return what it has logged."""
        return last_lines(self.log, 10_000)


@contextmanager
def agent(lab: Lab, host: str, *options: str) -> Iterator[Agent]:
    """Run an agent on a host for a while."""
    running = Agent(lab.nodes[host], lab.folder, *options)
    try:
        running.wait_ready()
        yield running
    finally:
        running.program.stop()


class Answer(NamedTuple):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Return its output as one JSON object."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


def run_on(lab: Lab, host: str, *words: str, env: Mapping[str, str] | None = None) -> Answer:
    """Run a program in the namespace of a host, as a user without settings whose Tailscale is that host's node."""
    node = lab.nodes[host]
    done = subprocess.run(
        node.host.namespace.wrap(list(words)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ANSWER_DEADLINE_S,
        env=user_environment(lab, node) | dict(env or {}),
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


def tsym_on(lab: Lab, host: str, *words: str, env: Mapping[str, str] | None = None) -> Answer:
    """Run the installed `tsym` on a host."""
    return run_on(lab, host, str(BIN / "tsym"), *words, env=env)


@contextmanager
def started_tsym_on(lab: Lab, host: str, *words: str) -> Iterator[Iterator[str]]:
    """Run `tsym` on a host for a while, and give its lines as they come."""
    node = lab.nodes[host]
    with subprocess.Popen(
        node.host.namespace.wrap([str(BIN / "tsym"), *words]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=user_environment(lab, node),
    ) as program:
        try:
            yield lines_of(program, ANSWER_DEADLINE_S)
        finally:
            program.terminate()


class Reply(NamedTuple):
    """What an agent answered."""

    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object."""
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


def ask(lab: Lab, host: str, url: str, *, method: str = "GET", body: str = "", headers: Sequence[str] = ()) -> Reply:
    """Ask an agent from a host; `url` is one that `url_of` made."""
    answer = run_on(lab, host, sys.executable, str(FETCH), method, url, body, *headers)
    assert answer.code == 0, answer.err
    return Reply(**json.loads(answer.out))


def url_of(lab: Lab, host: str, path: str) -> str:
    """Return the URL of a page of the agent beside a host's node."""
    return f"http://{lab.nodes[host].address}:{PORT}{path}"


def user_environment(lab: Lab, node: Node) -> dict[str, str]:
    kept = {name: value for name, value in clean_environment().items() if not name.startswith(("TSYM_", "XDG_"))}
    return kept | {"HOME": str(lab.folder), "TS_SOCKET": str(node.socket)}
