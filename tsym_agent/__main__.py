"""The entry point of `tsym-agent`."""

from __future__ import annotations


def run() -> None:
    """Start the agent's command line."""
    raise SystemExit(0)


if __name__ == "__main__":
    run()
