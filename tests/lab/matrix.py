"""Asking the installed `tsym matrix --json` about a lab, and reading its answer as a script would."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from .tailnet import Lab

TSYM = Path(sys.executable).with_name("tsym")
ANSWER_DEADLINE_S = 60.0


class PairEntry(TypedDict):
    """What the tests read of a pair."""

    path: str
    state: str
    error: str | None


class HostEntry(TypedDict):
    """What the tests read of a host."""

    state: str
    error: str | None


@dataclass(frozen=True)
class Matrix:
    """One answer, with host names of the lab instead of node IDs and sockets."""

    exit_code: int
    pairs: dict[tuple[str, str], PairEntry]
    """By the names of the two nodes: `("a", "c")` is what a sees of c."""
    hosts: dict[str, HostEntry]
    """By the name of the host whose socket was asked."""

    def classes(self) -> dict[tuple[str, str], str]:
        """Return each pair's path while it is fresh, else the name of its state."""
        return {
            pair: entry["path"] if entry["state"] == "fresh" else entry["state"] for pair, entry in self.pairs.items()
        }


def ask_matrix(lab: Lab, *options: str) -> Matrix:
    """Run `tsym matrix --json` once with every node of the lab as a host."""
    done = subprocess.run(
        matrix_command(lab, "--json", *options),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ANSWER_DEADLINE_S,
        env=user_environment(lab),
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.stdout, done.stderr
    return read_matrix(lab, done.stdout, done.returncode)


@contextmanager
def watch_matrix(lab: Lab) -> Iterator[Iterator[Matrix]]:
    """Run `tsym matrix --json --watch` for a while, and give its answers as they come, one a second."""
    with subprocess.Popen(
        matrix_command(lab, "--json", "--watch", "--every", "1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=user_environment(lab),
    ) as watching:
        try:
            yield (read_matrix(lab, line) for line in lines_of(watching, ANSWER_DEADLINE_S))
        finally:
            watching.terminate()


def lines_of(program: subprocess.Popen[str], deadline_s: float) -> Iterator[str]:
    """Yield what a program prints, line by line; one that ends or is silent for too long fails, and is ended."""
    assert program.stdout
    while True:
        too_late = threading.Timer(deadline_s, program.kill)
        too_late.start()
        try:
            line = program.stdout.readline()
        finally:
            too_late.cancel()
        assert line, f"no answer within {deadline_s:.0f} s, or the program ended"
        yield line


def matrix_command(lab: Lab, *options: str) -> Sequence[str | Path]:
    hosts = [word for node in lab.nodes.values() for word in ("--host", f"unix:{node.socket}")]
    return [TSYM, "matrix", *hosts, *options]


def user_environment(lab: Lab) -> dict[str, str]:
    """Return the environment of a user without any settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TSYM_", "TS_", "XDG_"))}
    return kept | {"HOME": str(lab.folder)}


def read_matrix(lab: Lab, document: str, exit_code: int = 0) -> Matrix:
    """Read one `tsym/pairs/1` object."""
    answer = json.loads(document)
    assert answer["schema"] == "tsym/pairs/1"
    names = {node["id"]: node["name"].partition(".")[0] for node in answer["nodes"]}
    by_spec = {f"unix:{node.socket}": name for name, node in lab.nodes.items()}
    return Matrix(
        exit_code,
        {(names[pair["from"]], names[pair["to"]]): pair for pair in answer["pairs"]},
        {by_spec[host["spec"]]: host for host in answer["hosts"]},
    )
