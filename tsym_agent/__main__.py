"""`tsym-agent`: what stands beside one tailscaled.

The server is not part of this version. What there is: `--check`, which finds the tailscaled that an agent would stand
beside and says whether it could. Parsed with argparse, and light: it runs where memory is short.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tsym_agent import __version__
from tsym_agent.console import NOWHERE_TO_PRINT, WRITE_FAILURES, describe_write_failure, drop_output, ensure_stderr
from tsym_agent.exits import Exit

if TYPE_CHECKING:
    from tsym_agent.localapi.client import LocalClient
    from tsym_agent.model.status import Status


ADVICE = {
    "Starting": "tailscaled is starting: wait a moment",
    "NoState": "tailscaled is starting: wait a moment",
    "Stopped": "tailscaled is stopped: run `tailscale up`",
    "NeedsLogin": "tailscaled is logged out: run `tailscale up` and log in",
    "NeedsMachineAuth": "this machine waits for approval by an admin of the tailnet",
    "InUseOtherUser": "tailscaled is in use by another user of this machine",
}


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
        options = _parser().parse_args(arguments)
    except SystemExit as ended:  # argparse ends by itself, after help and after complaints
        return ended.code if isinstance(ended.code, int) else Exit.USAGE
    if options.version:
        return _print(f"tsym-agent {__version__}")
    if options.check:
        return _check(options.socket, as_json=options.json)
    return _complain(
        "the agent's server is not part of this version; --check looks at the tailscaled it would stand beside",
        Exit.USAGE,
    )


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tsym-agent",
        description="Stand beside one tailscaled, for tsym on other machines.",
        epilog="Exit codes of --check: 0 well, 1 reached and not running, 3 not reached, 4 refused.",
    )
    parser.add_argument("--check", action="store_true", help="find tailscaled, say how it stands and what is wrong")
    parser.add_argument(
        "--socket", metavar="PATH", default=os.environ.get("TSYM_AGENT_SOCKET"),
        help="its LocalAPI socket (TSYM_AGENT_SOCKET; else TS_SOCKET, else looked for)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--version", action="store_true", help="print the version")
    return parser


def _check(socket: str | None, *, as_json: bool) -> Exit:
    """Ask tailscaled how it stands, print that, and return what it means."""
    import asyncio

    from tsym_agent.localapi.errors import AccessDeniedError, LocalAPIError

    env = {**os.environ, "TS_SOCKET": socket} if socket else os.environ
    try:
        found = asyncio.run(_look(env))
    except LocalAPIError as error:
        found = {"socket": error.where, "wrong": [str(error)]}
        code = Exit.DENIED if isinstance(error, AccessDeniedError) else Exit.UNREACHABLE
    else:
        code = Exit.OK if found["state"] == "Running" else Exit.NO
    return _report(found, code, as_json=as_json)


async def _look(env: Mapping[str, str]) -> dict[str, object]:
    from tsym_agent.localapi.find import find_daemon

    endpoint = await find_daemon(env)
    client = endpoint.client()
    try:
        status = await client.status()
        return {"socket": endpoint.where, **await _facts(client, status)}
    finally:
        await client.aclose()


async def _facts(client: LocalClient, status: Status) -> dict[str, object]:
    from tsym_agent.model.text import printable

    rights = await client.rights()
    state = printable(status.backend_state)
    wrong = [printable(text) for text in status.health or ()]
    own = status.self_node
    if state != "Running":
        wrong.insert(0, _advice(state, is_expired=own is not None and own.expired))
    return {
        "version": printable(status.version or client.daemon_version or "") or None,
        "state": state,
        "node": printable(own.dns_name.rstrip(".") or own.host_name) if own and own.id else None,
        "tailnet": printable(status.current_tailnet.name) if status.current_tailnet else None,
        "rights": rights.value if rights else None,
        "wrong": wrong,
    }


def _advice(state: str, *, is_expired: bool) -> str:
    """Say what a state other than running asks of a person."""
    if state == "NeedsLogin" and is_expired:
        return "this machine's key has expired: run `tailscale up --force-reauth`"
    return ADVICE.get(state, f"tailscaled is in a state that this version does not know: {state}")


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
