"""The status of a host: decodes as a real one, is built once per change, and follows what was pinged."""

from __future__ import annotations

import json

import pytest

from tests.unit.sim.tailnets import node, ping, relay, settled, tailnet
from tsym_agent.model.lock import parse_lock_status
from tsym_agent.model.paths import PathKind, PingKind
from tsym_agent.model.status import BackendState, PeerStatus, Status, parse_status, parse_sweep_status, read_cap_map
from tsym_agent.sim.bodies.documents import lock_status
from tsym_agent.sim.bodies.status import KEPT_BYTES
from tsym_agent.sim.loading import load_scenario, shipped_names
from tsym_agent.sim.world import World

NEVER = "0001-01-01T00:00:00Z"


def status(world: World, host: str = "here", at_s: float = 0.0) -> Status:
    world.advance(at_s)
    return parse_status(world.status_body(host))


def peer(world: World, name: str = "there", *, host: str = "here", at_s: float = 0.0) -> PeerStatus:
    key = world.population[name].identity.node_key
    return (status(world, host, at_s).peer or {})[key]


@pytest.mark.parametrize("name", shipped_names())
def test_every_host_of_every_scenario_answers_a_status(name: str) -> None:
    world = World(load_scenario(name))

    for host in world.scenario.vantages:
        whole, sweep = parse_status(world.status_body(host)), parse_sweep_status(world.status_body(host))
        assert whole.state is not BackendState.UNKNOWN
        assert len(whole.peers) == len(sweep.peers)
        if whole.state is BackendState.RUNNING:
            shown = {facts.identity.stable_id for facts in world.population.shown_to(host)}
            assert {known.id for known in whole.peers} == shown


def test_a_thousand_peers_take_about_a_megabyte() -> None:
    world = World(load_scenario("large"))

    assert 0.8e6 < len(world.status_body(world.scenario.vantages[0])) < 1.3e6


def test_a_body_is_built_once_per_change() -> None:
    world = World(tailnet())
    first = world.status_body("here")
    world.advance(100)
    assert world.status_body("here") is first

    ping(world, at_s=101)

    assert world.status_body("here") is not first


def test_a_ping_leaves_other_hosts_bodies_alone() -> None:
    world = World(tailnet())
    body = world.status_body("there")
    ping(world)

    assert world.status_body("there") is body


def test_finished_bodies_are_bounded() -> None:
    world = World(load_scenario("large"))
    sizes = [len(world.status_body(host)) for host in world.scenario.vantages]

    kept = world._bodies._finished
    assert sum(sizes) > 3 * KEPT_BYTES
    assert sum(len(body) for body in kept.values()) == world._bodies._kept_bytes <= KEPT_BYTES


def test_a_peer_nobody_pinged_is_idle() -> None:
    idle = peer(World(tailnet()))

    assert (idle.active, idle.cur_addr, idle.last_write, idle.last_handshake) == (False, "", NEVER, NEVER)
    assert idle.relay == "two"


def test_a_direct_path_shows_while_the_peer_is_active() -> None:
    world = World(tailnet())
    pong = settled(world, at_s=10)
    assert pong is not None

    assert peer(world, at_s=54).cur_addr == pong.endpoint
    assert peer(world, at_s=56).cur_addr == ""
    assert not peer(world, at_s=56).active


def test_a_peer_relay_shows_while_the_peer_is_active() -> None:
    world = World(tailnet(relay(), a="hard", b="hard"))
    pong = settled(world)
    assert pong is not None

    assert peer(world).peer_relay == pong.peer_relay
    assert peer(world).passive_path is PathKind.PEER_RELAY


def test_a_path_found_by_heartbeats_shows_without_another_ping() -> None:
    world = World(tailnet())
    ping(world)
    assert peer(world).cur_addr == ""

    assert peer(world, at_s=3.5).cur_addr != ""


def test_a_derp_path_shows_nothing() -> None:
    world = World(tailnet(a="hard", b="hard"))
    settled(world)

    assert peer(world).active
    assert peer(world).passive_path is PathKind.UNKNOWN


def test_a_ping_into_silence_makes_a_peer_active_without_a_path() -> None:
    world = World(tailnet(node("dead", "b", "up = false")))
    ping(world, "dead")

    dead = peer(world, "dead")
    assert (dead.active, dead.cur_addr) == (True, "")


def test_disco_makes_no_handshake() -> None:
    world = World(tailnet())
    settled(world)

    assert peer(world).last_handshake == NEVER


def test_a_ping_inside_wireguard_makes_a_handshake_and_bytes() -> None:
    world = World(tailnet())
    ping(world, kind=PingKind.TSMP, at_s=5)

    talked = peer(world)
    assert talked.last_handshake == world.date(5)
    assert talked.rx_bytes > 0
    assert talked.tx_bytes > 0


def test_a_handshake_is_renewed_every_two_minutes() -> None:
    world = World(tailnet())
    for at_s in (5, 100, 130):
        ping(world, kind=PingKind.ICMP, at_s=at_s)

    assert peer(world).last_handshake == world.date(130)


TRAFFIC = '[[link]]\nbetween = ["here", "there"]\ntraffic_kbps = 8'


def test_steady_traffic_keeps_a_peer_active_and_grows() -> None:
    world = World(tailnet(TRAFFIC))

    early, late = peer(world, at_s=1), peer(world, at_s=500)

    assert (early.active, late.active) == (True, True)
    assert late.tx_bytes - early.tx_bytes == 500 * 1000
    assert late.last_handshake > early.last_handshake
    assert early.cur_addr != ""


def test_steady_traffic_stops_with_its_path() -> None:
    cut = '[[event]]\nkind = "link-cut"\nat = 100\nbetween = ["here", "there"]'
    world = World(tailnet(TRAFFIC, cut))

    late = peer(world, at_s=1000)

    assert not late.active
    assert late.last_handshake <= world.date(100)
    assert late.last_write == world.date(100)


def test_a_talk_that_was_cut_lapses_though_a_status_was_asked_shortly_after_the_cut() -> None:
    cut = '[[event]]\nkind = "link-cut"\nat = 100\nbetween = ["here", "there"]'
    world = World(tailnet(TRAFFIC, cut))

    assert peer(world, at_s=110).active
    assert not peer(world, at_s=146).active


def test_steady_traffic_does_not_make_up_for_an_outage() -> None:
    cut = '[[event]]\nkind = "link-cut"\nat = 100\nfor = 800\nbetween = ["here", "there"]'
    world = World(tailnet(TRAFFIC, cut))

    early, late = peer(world, at_s=1), peer(world, at_s=1000)

    assert late.active
    assert late.tx_bytes - early.tx_bytes == 200 * 1000


def test_steady_traffic_has_kept_its_path_though_nobody_asked_for_a_status() -> None:
    pong = ping(World(tailnet(TRAFFIC)), at_s=1000)

    assert pong is not None
    assert pong.path is PathKind.DIRECT


def test_an_offline_peer_was_last_seen_before() -> None:
    world = World(tailnet(node("dead", "b", "up = false", "last_seen_s = 60")))

    dead = peer(world, "dead")
    assert not dead.online
    assert dead.last_seen == world.date(-60)


def test_control_may_be_wrong_about_online() -> None:
    world = World(tailnet(node("undead", "b", "up = false", "online = true")))

    assert peer(world, "undead").online


def test_an_expired_peer_says_so() -> None:
    expired = peer(World(tailnet(node("old", "b", 'standing = "expired"'))), "old")

    assert expired.expired
    assert expired.key_expiry is not None


def test_a_locked_out_peer_is_filtered_and_named_by_the_lock() -> None:
    world = World(tailnet(node("out", "b", 'standing = "locked-out"')))
    assert [known.host_name for known in status(world).peers] == ["there"]

    lock = parse_lock_status(json.dumps(lock_status(world, "here")).encode())

    assert lock.enabled
    assert [refused.name for refused in lock.filtered_peers or ()] == ["out.t.ts.net."]


def test_without_locked_out_peers_the_lock_is_off() -> None:
    assert not lock_status(World(tailnet()), "here")["Enabled"]


def test_shared_nodes_have_their_marks() -> None:
    sharee = node("guest", "b", "sharee = true")
    shared = node("gift", "b", 'shared_by = "friend"', 'dns_name = "gift.else.where"')
    world = World(tailnet(sharee, shared))

    assert peer(world, "guest").sharee_node
    assert peer(world, "gift").alt_sharer_user_id == world.population["gift"].identity.user_id
    assert peer(world, "gift").dns_name == "gift.else.where."


def test_mullvad_nodes_look_like_theirs() -> None:
    world = World(tailnet(node("de-1", "c", "mullvad = true", 'location = { country = "Germany" }')))

    exit_node = peer(world, "de-1")
    assert exit_node.dns_name == "de-1.mullvad.ts.net."
    assert exit_node.exit_node_option
    assert exit_node.location is not None
    assert exit_node.location.country == "Germany"


def test_an_exit_node_in_use_is_marked() -> None:
    world = World(
        tailnet(node("exit", "c", "exit_node = true"), node("user", "a", "vantage = true", 'uses_exit_node = "exit"'))
    )

    assert peer(world, "exit", host="user").exit_node
    assert not peer(world, "exit", host="here").exit_node


def test_self_lists_its_endpoints() -> None:
    me = status(World(tailnet())).self_node

    assert me is not None
    assert me.addrs == ("198.51.100.1:41641", "192.168.1.2:41641")


def test_a_hard_nat_shows_in_the_own_endpoints() -> None:
    me = status(World(tailnet(a="hard"))).self_node

    assert me is not None
    public = [endpoint for endpoint in me.addrs or () if endpoint.startswith("198.51.100.1:")]
    assert len(set(public)) == 3
    assert "198.51.100.1:41641" in public


def test_without_udp_there_are_local_endpoints_only() -> None:
    me = status(World(tailnet(a="blocked"))).self_node

    assert me is not None
    assert me.addrs == ("192.168.1.2:41641",)


def test_self_has_capabilities() -> None:
    me = status(World(tailnet())).self_node

    assert me is not None
    assert "funnel" in read_cap_map(me)


@pytest.mark.parametrize(
    ("state", "peers", "is_named"),
    [
        ("Stopped", 2, True),
        ("NeedsLogin", 0, False),
        ("NoState", 0, False),
        ("NeedsMachineAuth", 0, True),
        ("Starting", 0, True),
    ],
)
def test_a_host_that_does_not_run_shows_less(state: str, peers: int, is_named: bool) -> None:
    world = World(tailnet(node("down", "a", "vantage = true", f'state = "{state}"')))

    shown = status(world, "down")

    assert shown.backend_state == state
    assert len(shown.peers) == peers
    assert bool(shown.tailscale_ips) is is_named
    assert bool(shown.current_tailnet) is is_named
    assert shown.self_node is not None
    assert bool(shown.self_node.id) is is_named


def test_users_are_named_and_tagged_nodes_are_nobodys() -> None:
    world = World(tailnet(node("server", "b", 'tags = ["tag:x"]')))
    shown = status(world)

    owners = {known.host_name: shown.owner_of(known) for known in shown.peers}
    assert owners == {"there": "kim@example.com", "server": None}


def test_a_tagged_node_belongs_to_the_tagged_devices_whoever_added_it() -> None:
    world = World(tailnet(node("server", "b", 'tags = ["tag:x"]', "vantage = true")))

    (user,) = (parse_status(world.status_body("server", peers=False)).user or {}).values()

    assert user.login_name == "tagged-devices"


def test_without_peers_there_is_only_the_own_user() -> None:
    shown = parse_status(World(tailnet()).status_body("here", peers=False))

    assert shown.peers == ()
    assert [user.login_name for user in (shown.user or {}).values()] == ["kim@example.com"]


OLD = node("old", "a", "vantage = true", 'version = "1.56.1"')


def test_an_old_daemon_lacks_later_fields() -> None:
    world = World(tailnet(OLD))

    old = json.loads(world.status_body("old"))
    new = json.loads(world.status_body("here"))

    def keys(body: dict[str, dict[str, dict[str, object]]]) -> set[str]:
        return set(body) | {key for fields in body["Peer"].values() for key in fields}

    assert keys(new) - keys(old) == {"HaveNodeKey", "NodeID", "PeerRelay", "TaildropTarget"}
    assert old["Version"].startswith("1.56.1-t")


def test_headscale_ids_are_small_numbers() -> None:
    world = World(load_scenario("broken"))

    assert world.population["anchor"].identity.stable_id == "1"


def test_identities_do_not_depend_on_the_seed() -> None:
    one, other = (World(load_scenario("company"), seed) for seed in (1, 2))

    assert one.population["fra-gw"].identity == other.population["fra-gw"].identity


def test_identities_are_unique() -> None:
    world = World(load_scenario("large"))
    everybody = [facts.identity for facts in world.population.all()]

    for name in ("node_id", "stable_id", "node_key", "ipv4", "ipv6", "lan_address"):
        assert len({getattr(identity, name) for identity in everybody}) == 1000


def test_names_may_repeat_and_deceive() -> None:
    shown = status(World(load_scenario("broken")), "anchor")

    names = [known.host_name for known in shown.peers]
    assert names.count("backup") == 3
    assert any("\x1b" in name for name in names)
