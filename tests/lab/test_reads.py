"""Every read of the client's table, asked as an unprivileged user of real daemons: what is promised, is answered."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from tsym_agent.localapi import errors, reads
from tsym_agent.localapi.client import LocalClient
from tsym_agent.localapi.commands import Command, Form
from tsym_agent.localapi.registry import READS
from tsym_agent.model.hosts import Rights

from .clients import NEW, NOBODY, as_user, client_of
from .node import Node
from .tailnet import RELAY_PORT, Lab

ASKED = [read for read in READS.values() if read.form is not Form.STREAM]
OPEN = [read for read in ASKED if read.right is not Rights.WRITE]
CLOSED = [read for read in ASKED if read.right is Rights.WRITE]

REFUSED = {
    "drive-shares": errors.AccessDeniedError,
    "lock-log": errors.RequestRefusedError,
    "lock-affected-signatures": errors.RequestRefusedError,
    "lock-verify-link": errors.RequestRefusedError,
}
"""Reads of features this tailnet does not use."""

TYPED = (
    reads.app_routes,
    reads.cert_domains,
    reads.client_version,
    reads.dns_config,
    reads.exit_node_suggestion,
    reads.file_targets,
    reads.ip_forwarding_warning,
    reads.marks_packets,
    reads.optional_features,
    reads.relay_server,
    reads.route_check,
    reads.services,
    reads.udp_gro_warning,
    reads.user_metrics,
)

CANNOT: dict[str, tuple[type[Exception], ...]] = {
    "dns-osconfig": (errors.RequestRefusedError,),
    "dns-query": (errors.RequestRefusedError,),
}
"""Reads that a node with accept-dns off may answer with a failure: allowed, and nothing to say."""

NOT_IN_THIS_BUILD = {"app-connector-state"}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(".")[:2])


def has(release: str, read: Command) -> bool:
    """Whether the table says that a release has the read."""
    is_there_yet = version(read.since) <= version(release)
    return is_there_yet and (not read.until or version(release) <= version(read.until))


async def ask(client: LocalClient, lab: Lab, read: Command) -> None:
    """Ask a read with values that make sense in the lab."""
    someone = lab.nodes["p"].address
    words = {"addr": someone, "ip": someone, "id": "1", "type": "disco", "region": "901", "name": "p"}
    words |= {"dns-query": {"type": "A"}, "pprof": {"name": "heap"}}.get(read.name, {})
    params = {parameter.name: words[parameter.name] for parameter in read.parameters if parameter.is_required}
    await reads.read_bytes(client, read.name, params, b"nothing of use" if read.body else b"")


@pytest.mark.parametrize("read", OPEN, ids=lambda read: read.name)
async def test_a_read_without_special_right_is_answered(lab: Lab, daemon: Node, release: str, read: Command) -> None:
    async with client_of(daemon) as client:
        with as_user(NOBODY):
            if not has(release, read) or read.name in NOT_IN_THIS_BUILD:
                with pytest.raises(errors.NotSupportedError):
                    await ask(client, lab, read)
            elif read.name in REFUSED:
                with pytest.raises(REFUSED[read.name]):
                    await ask(client, lab, read)
            else:
                await ask(client, lab, read)


@pytest.mark.parametrize("read", CLOSED, ids=lambda read: read.name)
async def test_a_read_that_needs_write_permission_is_answered_to_root_alone(
    lab: Lab, daemon: Node, release: str, read: Command
) -> None:
    async with client_of(daemon) as client:
        with as_user(NOBODY), pytest.raises((errors.AccessDeniedError, errors.NotSupportedError)):
            await ask(client, lab, read)
    async with client_of(daemon) as client:
        if has(release, read):
            with suppress(*CANNOT.get(read.name, ())):
                await ask(client, lab, read)
        else:
            with pytest.raises((errors.NotSupportedError, errors.RequestRefusedError)):
                await ask(client, lab, read)


@pytest.mark.parametrize("read", TYPED, ids=lambda read: read.__name__)
@pytest.mark.parametrize("release", [NEW], indirect=True)
async def test_a_typed_read_understands_the_answer(
    daemon: Node, read: Callable[[LocalClient], Awaitable[object]]
) -> None:
    async with client_of(daemon) as client:
        await read(client)


@pytest.mark.parametrize("release", [NEW], indirect=True)
async def test_the_endpoint_changes_of_a_peer_are_told_with_their_reasons(lab: Lab, daemon: Node) -> None:
    async with client_of(daemon) as client:
        changes = await reads.endpoint_changes(client, lab.nodes["a"].address)

    assert "updateFromNode-new-Endpoints" in {change.what for change in changes}


async def test_a_peer_relay_says_its_port(relay_lab: Lab) -> None:
    async with client_of(relay_lab.nodes["p"]) as client:
        server = await reads.relay_server(client)

    assert server.udp_port == RELAY_PORT
