"""Objects out of chunks, wherever the chunks end."""

from __future__ import annotations

import pytest

from tsym_agent.localapi.splitting import ObjectSplitter
from tsym_agent.wire.errors import ProtocolError, TooLargeError

OBJECTS = [b'{"a":1}', rb'{"b":"}\"{\\","c":[{"d":"[\\"}]}', b"[1]", '{"e":"→"}'.encode()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_objects_are_cut_wherever_chunks_end(size: int) -> None:
    splitter = ObjectSplitter(1000)
    text = b"".join(OBJECTS[:2]) + b"\n " + b"".join(OBJECTS[2:])

    found = [each for at in range(0, len(text), size) for each in splitter.feed(text[at : at + size])]

    assert found == OBJECTS


def test_an_object_over_its_bound_is_refused() -> None:
    splitter = ObjectSplitter(10)

    with pytest.raises(TooLargeError):
        splitter.feed(b'{"a": "0123456789"')


def test_many_objects_may_be_longer_together_than_one_may_be() -> None:
    assert len(ObjectSplitter(10).feed(b'{"a":12}' * 20)) == 20


def test_an_end_without_a_beginning_is_refused() -> None:
    with pytest.raises(ProtocolError):
        ObjectSplitter(10).feed(b"}")
