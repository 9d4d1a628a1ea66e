"""Decoding a status: what a sweep needs and the full value, against `json.loads` of the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.bench.harness import Figure, alternate, compare, timed
from tests.bench.payloads import status_body
from tsym_agent.model.status import parse_status, parse_sweep_status


def measure() -> Iterator[Figure]:
    """Decode 1,000 and 5,000 peers, about 1 KB each."""
    for peers, repeat in ((1000, 5), (5000, 1)):
        body = status_body(peers)
        plain, sweep, full = alternate(
            timed(lambda body=body: json.loads(body), repeat),  # type: ignore[misc]  # a lambda's default has no type
            timed(lambda body=body: parse_sweep_status(body), repeat),  # type: ignore[misc]  # as above
            timed(lambda body=body: parse_status(body), repeat),  # type: ignore[misc]  # as above
        )
        words = f"json.loads, {len(body) / 1e6:.1f} MB"
        yield compare(f"decode-sweep-{peers}", sweep, "ms", (words, plain), "<= 0.333")
        yield compare(f"decode-full-{peers}", full, "ms", (words, plain), "<= 0.5")
