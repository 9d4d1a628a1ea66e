"""How colours look to different eyes: contrast as WCAG 2 counts it, and distance in OKLab x 100.

The matrices for full protanopia, deuteranopia and tritanopia on linear RGB are those of Machado, Oliveira and Fernandes
(2009); OKLab is Ottosson's (2020).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]

EYES: dict[str, Matrix] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}

_TO_LMS: Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB: Matrix = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def contrast(colour: str, background: str) -> float:
    """Return the contrast ratio of two `#rrggbb`, 1 to 21."""
    bright, dark = sorted((_luminance(colour), _luminance(background)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def distance(one: str, other: str, eyes: str = "normal") -> float:
    """Return how far apart two `#rrggbb` are to somebody's eyes."""
    here, there = _seen(one, eyes), _seen(other, eyes)
    return 100 * math.dist(here, there)


def _seen(colour: str, eyes: str) -> Sequence[float]:
    light = [min(1.0, max(0.0, part)) for part in _times(EYES[eyes], _linear(colour))]
    return _times(_TO_LAB, [part ** (1 / 3) for part in _times(_TO_LMS, light)])


def _times(matrix: Matrix, vector: Sequence[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _linear(colour: str) -> list[float]:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4) for part in parts]


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
