"""Programs that play tailscale, in a folder short enough for a socket."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tsym_agent.localapi.following import Backoff
from tsym_agent.tailscaled.node import NodeOptions
from tsym_agent.tailscaled.programs import Programs

STAND_IN = Path(__file__).with_name("stand_in.py")
SOON = Backoff(first_s=0.01, longest_s=0.02)


@dataclass
class Place:
    """A machine with tailscale installed, as far as a supervisor sees."""

    root: Path
    programs: Programs
    said: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)

    @property
    def state_dir(self) -> Path:
        return self.root / "state"

    def behave(self, **behaviour: object) -> None:
        """Say how the programs behave from their next start on."""
        self.state_dir.mkdir(exist_ok=True, mode=0o700)
        (self.root / "behaviour").write_text(json.dumps(behaviour))
        (self.root / "behaviour").rename(self.state_dir / "behaviour")

    def options(self, **more: Any) -> NodeOptions:  # noqa: ANN401 - whatever an option may be
        usual: dict[str, Any] = {
            "state_dir": self.state_dir, "programs": self.programs, "env": {"TS_AUTHKEY": "no", "LANG": "C"},
            "say": self.said.append, "hear": self.said.append, "backoff": SOON, "hostname": "probe",
        }  # fmt: skip
        return NodeOptions(**(usual | more))

    @property
    def records(self) -> list[dict[str, Any]]:
        """What the programs were told, one entry a start."""
        path = self.state_dir / "record"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def starts_of(self, program: str) -> list[dict[str, Any]]:
        return [entry for entry in self.records if Path(entry["argv"][0]).name == program]


@pytest.fixture
def place() -> Iterator[Place]:
    root = Path(tempfile.mkdtemp(prefix="tsym-", dir="/tmp"))
    for name in ("tailscaled", "tailscale"):
        (root / name).write_text(f"#!{sys.executable} -SE\n{STAND_IN.read_text()}")
        (root / name).chmod(0o755)
    yield Place(root, Programs(root / "tailscaled", root / "tailscale"))
    shutil.rmtree(root)
