"""Keep a lab open by hand: `python -m tests.lab up`, and in another terminal `tsym --host unix:…` on it."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from . import claim, requirements, tools
from .programs import wait_until
from .requirements import LabError
from .tailnet import Lab

DOWN_DEADLINE_S = 30.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run one of the commands; 0 done, 1 with a line on stderr that says what to do, 2 usage."""
    options = _parser().parse_args(argv)
    try:
        return int(options.command(options) or 0)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    asking = commands.add_parser("requirements", help="say in one line what this machine lacks; 0 when nothing")
    asking.set_defaults(command=_requirements)
    build = commands.add_parser("build", help="build the binaries the cache does not have")
    build.set_defaults(command=_build)
    up = commands.add_parser("up", help="make a lab and keep it until ctrl-c")
    up.add_argument("--relay", action="store_true", help="let the public host serve as a peer relay")
    up.add_argument("--detach", action="store_true", help="keep it in the background until `down`")
    up.set_defaults(command=_up)
    down = commands.add_parser("down", help="end a lab that `up` keeps")
    down.add_argument("lab", nargs="?", help="which, when there are several")
    down.set_defaults(command=_down)
    listing = commands.add_parser("list", help="say which labs are up and how to look at them")
    listing.set_defaults(command=_list)
    enter = commands.add_parser("enter", help="run a command, or a shell, on a host of a lab")
    enter.add_argument("host", help="name of the host, e.g. a; r1 to r5 are the routers, wan is the internet")
    enter.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND")
    enter.add_argument("--lab", help="which, when there are several")
    enter.set_defaults(command=_enter)
    return parser


def _requirements(_options: argparse.Namespace) -> int:
    if lacking := requirements.lacks(tools.ALL):
        print(lacking)
        return 1
    return 0


def _build(_options: argparse.Namespace) -> None:
    requirements.require(tools.ALL)
    for toolset in tools.ALL:
        print(tools.ensure(toolset))


def _up(options: argparse.Namespace) -> int:
    requirements.require(tools.ALL)
    if not options.detach:
        return _keep_lab(options.relay, on_ready=lambda: None)
    told, tell = os.pipe()
    if os.fork():
        os.close(tell)
        is_up = os.read(told, 1) == b"1"
        return 0 if is_up else 1
    os.setsid()

    def leave_terminal() -> None:
        sys.stdout.flush()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        os.write(tell, b"1")

    return _keep_lab(options.relay, on_ready=leave_terminal)


def _keep_lab(with_relay: bool, on_ready: Callable[[], None]) -> int:
    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, end)
    for toolset in tools.ALL:
        tools.ensure(toolset)
    with Lab.up() as lab:
        if with_relay:
            lab.start_relay()
        (lab.folder / "kept").touch()
        _describe(lab.folder)
        on_ready()
        while True:
            signal.pause()


def _down(options: argparse.Namespace) -> None:
    folder = _chosen(options.lab)
    pid = int(json.loads((folder / "lab.json").read_text())["pid"])
    os.kill(pid, signal.SIGTERM)  # it holds the folder's lock, so it lives and is the one that wrote this
    wait_until(lambda: not folder.exists(), f"{folder.name} to be gone", DOWN_DEADLINE_S)


def _list(_options: argparse.Namespace) -> None:
    for folder in _kept():
        _describe(folder)


def _enter(options: argparse.Namespace) -> None:
    namespace = f"{_chosen(options.lab).name}-{options.host}"
    argv = options.argv or [os.environ.get("SHELL", "/bin/sh")]
    os.execvp("ip", ["ip", "netns", "exec", namespace, *argv])  # noqa: S606  # a shell is what was asked for


def _kept() -> list[Path]:
    return [folder for folder in claim.living() if (folder / "kept").exists()]


def _chosen(name: str | None) -> Path:
    kept = _kept()
    names = ", ".join(folder.name for folder in kept)
    if name is not None:
        kept = [folder for folder in kept if folder.name == name]
    if not kept:
        raise LabError(f"no such lab is up (up: {names or 'none'}); `python -m tests.lab up` makes one")
    if len(kept) > 1:
        raise LabError(f"several labs are up ({names}): say which")
    return kept[0]


def _describe(folder: Path) -> None:
    hosts = json.loads((folder / "lab.json").read_text())["hosts"]
    print(f"{folder.name} is up:")
    for name, host in hosts.items():
        print(f"  {name}  {host['address']:<12} {host['socket']}  namespace {host['namespace']}")
    print("look at it:", "tsym", *[f"--host unix:{host['socket']}" for host in hosts.values()], flush=True)


if __name__ == "__main__":
    sys.exit(main())
