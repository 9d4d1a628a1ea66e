"""Chance that repeats: every number is a function of the seed and of what it is for, never of what was drawn before."""

from __future__ import annotations

import math
from hashlib import blake2b

_SPAN = float(1 << 64)


def digest(*parts: object, size: int = 32) -> bytes:
    """Return `size` bytes that depend on nothing but `parts`."""
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=size).digest()


def share(*parts: object) -> float:
    """Return a number from 0 up to, not including, 1."""
    return int.from_bytes(digest(*parts, size=8), "big") / _SPAN


def spread(*parts: object) -> float:
    """Return a number with mean about 1 and a long tail cut at 4: how late a packet is."""
    return min(4.0, -math.log(1.0 - share(*parts)))


def whole(low: int, high: int, *parts: object) -> int:
    """Return an integer from `low` to `high`, both included."""
    return low + int(share(*parts) * (high - low + 1))
