"""One pong in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from tsym_agent.model.documents import JSON
from tsym_agent.model.ids import NodeRef
from tsym_agent.model.nodes import Node
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.times import format_time
from tsym_agent.probe.plan import PairKey
from tsym_agent.probe.window import TIMED_OUT, Sample
from tsym_tui.cli.names import unique_names
from tsym_tui.cli.texts import Pen, Row, line
from tsym_tui.graph.frame import Run
from tsym_tui.graph.looks import Role, format_ms, latency_step


class PongWriter:
    """Says what came of a ping, in the words of `tailscale ping` with the host before them."""

    def __init__(self, nodes: Iterable[Node], pen: Pen) -> None:
        nodes = tuple(nodes)
        self._pen = pen
        self._names = unique_names(nodes)
        self._addresses = {node.ref: node.addresses[0] for node in nodes if node.addresses}

    def name(self, ref: NodeRef) -> str:
        """Return a node's name."""
        return self._names.get(ref) or ref.stable_id

    def row(self, pair: PairKey, sample: Sample) -> Row:
        """Return one line."""
        source, target = pair
        host = self._pen.run(f"{self.name(source)}: ", Role.DIM)
        peer = f"{self.name(target)} ({self._addresses.get(target, target.stable_id)})"
        if sample.error is not None:
            words = "timed out" if sample.error == TIMED_OUT else f"failed: {sample.error}"
            return line(host, self._pen.run(f"ping {peer} {words}", Role.DEAD))
        text = self._pen.run(f"pong from {peer} via {via_of(sample)}")
        if sample.latency_ms is None:
            return line(host, text)
        style = self._pen.theme.latency(latency_step(sample.latency_ms))
        return line(host, text, self._pen.run(" in "), Run(f"{format_ms(sample.latency_ms)}ms", style))


def via_of(sample: Sample) -> str:
    """Say by which way a pong came."""
    match sample.path:
        case PathKind.DIRECT:
            return sample.endpoint or "a direct path"
        case PathKind.PEER_RELAY:
            return f"peer-relay({sample.peer_relay})"
        case PathKind.DERP:
            return f"DERP({sample.derp_region})"
        case PathKind.UNKNOWN:
            return "an unknown path" if sample.kind is PingKind.DISCO else sample.kind.value


def pong_entry(pair: PairKey, sample: Sample) -> JSON:
    """Describe one ping, answered or not."""
    source, target = pair
    return {
        "schema": "tsym/pongs/1",
        "generated_at": format_time(datetime.now(UTC)),
        "tailnet": str(source.tailnet),
        "from": source.stable_id,
        "to": target.stable_id,
        "ping": sample.kind.json_name,
        "path": sample.path.value,
        "latency_ms": None if sample.latency_ms is None else round(sample.latency_ms, 3),
        "endpoint": sample.endpoint,
        "derp_region": sample.derp_region,
        "peer_relay": sample.peer_relay,
        "error": sample.error,
    }
