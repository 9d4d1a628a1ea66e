"""Reading DNS messages."""

from __future__ import annotations

import struct

import pytest

from tsym_tui.fleet.dnsanswers import Record, read_message

NAME = b"\x03nas\x07example\x00"


def message(*answers: tuple[int, bytes], code: int = 0) -> bytes:
    head = struct.pack(">HHHHHH", 7, 0x8180 | code, 1, len(answers), 0, 0)
    question = NAME + struct.pack(">HH", 1, 1)
    return (
        head
        + question
        + b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 600, len(data)) + data for kind, data in answers)
    )


@pytest.mark.parametrize(
    ("kind", "data", "type_", "value"),
    [
        (1, b"\x64\x40\x00\x02", "A", "100.64.0.2"),
        (28, b"\xfd\x7a" + bytes(13) + b"\x02", "AAAA", "fd7a::2"),
        (5, b"\xc0\x0c", "CNAME", "nas.example"),
        (15, b"\x00\x0a\x02mx\xc0\x10", "MX", "10 mx.example"),
        (16, b"\x02hi\x05there", "TXT", '"hi" "there"'),
        (33, b"\x00\x01\x00\x02\x01\xbb\x00", "SRV", "1 2 443 ."),
        (99, b"\x01\x02", "type 99", "0102"),
    ],
)
def test_a_record_is_read_by_its_type(kind: int, data: bytes, type_: str, value: str) -> None:
    assert read_message(message((kind, data))).records == (Record("nas.example", type_, 600, value),)


def test_the_code_is_said_in_words() -> None:
    assert read_message(message(code=3)).code == "no such name"


@pytest.mark.parametrize("size", [0, 11, 20, 30, 40])
def test_a_message_cut_short_is_an_error_in_words(size: int) -> None:
    with pytest.raises(ValueError, match="cut short"):
        read_message(message((1, b"\x64\x40\x00\x02"))[:size])


def test_a_name_that_points_at_itself_ends() -> None:
    with pytest.raises(ValueError, match="without an end"):
        read_message(struct.pack(">HHHHHH", 7, 0x8180, 1, 0, 0, 0) + b"\xc0\x0c\x00\x01\x00\x01")
