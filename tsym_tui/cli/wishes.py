"""What a person asked for, typed: the values of the shared options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from tsym_tui.cli.options import THRESHOLDS_MS


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """How text looks."""

    color: str = "auto"
    theme: str = "auto"
    glyphs: str = "auto"


class Wishes(Look, frozen=True, kw_only=True):
    """What every command that asks hosts may be told."""

    hosts: tuple[str, ...] = msgspec.field(default=(), name="host")
    scan: bool = False
    everything: bool = msgspec.field(default=False, name="all")
    wants_json: bool = msgspec.field(default=False, name="json")
    wants_ndjson: bool = msgspec.field(default=False, name="ndjson")
    settle_s: float = msgspec.field(default=15.0, name="settle")
    fail_on: tuple[str, ...] = ()
    watch: bool = False
    every_s: float = msgspec.field(default=2.0, name="every")
    hide_names: bool = False
    thresholds_ms: tuple[float, ...] = THRESHOLDS_MS


class FrameWishes(Wishes, frozen=True, kw_only=True):
    """What the app may be told, wherever its tailnet comes from."""

    layout: str = "auto"
    start_screen: str = "map"
    mouse: bool = True
    trunks_above: int = 30
    bundles_above: int = 300
    animate: bool = False
    mini_map: bool = False


Kind = TypeVar("Kind", bound=Look)


def to_wishes(given: Mapping[str, object], kind: type[Kind]) -> Kind:
    """Make the values that click parsed one typed value."""
    return msgspec.convert(dict(given), kind)
