"""What an agent can be told: each flag declared once, and everything else made from that.

A value comes from the command line, else from its environment variables in order, else it is the default. Secrets have
no flag: the auth key of an own node comes from `TS_AUTHKEY` or a file.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, NoReturn

from tsym_agent.model.agents import CALLER_TAG, CAPABILITY, PORT

DEFAULT_PREFIX = "tsymbiote-adapter"
MODES = ("auto", "attach", "own")
AUTH_KEY_VARIABLE = "TS_AUTHKEY"

Value = str | int | bool | tuple[str, ...]


class Options(NamedTuple):
    """An agent's settings, checked."""

    check: bool = False
    json: bool = False
    version: bool = False
    allowed_tag: str = CALLER_TAG
    allowed_users: tuple[str, ...] = ()
    allow_owner: bool = False
    allow_write: bool = False
    auth_key_file: str = ""
    capability: str = CAPABILITY
    control_url: str = ""
    dev: bool = False
    discover_socket: bool = False
    hostname: str = ""
    hostname_prefix: str = DEFAULT_PREFIX
    logout: bool = True
    metrics_tag: str = ""
    mode: str = "auto"
    port: int = PORT
    socket: str = ""
    state_dir: str = ""


def _text(value: str) -> str:
    if not value or not value.isprintable():
        raise argparse.ArgumentTypeError("wanted a printable text")
    return value


def _tag(value: str) -> str:
    if not re.fullmatch(r"tag:[A-Za-z][A-Za-z0-9-]*", value):
        raise argparse.ArgumentTypeError(f"{value!r} is no tag: wanted tag:NAME")
    return value


def _users(value: str) -> tuple[str, ...]:
    return tuple(name for part in value.split(",") if (name := part.strip()))


def _capability(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]+\.[a-z]+/[A-Za-z0-9/_-]+", value):
        raise argparse.ArgumentTypeError(f"{value!r} is no app capability: wanted DOMAIN/PATH")
    return value


def _control(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise argparse.ArgumentTypeError(f"{value!r} is no URL of a control server")
    return value


def _flag(value: str) -> bool:
    words = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}
    if (found := words.get(value.casefold())) is None:
        raise argparse.ArgumentTypeError(f"{value!r}: wanted true or false")
    return found


def _port(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and int(value) < 65536):
        raise argparse.ArgumentTypeError(f"{value!r} is no port")
    return int(value)


def _mode(value: str) -> str:
    if value not in MODES:
        raise argparse.ArgumentTypeError(f"{value!r}: wanted one of {', '.join(MODES)}")
    return value


class Flag(NamedTuple):
    """One flag."""

    name: str
    words: str
    metavar: str
    read: Callable[[str], Value]
    default: str = ""
    """As a person would write it; empty = nothing."""
    short: str = ""
    also: tuple[str, ...] = ()
    """Variables of others that are read when our own is not set."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that set it, the first that is there counts."""
        return ("TSYM_AGENT_" + self.name.upper().replace("-", "_"), *self.also)

    @property
    def is_switch(self) -> bool:
        """Whether it may stand without a value."""
        return self.read is _flag


FLAGS = (
    Flag("allowed-tag", "let nodes with this tag in", "TAG", _tag, CALLER_TAG),
    Flag("allowed-users", "let these users in, separated by commas", "LOGINS", _users),
    Flag("allow-owner", "let the user in who owns this host's node", "BOOL", _flag, "false"),
    Flag("allow-write", "run commands that act, for callers whose grant says write", "BOOL", _flag, "false"),
    Flag("auth-key-file", "a file with the auth key of an own node; else the key in TS_AUTHKEY", "PATH", _text),
    Flag("capability", "the app capability of grants", "NAME", _capability, CAPABILITY),
    Flag("control-url", "the control server of an own node", "URL", _control, also=("TS_CONTROL_URL",)),
    Flag("dev", "listen on loopback only and ask nobody who they are", "BOOL", _flag, "false"),
    Flag("discover-socket", "look for the socket in other processes of this pod", "BOOL", _flag, "false", "d"),
    Flag("hostname", "the name of an own node", "NAME", _text),
    Flag("hostname-prefix", "how the name of an own node begins", "TEXT", _text, DEFAULT_PREFIX),
    Flag("logout", "log an own node out at the end", "BOOL", _flag, "true"),
    Flag("metrics-tag", "let nodes with this tag read /metrics, and only that", "TAG", _tag),
    Flag("mode", "attach to this host's Tailscale, or stand on an own node beside it", "MODE", _mode, "auto"),
    Flag("port", "the port to listen on", "PORT", _port, str(PORT), "p"),
    Flag("socket", "the socket of tailscaled, if it is not at a usual place", "PATH", _text, also=("TS_SOCKET",)),
    Flag("state-dir", "the folder of an own node", "PATH", _text),
)

EPILOG = """\
Each flag is also an environment variable: --allowed-tag is TSYM_AGENT_ALLOWED_TAG, and so on.
--socket may also be TS_SOCKET, --control-url TS_CONTROL_URL. A BOOL flag alone means true.

Exit codes: 0 ended when told to, 2 usage or configuration, 3 no node of its own came up, 70 a bug of ours.
Of --check: 0 well, 1 reached and not running, 3 not reached, 4 refused.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Complain without a key that somebody mistook an argument for: a journal keeps what we say."""
        from tsym_agent.server.redact import scrub_words

        super().error(scrub_words(message))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = _Parser(
        prog="tsym-agent",
        description="Stand beside one tailscaled, for tsym on other machines.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--check", action="store_true", help="find tailscaled, say how it stands and what is wrong")
    parser.add_argument("--json", action="store_true", help="with --check: print one JSON object")
    parser.add_argument("--version", action="store_true", help="print the version")
    for flag in FLAGS:
        names = ([f"-{flag.short}"] if flag.short else []) + [f"--{flag.name}"]
        default = f" (default: {flag.default})" if flag.default else ""
        action = parser.add_argument(*names, metavar=flag.metavar, type=flag.read, help=flag.words + default)
        if flag.is_switch:
            action.nargs, action.const = "?", True
    return parser


def read_options(arguments: Sequence[str], env: Mapping[str, str]) -> Options:
    """Return the settings in force; complains and exits as argparse does."""
    parser = make_parser()
    given = vars(parser.parse_args(arguments))
    values = {name: value for name, value in given.items() if value is not None}
    for flag in FLAGS:
        name = flag.name.replace("-", "_")
        if name not in values and (variable := next((one for one in flag.variables if env.get(one)), None)):
            try:
                values[name] = flag.read(env[variable])
            except argparse.ArgumentTypeError as error:
                parser.error(f"{variable}: {error}")
    options = Options(**values)
    if complaint := _contradiction(options):
        parser.error(complaint)
    return options


def _contradiction(options: Options) -> str:
    if options.dev and options.mode == "own":
        return "--dev listens on loopback only: it needs no --mode own"
    if not options.port and not options.dev:
        return "--port 0 takes any free port, which nobody would find: only --dev may"
    if options.json and not options.check:
        return "--json belongs to --check"
    return ""
