"""The app's source on a node of its own: `python -m tests.lab.own_app SPEC…`, told by the environment as `tsym` is.

Does what `tsym --generate-auth` does without a screen, and prints one JSON object: each host's spec, state and error,
and the mode of the node's folder while it runs.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress

import click

from tsym_tui.cli.own_source import stand
from tsym_tui.cli.root import tsym
from tsym_tui.cli.standing import Standing, StandingWishes, choose_standing
from tsym_tui.fleet.fleet import FleetOptions
from tsym_tui.fleet.specs import parse_spec

READY_DEADLINE_S = 40.0


async def look(standing: Standing, specs: list[str]) -> dict[str, object]:
    async with await stand(standing, [parse_spec(spec) for spec in specs], FleetOptions()) as fleet:
        await fleet.ready(READY_DEADLINE_S)
        with suppress(TimeoutError):  # the first packets between two new nodes may take longer than an answer should
            async with asyncio.timeout(READY_DEADLINE_S):
                async for _ in fleet.changes():
                    if not any("no answer" in (host.error or "") for host in fleet.snapshot().hosts):
                        break
        hosts = fleet.snapshot().hosts
        mode = await asyncio.to_thread(standing.state_dir.stat)
    return {"hosts": [[host.spec, str(host.state), host.error] for host in hosts], "mode": oct(mode.st_mode & 0o777)}


def main(specs: list[str]) -> None:
    with click.Context(tsym):
        standing = choose_standing(StandingWishes(generate_auth=True, hostname="own-app"))
    assert standing is not None
    print(json.dumps(asyncio.run(look(standing, specs))))


if __name__ == "__main__":
    main(sys.argv[1:])
