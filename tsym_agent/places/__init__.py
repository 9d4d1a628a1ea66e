"""Places to run the agent: files for service managers and containers, and the agent as one file.

    python -m tsym_agent.places                          what there is
    python -m tsym_agent.places tsym-agent.service       print a file
    python -m tsym_agent.places zipapp tsym-agent.pyz    make the agent one file, for machines like this one
    python -m tsym_agent.places folder /opt/tsym-agent   the same unpacked, for an image

It imports nothing else of ours, so that it also runs out of the single file: `PYTHONPATH=tsym-agent.pyz python3 -m
tsym_agent.places`. The guide that goes with it is docs/guides/agent.md.
"""

from __future__ import annotations

from importlib.resources import files

FILES = {
    "tsym-agent.service": "systemd unit: a user of its own, which the daemon lets read and nothing else",
    "root.conf": "drop-in for it: as root without capabilities, for the reads that tailscaled keeps for root",
    "own-node.conf": "drop-in for it: on a node of its own beside the host's Tailscale",
    "dev.tsym.agent.plist": "launchd job for macOS",
    "Containerfile": "image of the agent, for podman and docker",
}
"""Name of each file, and what it is for."""


def read_place(name: str) -> str:
    """Return the text of a file; `KeyError` when there is none of that name."""
    if name not in FILES:
        raise KeyError(name)
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
