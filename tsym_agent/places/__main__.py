"""`python -m tsym_agent.places`: print the files for service managers, or pack the agent."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tsym_agent.places import FILES, read_place
from tsym_agent.places.packing import PackingError, write_folder, write_zipapp

PACKERS = {"zipapp": write_zipapp, "folder": write_folder}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is asked and return the exit code: 0 done, 2 not possible."""
    options = _parser().parse_args(arguments)
    packer = PACKERS.get(options.name)
    if (packer is None) != (options.target is None):
        return _complain(f"wanted: {'zipapp FILE, or folder FOLDER' if packer else f'{options.name} alone'}")
    if packer is not None:
        try:
            packer(Path(options.target))
        except (PackingError, OSError) as error:
            return _complain(f"cannot write {options.target}: {error}")
        return 0
    if options.name is None:
        width = max(map(len, FILES))
        sys.stdout.write("".join(f"{name:{width}}  {words}\n" for name, words in FILES.items()))
        return 0
    sys.stdout.write(read_place(options.name))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tsym_agent.places",
        description="Files that run the agent as a service, and the agent as one file.",
    )
    parser.add_argument("name", nargs="?", choices=[*FILES, *PACKERS], help="a file to print, or zipapp, or folder")
    parser.add_argument("target", nargs="?", help="where zipapp or folder writes to")
    return parser


def _complain(words: str) -> int:
    sys.stderr.write(f"{words}\n")
    return 2


if __name__ == "__main__":
    raise SystemExit(main())
