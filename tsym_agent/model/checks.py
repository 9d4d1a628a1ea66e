"""What a daemon says about the machine under it: forwarding, offload, marks, and the features it was built with."""

from __future__ import annotations

import msgspec

from tsym_agent.model.payload import Body, decode


class _Warned(msgspec.Struct, frozen=True, rename="pascal"):
    warning: str = ""


class _Mark(msgspec.Struct, frozen=True):
    use_so_mark: bool = msgspec.field(default=False, name="UseSOMark")


class _Features(msgspec.Struct, frozen=True, rename="pascal"):
    features: dict[str, bool] | None = None


_WARNED = msgspec.json.Decoder(_Warned)
_MARK = msgspec.json.Decoder(_Mark)
_FEATURES = msgspec.json.Decoder(_Features)


def parse_warning(body: Body) -> str | None:
    """Read a `check-…` answer; None = nothing to warn of."""
    return decode(_WARNED, body).warning or None


def parse_so_mark(body: Body) -> bool:
    """Read whether the daemon marks its own packets (SO_MARK), which policy routing rules rely on."""
    return decode(_MARK, body).use_so_mark


def parse_features(body: Body) -> dict[str, bool]:
    """Read the optional features; a feature that is off may be missing."""
    return decode(_FEATURES, body).features or {}
