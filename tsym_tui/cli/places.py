"""Where settings, state and caches live: the XDG folders, on every system."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tsym_agent.model.homes import at_home


def config_file(env: Mapping[str, str] = os.environ) -> Path:
    """Return the path of `config.toml`: `TSYM_CONFIG`, else in the user's configuration folder."""
    named = env.get("TSYM_CONFIG")
    return at_home(named) if named else _folder(env, "XDG_CONFIG_HOME", ".config") / "config.toml"


def hosts_file(env: Mapping[str, str] = os.environ) -> Path:
    """Return the path of `hosts.toml`: it stands beside `config.toml`."""
    return config_file(env).parent / "hosts.toml"


def state_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of logs and recordings."""
    return _folder(env, "XDG_STATE_HOME", ".local/state")


def cache_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of what may be thrown away."""
    return _folder(env, "XDG_CACHE_HOME", ".cache")


def can_see(path: Path) -> bool:
    """Say whether a file is there, as far as this user may know: somebody else's folder holds nothing for us."""
    try:
        return path.exists()
    except OSError:
        return False


def _folder(env: Mapping[str, str], variable: str, below_home: str) -> Path:
    """Return our folder; the specification says that a relative path in a variable is to be ignored."""
    base = Path(env.get(variable, ""))
    return (base if base.is_absolute() else Path(env.get("HOME") or Path.home()) / below_home) / "tsym"
