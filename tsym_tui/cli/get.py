"""`tsym get`: any read of LocalAPI, asked of many hosts at once."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime

import click
import msgspec

from tsym_agent.localapi.commands import Command, Form
from tsym_agent.model.documents import JSON
from tsym_agent.model.homes import at_home
from tsym_agent.model.hosts import Rights
from tsym_agent.model.payload import PayloadError
from tsym_agent.model.times import format_time
from tsym_tui.cli.documents import emit_document, emit_line
from tsym_tui.cli.errors import CommandError
from tsym_tui.cli.exits import Exit
from tsym_tui.cli.hiding import shown
from tsym_tui.cli.names import find_node, parse_address
from tsym_tui.cli.options import completer, look_options, setting, shared_options
from tsym_tui.cli.session import open_fleet, run
from tsym_tui.cli.tables import catalogue_rows, sheet_rows, spread_rows
from tsym_tui.cli.texts import choose_pen, emit, narrate
from tsym_tui.cli.wishes import Wishes, to_wishes
from tsym_tui.fleet.differences import Spread, Value, compare
from tsym_tui.fleet.fanout import Answer, Job, Verdict, ask_one, fan_out, hosts_as_they_come
from tsym_tui.fleet.filters import FilterError
from tsym_tui.fleet.fleet import Asked, Fleet
from tsym_tui.fleet.hostnames import file_name, host_names
from tsym_tui.fleet.pinging import Ping, Round, ping_from
from tsym_tui.fleet.questions import (
    PING,
    QUESTIONS,
    QuestionError,
    checked,
    find_command,
    ping_job,
    read_values,
    right_words,
    takes,
    takes_names,
)
from tsym_tui.fleet.select import Selector, parse_selector
from tsym_tui.fleet.sheets import read_answer, sheet_of

SCHEMA = "tsym/answers/1"
PINGS_SCHEMA = "tsym/pings/1"
CATALOGUE_SCHEMA = "tsym/commands/1"
PATIENCE_S = 15.0
"""How long a host may take to be reached at all."""


class GetWishes(Wishes, frozen=True, kw_only=True):
    """What `tsym get` may be told."""

    name: str = ""
    arguments: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    timeout_s: float | None = msgspec.field(default=None, name="timeout")
    wants_differences: bool = msgspec.field(default=False, name="diff")
    is_raw: bool = msgspec.field(default=False, name="raw")
    output: str | None = None
    body: str = ""


@click.command("get", short_help="Ask many hosts one LocalAPI question at once.")
@click.argument("name", metavar="[COMMAND]", default="", shell_complete=completer("local_commands"))
@click.argument("arguments", nargs=-1, metavar="[KEY=VALUE]...", shell_complete=completer("values"))
@setting("--on", multiple=True, metavar="SELECTOR", help="Hosts to ask: names, tags, a filter, `all`; repeatable.")
@setting(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    metavar="SECONDS",
    help="For each host; for each ping of `ping`.  [default: by command]",
)
@setting("--diff", is_flag=True, help="Print only what differs between hosts.")
@setting("--raw", is_flag=True, help="Print the one answer as it came.")
@setting(
    "--output",
    metavar="FILE",
    help="Write answers as they came; {host} stands for the host's name.",
    changes="writes that file over",
)
@setting("--body", default="", metavar="TEXT|@FILE", help="For the few commands that want one.")
@shared_options("host", "scan", "hide_names", "json", "ndjson")
@look_options
def command(**given: object) -> int:
    """Ask COMMAND of every host, or of those --on names. Without COMMAND, list what there is to ask.

    Nothing that changes a daemon can be asked. A host that does not answer delays no other one, and says why.
    """
    wishes = to_wishes(given, GetWishes)
    if not wishes.name:
        return _list_commands(wishes)
    try:
        asked = find_command(wishes.name)
        values = read_values(asked, wishes.arguments)
        selector = parse_selector(wishes.on)
        _refuse_nonsense(asked, wishes)
    except (QuestionError, FilterError) as error:
        raise CommandError(str(error)) from error
    return run(get(wishes, asked, values, selector))


def _refuse_nonsense(asked: Command, wishes: GetWishes) -> None:
    if asked.body and not wishes.body:
        raise QuestionError(f"{asked.name} needs --body: {asked.body}")
    if wishes.body and not asked.body:
        raise QuestionError(f"{asked.name} takes no body")
    if sum((wishes.wants_differences, wishes.is_raw, wishes.output is not None)) > 1:
        raise QuestionError("choose one of --diff, --raw and --output")
    if (wishes.wants_json or wishes.wants_ndjson) and (wishes.is_raw or wishes.output is not None):
        raise QuestionError("--raw and --output keep answers as they came: leave --json and --ndjson out")
    if asked.form is Form.BYTES and wishes.hide_names:
        raise QuestionError(f"{asked.name} answers bytes for another program, in which no name can be hidden")
    if asked.form is Form.BYTES and wishes.wants_differences:
        raise QuestionError(f"{asked.name} answers bytes for another program, which are not compared")
    if asked.form is Form.BYTES and not (wishes.is_raw or wishes.output or wishes.wants_json or wishes.wants_ndjson):
        raise QuestionError(f"{asked.name} answers bytes for another program: add --output FILE, or --raw in a pipe")


def _body(text: str) -> bytes:
    if not text.startswith("@"):
        return text.encode()
    try:
        return at_home(text[1:]).read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {text[1:]}: {error.strerror or error}") from error


async def get(wishes: GetWishes, asked: Command, values: dict[str, str], selector: Selector) -> Exit:
    """Ask, and print what came."""
    async with open_fleet(wishes, is_probing=False) as fleet:
        if wishes.hide_names or has_names(asked, values):
            await fleet.ready(PATIENCE_S)  # a name is looked up, or hidden, by what the hosts know
        job = _job(wishes, asked, values, fleet)
        answers: list[Answer] = []
        streams = wishes.wants_ndjson and not wishes.wants_differences
        hosts = hosts_as_they_come(fleet, selector, PATIENCE_S)
        async with aclosing(fan_out(hosts, _runner(job, fleet, streams=streams))) as coming:
            async for came in coming:
                answer = _read_through(asked, came)
                answers.append(answer)
                if streams and not (asked is PING and answer.is_ok):
                    emit_line({"schema": SCHEMA, "command": asked.name} | answer_entry(asked, answer))
        everybody = fleet.asked()
    if not answers:
        names = ", ".join(one.host.name for one in everybody[:20])
        raise CommandError(f"--on {shown(fleet, selector.text)!r} means none of the hosts; there are {names}")
    order = {one.host.spec: place for place, one in enumerate(everybody)}
    answers.sort(key=lambda answer: order.get(answer.host.spec, len(order)))
    _print(wishes, job, answers)
    _tell(answers)
    return judge(answer.verdict for answer in answers)


def _runner(job: Job, fleet: Fleet, *, streams: bool) -> Callable[[Asked], Awaitable[Answer]]:
    """Return what to do with each host."""
    if job.command is not PING:
        return lambda one: ask_one(one, job)

    def print_line(asked: Asked, ping: Ping) -> None:
        if streams:
            emit_line({"schema": PINGS_SCHEMA, "host": asked.host.name, "spec": asked.host.spec} | to_json(ping))

    def ping(one: Asked) -> Awaitable[Answer]:
        nodes = {address: node for node in fleet.everyone() for address in node.addresses}
        ips = (job.values["ip"],) if "ip" in job.values else ()
        return ping_from(one, Round(job=ping_job(job.values, job.deadline_s), ips=ips, nodes=nodes), print_line)

    return ping


def to_json(ping: Ping) -> JSON:
    """Describe one ping."""
    return {name: getattr(ping, name) for name in ping.__struct_fields__}


def has_names(asked: Command, values: Mapping[str, str]) -> bool:
    """Say whether a value has to be looked up: only then must all hosts be waited for before one is asked."""
    named = [
        values[parameter.name] for parameter in asked.parameters if takes_names(parameter) and parameter.name in values
    ]
    return any(_is_name(value) for value in named)


def _is_name(text: str) -> bool:
    return parse_address(text) is None and ":" not in text


def _job(wishes: GetWishes, asked: Command, values: dict[str, str], fleet: Fleet) -> Job:
    values = {name: shown(fleet, value) for name, value in values.items()}

    def address_of(text: str) -> str | None:
        if not _is_name(text) or not fleet.everyone():
            return None
        node = find_node(text, fleet.everyone())
        return node.addresses[0] if node.addresses else None

    try:
        resolved = checked(asked, values, address_of)
    except QuestionError as error:
        raise CommandError(str(error)) from error
    return Job(command=asked, values=resolved, body=_body(wishes.body), deadline_s=wishes.timeout_s)


def _read_through(asked: Command, answer: Answer) -> Answer:
    """Let nonsense be no answer."""
    if not answer.is_ok:
        return answer
    try:
        read_answer(asked, answer.body)
    except PayloadError as error:
        return msgspec.structs.replace(answer, verdict=Verdict.FAILED, error=f"{error}: is it a tailscaled?")
    return answer


def _print(wishes: GetWishes, job: Job, answers: Sequence[Answer]) -> None:
    good = [answer for answer in answers if answer.is_ok]
    if wishes.output is not None:
        _write_files(wishes.output, good)
    elif wishes.is_raw:
        _write_raw(good)
    elif wishes.wants_differences:
        _print_differences(wishes, job, good)
    elif wishes.wants_ndjson:
        pass  # printed as they came
    elif wishes.wants_json:
        emit_document(answers_document(job, answers), wishes)
    elif good:
        pen, names = choose_pen(wishes), host_names(answer.host for answer in answers)
        told = [
            (names[answer.host.spec], sheet_of(job.command, read_answer(job.command, answer.body))) for answer in good
        ]
        emit(pen.write(sheet_rows(pen, told)))


def answers_document(job: Job, answers: Iterable[Answer]) -> JSON:
    """Describe all that came."""
    return {
        "schema": SCHEMA,
        "generated_at": format_time(datetime.now(UTC)),
        "command": job.command.name,
        "parameters": dict(job.values),
        "hosts": [answer_entry(job.command, answer) for answer in answers],
    }


def answer_entry(asked: Command, answer: Answer) -> JSON:
    """Describe one host's answer, which stands as it came under `answer`; bytes as base64."""
    host = answer.host
    entry: JSON = {
        "host": host.name,
        "spec": host.spec,
        "id": host.ref.stable_id if host.ref else None,
        "verdict": answer.verdict.value,
        "took_ms": None if answer.took_s is None else round(answer.took_s * 1000, 1),
        "error": answer.error,
        "answer": None,
    }
    if not answer.is_ok:
        return entry
    if asked.form is Form.BYTES:
        return entry | {"answer_base64": base64.b64encode(answer.body).decode()}
    return entry | {"answer": read_answer(asked, answer.body)}


def _print_differences(wishes: GetWishes, job: Job, good: Sequence[Answer]) -> None:
    values: list[Value] = [read_answer(job.command, answer.body) for answer in good]
    found = compare(values)
    named = host_names(answer.host for answer in good)
    names = [named[answer.host.spec] for answer in good]
    if wishes.wants_ndjson:
        for spread in found:
            emit_line({"schema": "tsym/differences/1"} | _spread_entry(names, spread))
    elif wishes.wants_json:
        document: JSON = {
            "schema": "tsym/differences/1",
            "generated_at": format_time(datetime.now(UTC)),
            "command": job.command.name,
            "parameters": dict(job.values),
            "hosts": names,
            "differences": [_spread_entry(names, spread) for spread in found],
        }
        emit_document(document, wishes)
    elif len(names) > 1:
        pen = choose_pen(wishes)
        emit(pen.write(spread_rows(pen, names, found)))
    elif names:
        narrate(f"tsym: only {names[0]} answered: two answers are needed to tell them apart")


def _spread_entry(names: Sequence[str], spread: Spread) -> JSON:
    return {
        "path": spread.path,
        "values": [
            {
                "hosts": [names[place] for place in places],
                "is_there": value is not None,
                "value": None if value is None else _json_of(value),
            }
            for value, places in spread.values
        ],
    }


def _json_of(text: str) -> object:
    """Return a value as JSON; counters and lines of text are kept as they were written."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _write_raw(good: Sequence[Answer]) -> None:
    if len(good) > 1:
        raise CommandError(f"--raw prints one answer, and {len(good)} hosts gave one: name one with --on, or --output")
    for answer in good:
        emit(answer.body)


def _write_files(pattern: str, good: Sequence[Answer]) -> None:
    if len(good) > 1 and "{host}" not in pattern:
        raise CommandError(f"{len(good)} hosts answered: put {{host}} into --output, for a file each")
    taken: set[str] = set()
    for answer in good:
        name = file_name(answer.host.name, taken)
        path = at_home(pattern.replace("{host}", name))
        try:
            path.write_bytes(answer.body)
        except OSError as error:
            raise CommandError(f"cannot write {path}: {error.strerror or error}") from error
        narrate(f"tsym: {answer.host.name}: {len(answer.body)} bytes in {path}")


def _tell(answers: Iterable[Answer]) -> None:
    """Name each host that gave no answer, and what to do about it."""
    for answer in answers:
        if not answer.is_ok:
            host = answer.host
            name = host.spec if host.name in {host.spec, ""} else f"{host.name} ({host.spec})"
            narrate(f"tsym: {name}: {answer.error or answer.verdict.value}")


_NO = frozenset({Verdict.DENIED, Verdict.REFUSED, Verdict.UNSUPPORTED})


def judge(verdicts: Iterable[Verdict]) -> Exit:
    """Say what came of all: 0, 3 (nobody was reached, or nobody ended well), 4 (all said no) or 5 (some answered)."""
    every = list(verdicts)
    lacking = [verdict for verdict in every if verdict is not Verdict.OK]
    if not lacking:
        return Exit.OK
    if len(lacking) < len(every):
        return Exit.PARTIAL
    return Exit.DENIED if set(lacking) <= _NO else Exit.UNREACHABLE


def _list_commands(wishes: GetWishes) -> int:
    """List what there is to ask, by whose question it is."""
    reads = list(QUESTIONS.values())
    if wishes.wants_json or wishes.wants_ndjson:
        entries = [command_entry(read) for read in reads]
        if wishes.wants_ndjson:
            for entry in entries:
                emit_line({"schema": CATALOGUE_SCHEMA} | entry)
        else:
            moment = format_time(datetime.now(UTC))
            emit_document({"schema": CATALOGUE_SCHEMA, "generated_at": moment, "commands": entries}, wishes)
        return Exit.OK
    pen = choose_pen(wishes)
    sections = [
        ("for any local user, and any agent", [read for read in reads if read.right is not Rights.WRITE]),
        (
            "for root, the operator, or an agent that runs privileged",
            [read for read in reads if read.right is Rights.WRITE],
        ),
    ]
    emit(pen.write(catalogue_rows(pen, sections)))
    return Exit.OK


def command_entry(read: Command) -> JSON:
    """Describe a command."""
    return {
        "name": read.name,
        "words": read.words,
        "right": "w" if read.right is Rights.WRITE else "r",
        "right_words": right_words(read),
        "since": read.since,
        "until": read.until or None,
        "sensitive": read.is_sensitive,
        "sends": read.sends or None,
        "usage": takes(read),
    }
