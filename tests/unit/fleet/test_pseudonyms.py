"""Hiding names: nothing planted is left, the same stands for the same, and what is shown can still be read."""

from __future__ import annotations

import ipaddress
import stat
from pathlib import Path

import msgspec
import pytest

from tests.ui import pictures
from tests.unit.fleet.planted import SECRETS, leaks, secret_tailnet
from tsym_agent.model.documents import hosts_document, nodes_document, pairs_document
from tsym_agent.model.snapshot import Snapshot
from tsym_tui.fleet.pseudoaddresses import FakeAddresses
from tsym_tui.fleet.pseudoanswers import hidden_body, hidden_value
from tsym_tui.fleet.pseudonames import FakeNames, NameKind
from tsym_tui.fleet.pseudonyms import Pseudonyms, read_salt

SALT = bytes(range(32))


def hiding() -> Pseudonyms:
    """Return pseudonyms that have seen the secret tailnet."""
    pseudonyms = Pseudonyms(SALT)
    pseudonyms.hide(secret_tailnet())
    return pseudonyms


def documents(picture: Snapshot) -> str:
    """Return everything that is printed of a picture as JSON."""
    parts = (pairs_document(picture), nodes_document(picture), hosts_document(picture.hosts, picture.generated_at))
    return " ".join(msgspec.json.encode(part).decode() for part in parts)


# pictures


def test_the_planted_picture_has_every_secret_in_it_somewhere() -> None:
    text = documents(secret_tailnet()) + str(secret_tailnet())

    assert {secret for secret in SECRETS if secret not in leaks(text)} == {"02:42:de:ad:be:ef"}


def test_no_secret_is_left_in_a_picture() -> None:
    hidden = Pseudonyms(SALT).hide(secret_tailnet())

    assert leaks(documents(hidden)) == []
    assert leaks(str(hidden)) == []


def test_the_same_salt_gives_the_same_pseudonyms_and_another_gives_others() -> None:
    one, again, other = (Pseudonyms(salt).hide(pictures.home()) for salt in (SALT, SALT, SALT[::-1]))

    assert documents(one) == documents(again)
    assert not {node.name for node in one.nodes.values()} & {node.name for node in other.nodes.values()}


def test_a_part_of_a_tailnet_has_the_names_it_has_in_the_whole() -> None:
    whole, part = pictures.home(), pictures.home()
    few = dict(list(part.nodes.items())[3:])
    names = {
        one.name for one in Pseudonyms(SALT).hide(msgspec.structs.replace(part, nodes=few, pairs={})).nodes.values()
    }

    assert names < {one.name for one in Pseudonyms(SALT).hide(whole).nodes.values()}


def test_structure_stays_numbers_states_and_who_belongs_together() -> None:
    real = pictures.home()
    hidden = Pseudonyms(SALT).hide(real)
    pairs = list(zip(real.nodes.values(), hidden.nodes.values(), strict=True))
    sites = {(one.site, two.site) for one, two in pairs}

    assert len(sites) == len({site for site, _ in sites}) == len({site for _, site in sites})
    assert [one.os for one, _ in pairs] == [two.os for _, two in pairs]
    assert [one.latency_ms for one in real.pairs.values()] == [two.latency_ms for two in hidden.pairs.values()]
    assert all(two.name.endswith(".ts.net") for _, two in pairs)
    assert all(tag.startswith("tag:") for _, two in pairs for tag in two.tags)


def test_pairs_and_hosts_point_to_the_nodes_of_the_hidden_picture() -> None:
    hidden = Pseudonyms(SALT).hide(pictures.home())

    assert {ref for key in hidden.pairs for ref in key} <= set(hidden.nodes)
    assert {one.ref for one in hidden.hosts} <= set(hidden.nodes)


def test_what_did_not_change_is_the_same_object() -> None:
    pseudonyms, real = Pseudonyms(SALT), pictures.home()
    first = pseudonyms.hide(real)
    pairs = dict(list(real.pairs.items())[1:])
    second = pseudonyms.hide(msgspec.structs.replace(real, pairs=pairs))

    assert all(second.nodes[ref] is one for ref, one in first.nodes.items())
    assert all(one is first.pairs[key] for key, one in second.pairs.items())


def test_a_key_can_be_turned_back_for_asking() -> None:
    pseudonyms, real = Pseudonyms(SALT), pictures.home()
    hidden = pseudonyms.hide(real)

    assert [pseudonyms.real_ref(ref) for ref in hidden.nodes] == list(real.nodes)
    assert [pseudonyms.real_host(one) for one in hidden.hosts] == list(real.hosts)


# addresses


@pytest.mark.parametrize(
    ("real", "network"),
    [
        ("100.71.72.73", "100.64.0.0/10"),
        ("192.168.1.20", "192.168.0.0/16"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("203.0.113.7", "198.18.0.0/15"),
        ("8.8.8.8", "198.18.0.0/15"),
        ("fd7a:115c:a1e0::1", "fd7a:115c:a1e0::/48"),
        ("2a01:4f8::17", "2001:db8::/32"),
        ("fe80::1", "fe80::/10"),
    ],
)
def test_an_address_becomes_one_of_the_same_sort_that_is_nobodys(real: str, network: str) -> None:
    fake = FakeAddresses(SALT).stand_in(real)

    assert fake != real
    assert ipaddress.ip_address(fake) in ipaddress.ip_network(network)


EVERYWHERE = ["127.0.0.1", "::1", "100.100.100.100", "0.0.0.0/0", "::/0", "224.0.0.1", "255.255.255.255", "12:04"]


@pytest.mark.parametrize("text", EVERYWHERE)
def test_what_is_the_same_everywhere_stays(text: str) -> None:
    assert FakeAddresses(SALT).stand_in(text) == text


def test_addresses_of_one_network_stay_in_one_and_in_its_route() -> None:
    fakes = FakeAddresses(SALT)
    route = ipaddress.ip_network(fakes.stand_in("10.77.78.0/24"))

    assert ipaddress.ip_address(fakes.stand_in("10.77.78.9")) in route
    assert ipaddress.ip_address(fakes.stand_in("10.77.79.9")) not in route
    assert route.subnet_of(ipaddress.ip_network(fakes.stand_in("10.77.0.0/16")))  # type: ignore[arg-type]  # both are IPv4


def test_no_two_addresses_of_a_network_become_one() -> None:
    fakes = FakeAddresses(SALT)
    found = {fakes.stand_in(f"100.64.{high}.{low}") for high in range(8) for low in range(250)}

    assert len(found) == 2000


# names


def test_five_thousand_names_have_five_thousand_pseudonyms() -> None:
    names = FakeNames(SALT)
    found = {names.stand_in(NameKind.NODE, f"node-{place}") for place in range(5000)}

    assert len(found) == 5000


def test_a_host_name_and_its_label_are_one() -> None:
    names = FakeNames(SALT)

    assert names.stand_in(NameKind.NODE, "Ann's MacBook") == names.stand_in(NameKind.NODE, "anns-macbook")


# texts


@pytest.mark.parametrize(
    "text",
    [
        "dial tcp 203.0.113.177:443: i/o timeout",
        "peer [fd7a:115c:a1e0::4748:4950]:41641 gone",
        "ts-zebrafish-0 in wolverine-home",
        "open /home/marisol/.config: permission denied",
        "lookup vault.internal-quokka.lan: no such host",
        "zebrafish.wolverine-home.ts.net. 300 IN A 100.71.72.73",
        "marisol@quokka-corp.example owns tag:narwhal at Platypus Hall",
        "route 10.77.78.0/24 via 02:42:de:ad:be:ef",
        "ZEBRAFISH_state zebrafish.sock /run/zebrafish/x",
        "https://head.quokka-corp.example/key?v=1",
    ],
)
def test_no_secret_is_left_in_a_text(text: str) -> None:
    hidden = hiding().words(text)

    assert leaks(text)
    assert leaks(hidden) == []


@pytest.mark.parametrize(
    "text",
    [
        "tailscaled is stopped: run `tailscale up` there",
        "magicsock.Conn.receiveIPv4 at net/http/server.go:12",
        "v1.96.4-t3d8f513b0 since 2026-11-22T00:49:32.123Z",
        "see https://tailscale.com/s/help and tailscaled.state",
        "12 of 34 pairs, 5.3 ms, 100 %",
    ],
)
def test_what_names_nobody_stays(text: str) -> None:
    assert hiding().words(text) == text


def test_hiding_a_hidden_text_again_changes_nothing() -> None:
    pseudonyms = hiding()
    once = pseudonyms.words("zebrafish at 203.0.113.177 of marisol@quokka-corp.example tag:narwhal")

    assert pseudonyms.words(once, keeps_own=True) == once


def test_what_was_hidden_can_be_turned_back() -> None:
    pseudonyms = hiding()
    for text in ("zebrafish", "100.71.72.73", "tag:narwhal", "zebrafish.wolverine-home.ts.net", "10.77.78.0/24"):
        assert pseudonyms.real(pseudonyms.words(text)) == text


# answers


def test_no_secret_is_left_in_a_json_answer() -> None:
    answer = {
        "Self": {"ID": "nSECRETKANGAROOCNTRL", "HostName": "Zebrafish", "DNSName": "zebrafish.wolverine-home.ts.net."},
        "User": {
            "1": {"LoginName": "marisol@quokka-corp.example", "DisplayName": "Marisol Quokka", "ProfilePicURL": "x"}
        },
        "Routes": {"vault.internal-quokka.lan.": ["203.0.113.177:53"]},
        "note": "Marisol Quokka logged in",
        "Tags": ["tag:narwhal"],
        "Count": 3,
        "Ok": True,
    }
    hidden = msgspec.json.decode(hidden_body(Pseudonyms(SALT), msgspec.json.encode(answer)))

    assert leaks(str(hidden)) == []
    assert (hidden["Count"], hidden["Ok"], list(hidden)) == (3, True, list(answer))
    assert hidden["Self"]["DNSName"].endswith(".ts.net.")


def test_a_name_that_one_member_tells_is_found_in_the_others() -> None:
    hidden = hidden_value(Pseudonyms(SALT), {"log": "zebrafish is gone", "peers": [{"HostName": "zebrafish"}]})

    assert leaks(str(hidden)) == []


def test_lines_of_json_and_text_are_hidden_line_by_line() -> None:
    body = b'{"HostName": "zebrafish"}\nzebrafish is gone\n'

    assert leaks(hidden_body(Pseudonyms(SALT), body).decode()) == []


# the salt


def test_the_salt_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "tsym"
    salt = read_salt(folder)

    assert read_salt(folder) == salt
    assert stat.S_IMODE((folder / "pseudonyms.salt").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["pseudonyms.salt"]


@pytest.mark.parametrize("folder", [None, Path("/dev/null/x")])
def test_without_a_folder_the_salt_is_of_this_time_only(folder: Path | None) -> None:
    assert read_salt(folder) != read_salt(folder)


def test_a_broken_salt_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "pseudonyms.salt").write_bytes(b"short")

    assert len(read_salt(tmp_path)) == 32
