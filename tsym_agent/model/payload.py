"""The border between bytes and values: one place where a decoder's complaint becomes an error of ours."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")

Body = bytes | bytearray | memoryview
"""JSON as it came off the wire. Raw fields keep the whole of it alive, so nobody writes to it afterwards."""

ABSENT = msgspec.Raw(b"null")
"""Default of raw fields: msgspec keeps a null as these bytes too, so absent and null read the same."""


def is_absent(raw: msgspec.Raw) -> bool:
    """Say whether a raw field was missing or null."""
    return bytes(raw) == b"null"


class PayloadError(ValueError):
    """A body is not what its endpoint promises: cut short, not JSON, or of another shape."""


def decode(decoder: msgspec.json.Decoder[T], body: Body) -> T:
    """Decode one JSON body; raise `PayloadError` naming the field when it does not fit."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise PayloadError(f"unexpected shape: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PayloadError(f"not JSON: {error}") from error
    except RecursionError as error:
        raise PayloadError("nested deeper than any answer of a daemon") from error
