"""What can go wrong with a simulated tailnet.

SimError
├── ScenarioError    a scenario file that is missing, unreadable or contradicts itself
├── FolderError      the folder for the sockets cannot be used
└── StartError       the simulator's process did not come up
"""

from __future__ import annotations


class SimError(Exception):
    """The simulated tailnet cannot run; the text says why and what to change."""


class ScenarioError(SimError):
    """A scenario that cannot be used."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        super().__init__(f"{file}: {key}: {problem}" if key else f"{file}: {problem}")
        self.file = file
        self.key = key
        """Where in the file, as `node[3].site`; empty when the file as a whole is meant."""
        self.problem = problem
        """What is wrong and what is expected."""


class FolderError(SimError):
    """The folder for sockets and index is too long, foreign, or in use by another simulator."""


class StartError(SimError):
    """The simulator's process ended or stayed silent before it was ready."""
