"""The client lives in small agents: what importing it may pull in is counted."""

from __future__ import annotations

import subprocess
import sys

ALLOWED = {"h11", "msgspec", "tsym_agent", "typing_extensions"}
"""msgspec takes typing_extensions in where something else has installed it."""


def test_the_client_imports_nothing_beyond_h11_and_msgspec() -> None:
    program = (
        "import sys; before = set(sys.modules); import tsym_agent.localapi.find, tsym_agent.localapi.reads;"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(*sorted(names - set(sys.stdlib_module_names)))"
    )

    done = subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True)

    assert set(done.stdout.split()) <= ALLOWED
