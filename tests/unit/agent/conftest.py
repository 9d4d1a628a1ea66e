"""The agent's command meets the same scripted daemon as the app's."""

from tests.unit.cli.conftest import Daemon, daemon, home

__all__ = ["Daemon", "daemon", "home"]
