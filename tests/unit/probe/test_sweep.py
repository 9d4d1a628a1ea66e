"""Sending rounds of pings on virtual time."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.probe.fakes import A, Answer, B, FakePinger, derp, direct, ref
from tests.unit.probe.virtual import now, run_virtually
from tsym_agent.localapi.errors import AccessDeniedError, DaemonNotReadyError, LocalAPIError, RequestRefusedError
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.pings import PingResult
from tsym_agent.probe.sweep import Enough, Gate, Round, Sender, probe, to_sample
from tsym_agent.probe.window import Sample


def planned(**changes: object) -> Round:
    return Round(source=A, target=B, ip="100.64.0.2", sweep=1, **changes)  # type: ignore[arg-type]  # test brevity


def send(pinger: FakePinger, one: Round, enough: Enough | None = None) -> list[Sample]:
    async def run() -> list[Sample]:
        samples: list[Sample] = []
        await Sender(clock=now).run(one, pinger, samples.append, enough)
        return samples

    return run_virtually(run())


def ask_once(answer: Answer, kind: PingKind = PingKind.DISCO) -> Sample:
    return run_virtually(probe(FakePinger(lambda _number, _at_s: answer), planned(kind=kind), lambda: 0.0))


def test_silence_is_a_lost_sample() -> None:
    assert ask_once(None).error == "timed out"


def test_an_error_answer_is_a_lost_sample_with_its_words() -> None:
    assert ask_once(PingResult(err="no matching peer")).error == "no matching peer"


def test_control_characters_of_an_error_never_leave_the_sample() -> None:
    assert "\x1b" not in (ask_once(PingResult(err="\x1b[31mred")).error or "")


def test_a_refused_request_is_a_lost_sample_with_its_words() -> None:
    refusal = RequestRefusedError("fake", "maximum value for 'size' is 1900")

    assert ask_once(refusal).error == "maximum value for 'size' is 1900"


def test_a_stopped_host_is_no_sample_of_the_pair() -> None:
    with pytest.raises(DaemonNotReadyError, match="stopped"):
        ask_once(PingResult(err="local tailscaled stopped"))


def test_a_tunnel_pong_names_no_path_even_when_it_carries_one() -> None:
    assert ask_once(direct(), PingKind.TSMP).path is PathKind.UNKNOWN


def test_a_region_without_a_code_keeps_its_number() -> None:
    answer = PingResult(latency_seconds=0.03, derp_region_id=901)

    assert to_sample(answer, PingKind.DISCO, 0.0).derp_region == "901"


def test_a_round_spaces_its_probes() -> None:
    pinger = FakePinger(lambda _number, _at_s: direct())
    send(pinger, planned())

    assert [at_s - pinger.sent_s[0] for at_s in pinger.sent_s] == pytest.approx([0.0, 1.0, 2.0])


def test_a_dead_pair_is_known_in_seven_seconds_because_probes_overlap() -> None:
    async def run() -> float:
        started_s = now()
        await Sender(clock=now).run(planned(), FakePinger(lambda _number, _at_s: None), lambda _sample: None)
        return now() - started_s

    assert run_virtually(run()) == pytest.approx(7.0)


def test_a_waiting_round_sends_nothing_while_a_probe_is_out() -> None:
    pinger = FakePinger(lambda _number, _at_s: None)
    send(pinger, planned(waits=True))

    assert pinger.most_in_flight == 1


def test_a_round_goes_on_until_it_is_enough() -> None:
    pinger = FakePinger(lambda number, _at_s: direct() if number == 5 else derp())
    samples = send(pinger, planned(), enough=lambda seen: seen[-1].path is PathKind.DIRECT)

    assert len(samples) == 5


def test_a_round_that_is_never_enough_ends_at_its_limit() -> None:
    assert len(send(FakePinger(lambda _number, _at_s: derp()), planned(most=4), enough=lambda _seen: False)) == 4


def test_a_ping_asks_as_its_round_says() -> None:
    pinger = FakePinger(lambda _number, _at_s: direct())
    send(pinger, planned(probes=1, size=1200))

    assert pinger.asked == [("100.64.0.2", PingKind.DISCO, 1200)]


def test_a_dead_pair_costs_one_sweep_although_nobody_has_had_enough() -> None:
    pinger = FakePinger(lambda _number, _at_s: None)
    send(pinger, planned(), enough=lambda seen: len(seen) == 3)

    assert len(pinger.sent_s) == 3


def test_a_round_is_never_shorter_than_its_number() -> None:
    assert len(send(FakePinger(lambda _number, _at_s: direct()), planned(), enough=lambda _seen: True)) == 3


def test_host_trouble_ends_the_round_with_one_error() -> None:
    pinger = FakePinger(lambda _number, _at_s: AccessDeniedError("fake", "refused"))

    with pytest.raises(AccessDeniedError):
        send(pinger, planned())


def sweep_all(pinger: FakePinger, rounds: list[Round], gate: Gate | None = None) -> list[Sample | LocalAPIError]:
    async def run() -> list[Sample | LocalAPIError]:
        sender = Sender(gate=gate, clock=now)
        return [result async for _, result in sender.sweep((one, pinger) for one in rounds)]

    return run_virtually(run())


def many(count: int, source: str = "a") -> list[Round]:
    return [
        Round(source=ref(source), target=ref(f"peer{number}"), ip=f"100.64.0.{number}", probes=1)
        for number in range(count)
    ]


def test_a_sweep_yields_each_sample_as_it_comes() -> None:
    answers: list[Answer] = [derp(300.0), direct(5.0)]
    results = sweep_all(FakePinger(lambda number, _at_s: answers[number - 1]), many(2))

    assert [result.latency_ms for result in results if isinstance(result, Sample)] == [5.0, 300.0]


def test_a_sweep_yields_the_trouble_of_one_host_and_goes_on() -> None:
    answers: list[Answer] = [AccessDeniedError("fake", "refused"), direct()]
    results = sweep_all(FakePinger(lambda number, _at_s: answers[number - 1]), many(2))

    assert {type(result) for result in results} == {AccessDeniedError, Sample}


def test_a_host_never_has_more_probes_in_flight_than_its_cap() -> None:
    pinger = FakePinger(lambda _number, _at_s: None)
    sweep_all(pinger, many(40), Gate(in_all=100, per_host=8))

    assert pinger.most_in_flight == 8


def test_all_hosts_together_stay_below_the_common_cap() -> None:
    pinger = FakePinger(lambda _number, _at_s: None)
    sweep_all(pinger, [*many(20, "a"), *many(20, "b")], Gate(in_all=10, per_host=8))

    assert pinger.most_in_flight == 10


def test_leaving_a_sweep_early_ends_its_probes() -> None:
    pinger = FakePinger(lambda number, _at_s: direct() if number == 1 else None)

    async def run() -> int:
        sweep = Sender(clock=now).sweep((one, pinger) for one in many(3))
        await anext(sweep)
        await sweep.aclose()
        return pinger.in_flight + len(asyncio.all_tasks()) - 1

    assert run_virtually(run()) == 0
