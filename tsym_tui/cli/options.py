"""Options, and where their values may come from: command line, environment, settings file, default, in this order.

An option `--fail-on` of `tsym matrix` is `TSYM_MATRIX_FAIL_ON` in the environment and `fail_on` under `[matrix]` in
`config.toml`. A shared option is also `TSYM_FAIL_ON`, a key of the file's top level, and may stand before the command.
Nothing heavy is imported here: this is what `tsym --help` loads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import click
from click.core import ParameterSource

from tsym_agent import __version__
from tsym_agent.model.homes import at_home

Function = Callable[..., object]
Decorator = Callable[[Function], Function]

THEME_NAMES = ("auto", "dark", "light", "high-contrast", "deuteranopia", "tritanopia", "ansi16", "mono", "cb")
GLYPH_NAMES = ("auto", "braille", "half", "block", "ascii")
START_SCREENS = ("overview", "nodes", "matrix", "map")
THRESHOLDS_MS = (5.0, 20.0, 50.0, 100.0, 200.0)
"""As in `tsym_tui.graph.themes`; a test holds them together."""

APP_PREFIX = "tsymbiote-webui"
"""Begins the names of the app's own nodes, as its tag does."""

CONFIG_KEY = "tsym.config"
"""Where the context keeps the path of the settings file in use."""


class Setting(click.Option):
    """An option that is also an environment variable and a key of the settings file."""

    def __init__(self, *declarations: object, shared: bool = False, changes: str = "", **attributes: object) -> None:
        super().__init__(*declarations, **attributes)  # type: ignore[arg-type]  # click checks what it is given
        self.is_shared = shared
        self.changes = changes
        """What a command changes when it is given, to follow "it"; empty = nothing."""

    def variables(self, command: click.Command) -> list[str]:
        """Return the environment variables that set it, the strongest first."""
        option = self.name.upper() if self.name else ""
        own = f"TSYM_{command.name.upper()}_{option}" if command.name not in {None, "tsym"} else f"TSYM_{option}"
        return [own, f"TSYM_{option}"] if self.is_shared and own != f"TSYM_{option}" else [own]

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the first of its variables that is set and not empty."""
        return next((value for name in self.variables(ctx.command) if (value := os.environ.get(name))), None)

    def consume_value(self, ctx: click.Context, opts: Mapping[str, click.Parameter]) -> tuple[object, ParameterSource]:
        """Find its value; one that was given before the command is as good as one after it."""
        value, source = super().consume_value(ctx, opts)
        before = ctx.parent
        if source is ParameterSource.COMMANDLINE or before is None or not self.is_shared or self.name is None:
            return value, source
        if before.get_parameter_source(self.name) is ParameterSource.COMMANDLINE:
            return before.params[self.name], ParameterSource.COMMANDLINE
        return value, source


KEYS_KEY = "tsym.keys"
"""Where the context keeps the keys that the settings file gives to actions."""


class Thresholds(click.ParamType[tuple[float, ...]]):
    """Where a latency takes the next of six steps: five rising numbers, as `5,20,50,100,200` or a list in a file."""

    name = "numbers"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Return the numbers."""
        if value == THRESHOLDS_MS:
            return THRESHOLDS_MS
        from tsym_tui.ui.settings import are_thresholds

        parts = value if isinstance(value, (list, tuple)) else str(value).replace(",", " ").split()
        try:
            numbers = tuple(float(part) for part in parts)
        except (TypeError, ValueError):
            numbers = ()
        if not are_thresholds(numbers):
            self.fail(f"{value!r} is not {len(THRESHOLDS_MS)} rising numbers such as 5,20,50,100,200", param, ctx)
        return numbers


Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def completer(name: str) -> Completer:
    """Return what completes a value in a shell: a function of `completing`, loaded when a shell asks."""

    def complete(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
        from tsym_tui.cli import completing

        found: Completer = getattr(completing, name)
        return found(ctx, parameter, typed)

    return complete


def setting(*declarations: str, **attributes: object) -> Decorator:
    """Make an option of the one command it stands at."""
    return click.option(*declarations, cls=Setting, **attributes)


def _shared(*declarations: str, **attributes: object) -> Callable[[], Decorator]:
    return lambda: setting(*declarations, shared=True, **attributes)


_SHARED: dict[str, Callable[[], Decorator]] = {
    "host": _shared(
        "--host",
        multiple=True,
        metavar="SPEC",
        shell_complete=completer("hosts"),
        help="A host to ask; repeatable. See `tsym --help`.",
    ),
    "scan": _shared(
        "--scan", is_flag=True, help="Also knock once at each online peer for an agent that carries no tag."
    ),
    "all": _shared("--all", is_flag=True, help="Show and probe hidden nodes and phones, too."),
    "json": _shared("--json", is_flag=True, help="Print one JSON object."),
    "ndjson": _shared("--ndjson", is_flag=True, help="Print one JSON object a line, as results come."),
    "settle": _shared(
        "--settle",
        type=click.FloatRange(0, 600),
        default=15.0,
        show_default=True,
        metavar="SECONDS",
        help="Probe at most so long until every pair is direct or has shown its class twice; 0 = send no probe.",
    ),
    "fail_on": _shared(
        "--fail-on",
        multiple=True,
        type=click.Choice(["dead", "relayed", "stale"]),
        help="Exit with 1 when a pair is so; repeatable.",
    ),
    "watch": _shared("--watch", is_flag=True, help="Print again and again until interrupted."),
    "every": _shared(
        "--every",
        type=click.FloatRange(0.1, 3600),
        default=2.0,
        show_default=True,
        metavar="SECONDS",
        help="How often --watch prints.",
    ),
    "layout": _shared(
        "--layout",
        default="auto",
        show_default=True,
        metavar="NAME",
        shell_complete=completer("layouts"),
        help="Layout of the map; `tsym map` lists them.",
    ),
    "thresholds_ms": _shared(
        "--thresholds-ms",
        type=Thresholds(),
        default=THRESHOLDS_MS,
        metavar="NUMBERS",
        help="Round trips at which colours take their next step.  [default: 5,20,50,100,200]",
    ),
    "hide_names": _shared(
        "--hide-names/--show-names", default=False, help="Show pseudonyms for names, addresses and owners."
    ),
    "trunks_above": _shared(
        "--trunks-above",
        type=click.IntRange(0),
        default=30,
        show_default=True,
        metavar="NODES",
        help="Above it a map draws one trunk for a group of lines.",
    ),
    "bundles_above": _shared(
        "--bundles-above",
        type=click.IntRange(0),
        default=300,
        show_default=True,
        metavar="LINES",
        help="Above it a map draws bundles between groups in place of lines.",
    ),
    "animate": _shared("--animate/--no-animate", default=False, help="Walk to a new layout instead of jumping."),
    "mini_map": _shared(
        "--mini-map/--no-mini-map", default=False, help="Show the whole map small beside a zoomed one."
    ),
    "start_screen": _shared(
        "--start-screen",
        type=click.Choice(START_SCREENS),
        default="map",
        show_default=True,
        help="Screen that the app opens with.",
    ),
    "mouse": _shared("--mouse/--no-mouse", default=True, show_default=True, help="Let the app take the mouse."),
    "color": _shared(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        help="Colour the text; auto = on a terminal, unless NO_COLOR is set.",
    ),
    "theme": _shared("--theme", type=click.Choice(THEME_NAMES), default="auto", show_default=True, help="Colours."),
    "glyphs": _shared(
        "--glyphs", type=click.Choice(GLYPH_NAMES), default="auto", show_default=True, help="What the font can show."
    ),
}


def shared_options(*names: str) -> Decorator:
    """Add shared options to a command, in this order."""

    def add(function: Function) -> Function:
        for name in reversed(names):
            function = _SHARED[name]()(function)
        return function

    return add


def look_options(function: Function) -> Function:
    """Add the options of how text looks."""
    return shared_options("color", "theme", "glyphs")(function)


def app_options(function: Function) -> Function:
    """Add the options of the app itself, wherever its tailnet comes from."""
    names = ("start_screen", "mouse", "thresholds_ms", "trunks_above", "bundles_above", "animate", "mini_map")
    return shared_options("layout", *names, "hide_names")(function)


def scenario_options(function: Function) -> Function:
    """Add the options of which tailnet is simulated."""
    seed = setting(
        "--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed, other jitter and losses."
    )
    scenario = setting(
        "--scenario",
        default="home",
        show_default=True,
        metavar="NAME|FILE",
        help="home, company, broken, large, or a file.",
    )
    return scenario(seed(function))


def standing_options(function: Function) -> Function:
    """Add the options of whether the app stands on a node of its own."""
    options = (
        setting(
            "--own-node",
            is_flag=True,
            help="Reach agents through a node of the app's own, logged in with TS_AUTHKEY or TS_AUTHKEY_FILE.",
        ),
        setting(
            "--generate-auth",
            is_flag=True,
            help="Make that node's auth key with the credentials that `tsym control` shows; implies --own-node.",
        ),
        setting("--hostname", default="", metavar="NAME", help="Name of that node."),
        setting(
            "--hostname-prefix", default=APP_PREFIX, show_default=True, metavar="TEXT", help="Else its name begins so."
        ),
        setting("--logout/--no-logout", default=True, show_default=True, help="Log that node out at the end."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _read_config(ctx: click.Context, _option: click.Parameter, given: str | None) -> None:
    """Make the settings file the default of every option."""
    from tsym_tui.cli.places import can_see, config_file

    path = at_home(given) if given else config_file()
    ctx.meta[CONFIG_KEY] = path
    if ctx.resilient_parsing:
        return  # a shell wants a completion, and cannot show what is wrong with the file
    if given or os.environ.get("TSYM_CONFIG") or can_see(path):
        from tsym_tui.cli.files import read_config

        config = read_config(path)
        ctx.default_map = config.defaults
        ctx.meta[KEYS_KEY] = config.keys


def config_option(function: Function) -> Function:
    """Add `--config`, which is read before all others."""
    return click.option(
        "--config",
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        metavar="FILE",
        help="Settings file (TSYM_CONFIG); the hosts file stands beside it.",
    )(function)


def _print_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"tsym {__version__}")
        ctx.exit()


def version_option(function: Function) -> Function:
    """Add `--version`."""
    return click.option(
        "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
    )(function)
