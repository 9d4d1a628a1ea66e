"""`tsym-agent`: what stands beside one tailscaled, and `--check`, which finds that one and says whether it could.

Parsed with argparse, and light: it runs where memory is short, and everything but the parser is imported once it is
known what for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tsym_agent import __version__
from tsym_agent.console import NOWHERE_TO_PRINT, WRITE_FAILURES, describe_write_failure, drop_output, ensure_stderr
from tsym_agent.exits import Exit
from tsym_agent.server.options import Options, read_options

if TYPE_CHECKING:
    from tsym_agent.localapi.client import LocalClient
    from tsym_agent.model.status import Status


def run() -> None:
    """Start the agent's command line."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code."""
    ensure_stderr()
    if sys.stdout is None:
        return _complain(NOWHERE_TO_PRINT, Exit.USAGE)
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last edge: what is not known there is a bug, and a person is told so
        return _explain(error)
    return code


def _run(arguments: Sequence[str]) -> int:
    try:
        options = read_options(arguments, os.environ)
    except SystemExit as ended:  # argparse ends by itself, after help and after complaints
        return ended.code if isinstance(ended.code, int) else Exit.USAGE
    if options.version:
        return _print(f"tsym-agent {__version__}")
    if options.check:
        return _check(options)
    return _serve(options)


def _serve(options: Options) -> Exit:
    """Be the agent, until told to end."""
    _import_asyncio_without_tls()
    import asyncio

    from tsym_agent.server.agent import run_agent

    return asyncio.run(run_agent(options, os.environ))


def _import_asyncio_without_tls() -> None:
    """Spare an agent OpenSSL, which asyncio imports where it is there: 10 ms of its start and 3 MiB of its memory.

    An agent speaks plainly on a tailnet, on loopback and to sockets. Whoever imports `ssl` later finds it.
    """
    if "asyncio" not in sys.modules and "ssl" not in sys.modules:
        sys.modules["ssl"] = None  # type: ignore[assignment]  # how the import system is told that there is none
        try:
            import asyncio  # noqa: F401 - for what its import finds
        finally:
            del sys.modules["ssl"]


def _explain(error: Exception) -> Exit:
    """Say in one line why a command ended, and return its exit code."""
    match error:
        case BrokenPipeError():
            drop_output()
            return Exit.OK
        case OSError(errno=number) if number in WRITE_FAILURES:
            drop_output()
            return _complain(describe_write_failure(error), Exit.USAGE)
        case _:
            return _complain(f"a bug of ours: {type(error).__name__}: {error}", Exit.BUG)


def _check(options: Options) -> Exit:
    """Ask tailscaled how it stands, print that, and return what it means."""
    import asyncio

    from tsym_agent.localapi.errors import AccessDeniedError, LocalAPIError

    try:
        found = asyncio.run(_look(options))
    except LocalAPIError as error:
        found = {"socket": error.where, "wrong": [str(error)]}
        code = Exit.DENIED if isinstance(error, AccessDeniedError) else Exit.UNREACHABLE
    else:
        code = Exit.OK if found["state"] == "Running" else Exit.NO
    return _report(found, code, as_json=options.json)


async def _look(options: Options) -> dict[str, object]:
    from tsym_agent.server.finding import find_host

    endpoint = await find_host(options, os.environ)
    client = endpoint.client()
    try:
        status = await client.status()
        return {"socket": endpoint.where, **await _facts(client, status)}
    finally:
        await client.aclose()


async def _facts(client: LocalClient, status: Status) -> dict[str, object]:
    from tsym_agent.model.text import printable
    from tsym_agent.server.advice import advise

    rights = await client.rights()
    state = printable(status.backend_state)
    wrong = [printable(text) for text in status.health or ()]
    own = status.self_node
    if state != "Running":
        wrong.insert(0, advise(state, is_expired=own is not None and own.expired))
    return {
        "version": printable(status.version or client.daemon_version or "") or None,
        "state": state,
        "node": printable(own.dns_name.rstrip(".") or own.host_name) if own and own.id else None,
        "tailnet": printable(status.current_tailnet.name) if status.current_tailnet else None,
        "rights": rights.value if rights else None,
        "wrong": wrong,
    }


def _report(found: Mapping[str, object], code: Exit, *, as_json: bool) -> Exit:
    if as_json:
        import json
        from datetime import UTC, datetime

        from tsym_agent.model.times import format_time

        keys = ("socket", "version", "state", "node", "tailnet", "rights", "wrong")
        document = {"schema": "tsym/agent-check/1", "generated_at": format_time(datetime.now(UTC))}
        _print(json.dumps(document | {key: found.get(key) for key in keys}, indent=2))
        return code
    wrong = found.get("wrong")
    for key, value in found.items():
        if key != "wrong" and "state" in found:
            _print(f"{key:8} {_WORDS.get(str(value), value) if key == 'rights' else value or 'unknown'}")
    for text in wrong if isinstance(wrong, list) else []:
        _complain(text, code)
    return code


_WORDS = {"r": "read only", "w": "read and write", "None": "unknown"}


def _print(text: str) -> Exit:
    sys.stdout.write(f"{text}\n")
    return Exit.OK


def _complain(text: str, code: Exit) -> Exit:
    sys.stderr.write(f"tsym-agent: {text}\n")
    return code


if __name__ == "__main__":
    run()
