"""Colours by role: the themes, and how a colour fades with age.

A role says what a thing means; a theme says how that looks on one kind of terminal. Colours are `#rrggbb`, or the names
of the sixteen ANSI colours as rich spells them, or None for what the terminal has anyway. In NO_COLOR (`mono`) roles
differ by weight alone: bold, normal, dim.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from functools import lru_cache

import msgspec

THRESHOLDS_MS = (5.0, 20.0, 50.0, 100.0, 200.0)
"""Where a latency takes the next of the six steps: same rack, metro, continent, one ocean, far, wrong."""

FADED_SHARE = 0.35
"""What is left of a colour just before its sample turns stale."""

PROBE_INTERVAL_S = 60.0
"""A sample younger than this has its full colour. Callers with other settings pass theirs."""

STALE_AFTER_S = 150.0
"""A sample older than this is stale. Callers with other settings pass theirs."""


class Role(StrEnum):
    """What a colour is used for."""

    BG = "bg"
    POOL = "pool"
    """Site areas on the map."""
    RAISED = "raised"
    """Modal, cursor row."""
    SELECTION = "selection"
    """Selected row of a list."""
    RULE = "rule"
    """Hairlines, background bundles."""
    CHROME = "chrome"
    """Axis labels, counts, leaders: may be missed, so never the only place of a fact."""
    DIM = "dim"
    """Words around a value."""
    TEXT = "text"
    """Values, names of nodes without agent."""
    STRONG = "strong"
    """Verdicts, agents, the one number that counts; always bold."""
    ACCENT = "accent"
    """You are here, you can press this; never a state."""
    OK = "ok"
    WARN = "warn"
    DEAD = "dead"
    """No answer, and nothing else."""
    STALE = "stale"
    """Facts too old to trust."""
    LATENCY = "latency"
    """A step of the ramp; only a fresh sample has it."""


class Style(msgspec.Struct, frozen=True, cache_hash=True):
    """How one run of cells looks. None as a colour leaves what is there."""

    fg: str | None = None
    bg: str | None = None
    bold: bool = False
    dim: bool = False
    reverse: bool = False


PLAIN = Style()


class Theme(msgspec.Struct, frozen=True):
    """One palette."""

    name: str
    styles: dict[Role, Style]
    """Look of every role but `LATENCY`."""
    ramp: tuple[Style, ...]
    """The six latency steps, fast to slow."""
    is_light: bool = False

    def style(self, role: Role) -> Style:
        """Return a role's look; the look of `LATENCY` without a number is plain text."""
        return self.styles[Role.TEXT] if role is Role.LATENCY else self.styles[role]

    def colour(self, role: Role) -> str | None:
        """Return a role's colour alone: for backgrounds and for exporters."""
        style = self.styles[role]
        return style.bg if role in _BACKGROUNDS else style.fg

    def latency(self, step: int, freshness: float = 1.0) -> Style:
        """Return the look of a latency step, mixed towards the background as it ages."""
        return self.faded(self.ramp[step], freshness)

    def faded(self, style: Style, share: float) -> Style:
        """Mix a look towards the background; where colours cannot mix, dim it once half is gone."""
        if share >= 1 or style.fg is None:
            return style
        background = self.colour(Role.BG)
        if background is None or not style.fg.startswith("#"):
            return msgspec.structs.replace(style, dim=True) if share < 0.5 else style
        return msgspec.structs.replace(style, fg=mix(style.fg, background, share))


_BACKGROUNDS = frozenset({Role.BG, Role.POOL, Role.RAISED, Role.SELECTION})


def latency_step(latency_ms: float, thresholds_ms: tuple[float, ...] = THRESHOLDS_MS) -> int:
    """Return which of the six steps a round trip falls into, 0 for the fastest."""
    return bisect_right(thresholds_ms, latency_ms)


def freshness(age_s: float | None, interval_s: float = PROBE_INTERVAL_S, stale_after_s: float = STALE_AFTER_S) -> float:
    """Return the share of colour a sample keeps: 1 until the next probe is due, then down to `FADED_SHARE`.

    An unknown age fades nothing: whoever hands over a sample as fresh has judged it.
    """
    if age_s is None or age_s <= interval_s:
        return 1.0
    if age_s >= stale_after_s:
        return FADED_SHARE
    return 1.0 - (1.0 - FADED_SHARE) * (age_s - interval_s) / (stale_after_s - interval_s)


@lru_cache(maxsize=4096)
def mix(colour: str, background: str, share: float) -> str:
    """Mix two `#rrggbb` colours: `share` of the first, the rest of the second."""
    front, back = _rgb(colour), _rgb(background)
    return "#" + "".join(f"{round(f * share + b * (1 - share)):02x}" for f, b in zip(front, back, strict=True))


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


_HEX_ROLES = (
    *(Role.BG, Role.POOL, Role.RAISED, Role.SELECTION, Role.RULE, Role.CHROME, Role.DIM, Role.TEXT, Role.STRONG),
    *(Role.ACCENT, Role.OK, Role.WARN, Role.DEAD, Role.STALE),
)


def _hex_theme(name: str, colours: str, ramp: str, *, is_light: bool = False) -> Theme:
    styles = {}
    for role, colour in zip(_HEX_ROLES, colours.split(), strict=True):
        if role in _BACKGROUNDS:
            styles[role] = Style(bg=f"#{colour}")
        else:
            styles[role] = Style(fg=f"#{colour}", bold=role is Role.STRONG)
    return Theme(name, styles, tuple(Style(fg=f"#{colour}") for colour in ramp.split()), is_light)


DARK = _hex_theme(
    "dark",
    "0e1116 151a21 1a2027 2a2740 232a33 5a6572 7d8896 b9c3ce eef2f6 b3a4ff 7fd1b9 e8b35a ff5c7c 66707d",
    "57a1b6 5fbca1 a6cd73 eacc58 fca94b f67140",
)
LIGHT = _hex_theme(
    "light",
    "fbfaf7 f5f4f0 eae8e2 e4dffb dedbd3 908d84 6b6962 42454a 14171b 5b46c9 2c8a72 a56a00 c81e4a 85827a",
    "227b8d 128263 4e822c 8d7608 a96000 ac3400",
    is_light=True,
)
HIGH_CONTRAST = _hex_theme(
    "high-contrast",
    "000000 0c0c0c 202020 332c6e 7d8790 a8b4c0 c4ced8 ffffff ffffff cfc4ff 7df0cb ffcf5c ff86c8 b0b8c2",
    "4cc4f0 62e8b8 b4f060 fff04a ffb938 ff8450",
)
"""For weak eyes and bright rooms: black, and nothing that is read below 7:1."""
DEUTERANOPIA = _hex_theme(
    "deuteranopia",
    "0e1116 151a21 1a2027 2b3038 232a33 5a6572 7d8896 b9c3ce eef2f6 ffffff 6ea8ff f0c060 e86fc0 66707d",
    "5e9ae7 80b7eb b1cfe5 e2d8b3 efc876 f9a63e",
)
"""Blue, grey, amber, and dead is magenta: for eyes that mix red and green, of either kind. Holds for all three."""
TRITANOPIA = _hex_theme(
    "tritanopia",
    "0e1116 151a21 1a2027 2b3038 232a33 5a6572 7d8896 b9c3ce eef2f6 ffffff 4fc3c7 f2b8b0 c77bf5 66707d",
    "33a8b1 62c0c4 a6d8d6 ecd9d4 f5aaa0 f86f62",
)
"""Teal, grey, red, and dead is violet: for eyes that mix blue and yellow."""
ANSI16 = Theme(
    "ansi16",
    {
        Role.BG: PLAIN,
        Role.POOL: PLAIN,
        Role.RAISED: PLAIN,
        Role.SELECTION: Style(reverse=True),
        Role.RULE: Style(fg="bright_black"),
        Role.CHROME: Style(fg="bright_black"),
        Role.DIM: Style(dim=True),
        Role.TEXT: PLAIN,
        Role.STRONG: Style(bold=True),
        Role.ACCENT: Style(fg="bright_blue", bold=True),
        Role.OK: Style(fg="bright_cyan"),
        Role.WARN: Style(fg="yellow", bold=True),
        Role.DEAD: Style(fg="bright_magenta"),  # red ends the ramp, so it cannot also mean "no answer"
        Role.STALE: Style(fg="bright_black"),
    },
    (
        Style(fg="cyan"),
        Style(fg="green"),
        Style(fg="bright_green"),
        Style(fg="yellow"),
        Style(fg="bright_yellow"),
        Style(fg="bright_red"),
    ),
)
MONO = Theme(
    "mono",
    {
        Role.BG: PLAIN,
        Role.POOL: PLAIN,
        Role.RAISED: PLAIN,
        Role.SELECTION: Style(bold=True, reverse=True),
        Role.RULE: Style(dim=True),
        Role.CHROME: Style(dim=True),
        Role.DIM: Style(dim=True),
        Role.TEXT: PLAIN,
        Role.STRONG: Style(bold=True),
        Role.ACCENT: Style(bold=True),
        Role.OK: PLAIN,
        Role.WARN: Style(bold=True),
        Role.DEAD: Style(bold=True),
        Role.STALE: Style(dim=True),
    },
    (PLAIN,) * 6,
)

THEMES = {theme.name: theme for theme in (DARK, LIGHT, HIGH_CONTRAST, DEUTERANOPIA, TRITANOPIA, ANSI16, MONO)}
"""Every theme by the name that settings use."""

THEME_ALIASES = {"cb": "deuteranopia"}
"""Names that settings may still use for a theme."""
