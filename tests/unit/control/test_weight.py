"""The clients may live beside an agent: importing them brings no HTTP library."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_clients_does_not_import_httpx() -> None:
    program = (
        "import sys; import tsym_agent.control, tsym_agent.control.tailscale, tsym_agent.control.headscale;"
        "print('httpx' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "False"
