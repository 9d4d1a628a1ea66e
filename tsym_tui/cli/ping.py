"""`tsym ping`: what `tailscale ping` asks from one machine, from every host at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click
import msgspec

from tsym_agent.localapi.errors import LocalAPIError
from tsym_agent.model.documents import pairs_document
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.snapshot import Snapshot
from tsym_agent.probe.limits import PROBES_PER_SWEEP
from tsym_agent.probe.plan import PairKey, is_probed
from tsym_agent.probe.sweep import Enough, RoundTemplate
from tsym_agent.probe.window import Sample
from tsym_tui.cli.documents import emit_document, emit_line
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.exits import Exit, worst
from tsym_tui.cli.hiding import shown
from tsym_tui.cli.names import find_node, parse_address
from tsym_tui.cli.options import look_options, setting, shared_options
from tsym_tui.cli.pongs import PongWriter, pong_entry
from tsym_tui.cli.session import judge_hosts, judge_pairs, open_fleet, repeat, run, tell_troubles
from tsym_tui.cli.texts import Pen, emit, narrate
from tsym_tui.cli.watching import Page
from tsym_tui.cli.wishes import Wishes, to_wishes
from tsym_tui.fleet.fleet import Fleet

MOST_TIMEOUT_S = 60.0


class Seconds(click.ParamType[float]):
    """A duration as people and `tailscale ping` write it: `5`, `5s`, `500ms`, `1m`."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return seconds."""
        text = str(value)
        match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m)?", text)
        seconds = float(match[1]) * {"ms": 0.001, "s": 1.0, "m": 60.0}[match[2] or "s"] if match else 0.0
        if not 0 < seconds <= MOST_TIMEOUT_S:
            self.fail(f"{text!r} is not a time of at most {MOST_TIMEOUT_S:g} s, such as 5s or 500ms", param, ctx)
        return seconds


class PingWishes(Wishes, frozen=True, kw_only=True):
    """What `tsym ping` may be told."""

    targets: tuple[str, ...] = ()
    count: int | None = None
    timeout_s: float | None = msgspec.field(default=None, name="timeout")
    until_direct: bool = True
    tsmp: bool = False
    icmp: bool = False
    peerapi: bool = False
    size: int = 0

    @property
    def kind(self) -> PingKind:
        """The kind of ping asked for."""
        if self.tsmp:
            return PingKind.TSMP
        if self.icmp:
            return PingKind.ICMP
        return PingKind.PEERAPI if self.peerapi else PingKind.DISCO


@click.command("ping", short_help="Ping nodes from every host, as `tailscale ping` does from one.")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@setting("-c", "--count", type=click.IntRange(1, 1000), help="Pings at most for each pair.  [default: 10; 3 to all]")
@setting(
    "--timeout", type=Seconds(), metavar="TIME", help="For one ping, as 5s or 500ms.  [default: 5s; 10s in tunnel]"
)
@setting(
    "--until-direct/--no-until-direct", default=True, show_default=True, help="Stop at the first pong by a direct path."
)
@setting("--tsmp", is_flag=True, help="Ping inside WireGuard, answered by the peer's tailscaled. Names no path.")
@setting("--icmp", is_flag=True, help="Ping inside WireGuard, answered by the peer's system. Names no path.")
@setting("--peerapi", is_flag=True, help="Ask the peer's PeerAPI. Names no path.")
@setting("--size", type=click.IntRange(0, 65_535), default=0, help="Bytes of the disco message.")
@shared_options("host", "all", "hide_names", "json", "ndjson", "fail_on", "watch", "every")
@look_options
def command(**given: object) -> int:
    """Ping TARGETs (names, FQDNs, addresses) from every host; without a TARGET, all peers.

    The exit code is 1 when a pair that was asked for brought no pong.
    """
    wishes = to_wishes(given, PingWishes)
    if sum((wishes.tsmp, wishes.icmp, wishes.peerapi)) > 1:
        raise click.UsageError("choose one of --tsmp, --icmp and --peerapi")
    if wishes.size and wishes.kind is not PingKind.DISCO:
        raise click.UsageError("--size is for disco pings only")
    return run(ping(wishes))


async def ping(wishes: PingWishes) -> Exit:
    """Find the pairs, ping them all at once, and print each pong as it comes."""
    page = Page(wishes)
    async with open_fleet(wishes, is_probing=False) as fleet:
        await fleet.ready()
        if not fleet.vantages():
            snapshot = fleet.snapshot()
            tell_troubles(snapshot.hosts)
            return judge_hosts(snapshot.hosts)
        asked = find_pairs(fleet, wishes)
        return await repeat(wishes, lambda: _ping_once(fleet, wishes, asked, page.pen))


def find_pairs(fleet: Fleet, wishes: PingWishes) -> dict[PairKey, str]:
    """Return the pairs to ping, each with the address to use where the person wrote one."""
    everyone = fleet.everyone()
    typed = [shown(fleet, text) for text in wishes.targets]
    named = {find_node(text, everyone).ref: str(parse_address(text) or "") for text in typed}
    fleet.name(named)
    probed = (node.ref for node in everyone if is_probed(node, everything=wishes.everything))
    targets = named or dict.fromkeys(probed, "")
    sources = fleet.vantages()
    asked = {
        (source, target): address
        for target, address in targets.items()
        for source in sources
        if source.tailnet == target.tailnet and source != target
    }
    if named and not asked:
        raise CommandError(f"{typed[0]} is the only host that can be asked: name another one with --host")
    return asked


async def _ping_once(fleet: Fleet, wishes: PingWishes, asked: dict[PairKey, str], pen: Pen) -> Exit:
    writer = PongWriter(fleet.everyone(), pen)
    answered: dict[PairKey, list[Sample]] = {}
    async for pair, result in fleet.ping(_template(wishes), asked, _enough_for(wishes)):
        if isinstance(result, LocalAPIError):
            continue  # the host's state says so in the end
        if result.is_answered:
            answered.setdefault(pair, []).append(result)
        if wishes.wants_ndjson:
            emit_line(pong_entry(pair, result))
        elif not wishes.wants_json:
            emit(pen.write([writer.row(pair, result)]))
    snapshot = fleet.snapshot()
    if wishes.wants_json and not wishes.wants_ndjson:
        emit_document(pairs_document(_part_of(snapshot, asked)), wishes)
    if not wishes.watch:
        tell_troubles(snapshot.hosts)
    if wishes.targets and wishes.kind is PingKind.DISCO and wishes.until_direct:
        for source, target in _never_direct(answered):
            names = f"{writer.name(source)} to {writer.name(target)}"
            narrate(f"tsym: {names}: direct connection not established")
    missing = Exit.NO if wishes.targets and any(pair not in answered for pair in asked) else Exit.OK
    pairs = [snapshot.pairs[pair] for pair in asked if pair in snapshot.pairs]
    return worst(judge_hosts(snapshot.hosts), judge_pairs(pairs, wishes.fail_on), missing)


def _template(wishes: PingWishes) -> RoundTemplate:
    """Say how to ping a pair: one after the other, as `tailscale ping` does."""
    count = wishes.count or (10 if wishes.targets else PROBES_PER_SWEEP)
    return RoundTemplate(
        kind=wishes.kind, probes=1, most=count, size=wishes.size, timeout_s=wishes.timeout_s, waits=True
    )


def _enough_for(wishes: PingWishes) -> Enough:
    """Say when a pair has been pinged enough: disco until direct, the others until the first answer."""
    if wishes.kind is not PingKind.DISCO:
        return lambda seen: any(sample.is_answered for sample in seen)
    if wishes.until_direct:
        return lambda seen: any(sample.path is PathKind.DIRECT for sample in seen)
    return lambda _seen: False


def _never_direct(answered: dict[PairKey, list[Sample]]) -> list[PairKey]:
    return [pair for pair, samples in answered.items() if not any(sample.path is PathKind.DIRECT for sample in samples)]


def _part_of(snapshot: Snapshot, asked: Iterable[PairKey]) -> Snapshot:
    """Return the pairs that were pinged, with their nodes and all hosts."""
    pairs = {pair: snapshot.pairs[pair] for pair in asked if pair in snapshot.pairs}
    refs = {ref for pair in pairs for ref in pair}
    nodes = {ref: node for ref, node in snapshot.nodes.items() if ref in refs}
    return msgspec.structs.replace(snapshot, pairs=pairs, nodes=nodes)
