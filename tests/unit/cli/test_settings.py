"""Where values come from: command line, environment, settings file, default."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Daemon, Tsym


@pytest.fixture
def config(home: Path) -> Path:
    folder = home / ".config" / "tsym"
    folder.mkdir(parents=True)
    return folder / "config.toml"


def settings(tsym: Tsym, *arguments: str) -> dict[str, tuple[object, str]]:
    """Return every setting with its value and origin, by command and key."""
    listed = json.loads(tsym(*arguments, "config", "--json").out)["settings"]
    return {f"{one['command']}.{one['key']}": (one["value"], one["origin"]) for one in listed}


def test_defaults_say_that_they_are(tsym: Tsym) -> None:
    assert settings(tsym)["matrix.settle"] == (15.0, "default")


def test_the_file_beats_the_default(tsym: Tsym, config: Path) -> None:
    config.write_text("[matrix]\nsettle = 3\n")

    assert settings(tsym)["matrix.settle"] == (3.0, str(config))


def test_a_shared_key_holds_for_every_command_that_has_it(tsym: Tsym, config: Path) -> None:
    config.write_text('theme = "light"\n[map]\ntheme = "cb"\n')
    found = settings(tsym)

    assert (found[".theme"][0], found["matrix.theme"][0], found["map.theme"][0]) == ("light", "light", "cb")


def test_thresholds_are_a_list_in_the_file_and_commas_in_the_environment(
    tsym: Tsym, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("thresholds_ms = [1, 2, 3, 4, 5]\n")
    monkeypatch.setenv("TSYM_DEMO_THRESHOLDS_MS", "2,4,6,8,10.5")
    found = settings(tsym)

    assert found[".thresholds_ms"][0] == [1, 2, 3, 4, 5]
    assert found["demo.thresholds_ms"][0] == [2, 4, 6, 8, 10.5]


def test_the_environment_beats_the_file(tsym: Tsym, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("[matrix]\nsettle = 3\n")
    monkeypatch.setenv("TSYM_MATRIX_SETTLE", "4")

    assert settings(tsym)["matrix.settle"] == (4.0, "TSYM_MATRIX_SETTLE")


def test_a_commands_own_variable_beats_the_shared_one(tsym: Tsym, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSYM_SETTLE", "5")
    monkeypatch.setenv("TSYM_MATRIX_SETTLE", "4")
    found = settings(tsym)

    assert (found["matrix.settle"], found["map.settle"]) == ((4.0, "TSYM_MATRIX_SETTLE"), (5.0, "TSYM_SETTLE"))


def test_the_command_line_beats_everything(
    tsym: Tsym, config: Path, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('host = ["unix:/from/file.sock"]\n')
    monkeypatch.setenv("TSYM_HOST", "unix:/from/environment.sock")

    assert tsym("nodes", "--host", daemon.spec).code == 0


def test_a_shared_option_may_stand_before_the_command(tsym: Tsym, daemon: Daemon) -> None:
    assert tsym("--host", daemon.spec, "nodes").code == 0


def test_an_option_after_the_command_beats_one_before_it(tsym: Tsym, daemon: Daemon) -> None:
    assert tsym("--host", "unix:/nowhere.sock", "nodes", "--host", daemon.spec).code == 0


def test_several_hosts_in_a_variable_are_parted_by_blanks(
    tsym: Tsym, daemon: Daemon, household: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSYM_HOST", f"{daemon.spec} {household}#nas")

    assert len(json.loads(tsym("hosts", "--json").out)["hosts"]) == 2


def test_local_is_where_ts_socket_says(tsym: Tsym, daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TS_SOCKET", daemon.spec.removeprefix("unix:"))

    assert tsym("nodes").code == 0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[matrix]\ncolour = 1\n", ":2: [matrix] has no key 'colour'; did you mean 'color'?"),
        ("\n\nthem = 'dark'\n", ":3: the top level has no key 'them'; did you mean 'theme'?"),
        ("[matrx]\n", ":1: there is no command [matrx]; did you mean 'matrix'?"),
        ("[matrix]\nsettle = 'long'\n", ":2: settle: "),
        ("[matrix]\nfail_on = ['slow']\n", ":2: fail_on: "),
        ("all = 'yes'\n", ":1: all: write true or false"),
        ("thresholds_ms = [5, 20, 10, 100, 200]\n", ":1: thresholds_ms: [5, 20, 10, 100, 200] is not 5 rising"),
        ("[keys]\nprobe = 'p'\n", ":1: [keys] p would mean both probe-now and pause everywhere"),
        ("[keys]\nmove-down = 'n'\n\nproeb = 'P'\n", ":4: [keys] no action is called 'proeb'; did you mean 'probe'?"),
        ("[keys.map]\nlayout = ['Y', 'entr']\n", ":2: [keys] map.layout: no key is called 'entr'; did you mean"),
        ("[keys]\nprobe = 1\n", ":2: probe: write a key as a text"),
        ("keys = 1\n", ":1: write keys under [keys]"),
        ("a = = b", ": not TOML: "),
    ],
    ids=[
        "unknown key",
        "unknown shared key",
        "unknown command",
        "wrong type",
        "wrong choice",
        "not a flag",
        "falling thresholds",
        "keys that collide",
        "unknown action",
        "unknown key",
        "key of another type",
        "keys that are no table",
        "not TOML",
    ],
)
def test_mistakes_name_file_line_and_key(tsym: Tsym, config: Path, text: str, complaint: str) -> None:
    config.write_text(text)
    result = tsym("hosts")

    assert result.code == 2
    assert f"tsym: {config}{complaint}" in result.err


def test_a_file_that_is_not_utf8_says_so(tsym: Tsym, config: Path) -> None:
    config.write_bytes(b"theme = '\xff'")

    assert "not UTF-8" in tsym("hosts").err


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_named_file_must_be_there(tsym: Tsym, home: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    missing = str(home / "missing.toml")
    if by == "variable":
        monkeypatch.setenv("TSYM_CONFIG", missing)
    result = tsym(*(("--config", missing) if by == "option" else ()), "hosts")

    assert (result.code, result.err) == (2, f"tsym: {missing}: there is no such file\n")


def test_the_hosts_file_replaces_this_machine(tsym: Tsym, config: Path, daemon: Daemon) -> None:
    (config.parent / "hosts.toml").write_text(f'[[host]]\nspec = "{daemon.spec}"\nname = "attic"\n')
    (host,) = json.loads(tsym("hosts", "--json").out)["hosts"]

    assert (host["spec"], host["name"], host["state"]) == (daemon.spec, "attic", "ok")


def test_names_and_tags_of_the_hosts_file_are_hosts(tsym: Tsym, config: Path, daemon: Daemon, household: str) -> None:
    (config.parent / "hosts.toml").write_text(
        f'[[host]]\nspec = "{daemon.spec}"\nname = "attic"\ntags = ["up"]\n'
        f'[[host]]\nspec = "{household}#nas"\ntags = ["up"]\n[[host]]\nspec = "{household}#laptop"\n'
    )

    assert len(json.loads(tsym("hosts", "--host", "attic", "--json").out)["hosts"]) == 1
    assert len(json.loads(tsym("hosts", "--host", "up", "--json").out)["hosts"]) == 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[host]]\nspec = 'local'\ntag = []\n", ":3: [[host]] has no key 'tag'; did you mean 'tags'?"),
        ("[[host]]\nname = 'x'\n", ":1: a [[host]] needs a spec"),
        ("[[hosts]]\nspec = 'local'\n", ":1: no key 'hosts' is known; did you mean 'host'?"),
        ("host = 'local'\n", ": write hosts as [[host]]"),
        ("[[host]]\nspec = 'local'\ntags = 'up'\n", ":3: tags: write a list of texts"),
    ],
)
def test_mistakes_in_the_hosts_file_name_line_and_key(tsym: Tsym, config: Path, text: str, complaint: str) -> None:
    (config.parent / "hosts.toml").write_text(text)
    result = tsym("hosts")

    assert result.code == 2
    assert f"hosts.toml{complaint}" in result.err


def test_locate_prints_every_place(tsym: Tsym, config: Path) -> None:
    config.write_text("")
    places = json.loads(tsym("locate", "--json").out)["places"]

    assert places["config"] == {"path": str(config), "exists": True}
    assert set(places) == {"config", "hosts", "state", "cache", "package"}


def test_settings_as_text_name_the_variable_that_would_set_them(tsym: Tsym) -> None:
    lines = tsym("config").out.splitlines()

    assert any(line.split() == ["matrix.settle", "15.0", "default", "TSYM_MATRIX_SETTLE"] for line in lines)


def test_the_schema_knows_every_key_that_the_file_may_hold(tsym: Tsym) -> None:
    schema = json.loads(tsym("config", "--schema").out)
    named = {f"{name.partition('.')[0]}.{name.partition('.')[2]}" for name in settings(tsym)}
    tables = {name: one["properties"] for name, one in schema["properties"].items() if one.get("type") == "object"}
    known = {f".{name}" for name in schema["properties"]} | {
        f"{table}.{name}" for table, names in tables.items() for name in names
    }

    assert named - known == set()
    assert schema["properties"]["matrix"]["properties"]["settle"]["maximum"] == 600
    assert "probe" in schema["properties"]["keys"]["properties"]


def test_keys_are_listed_with_those_of_the_file(tsym: Tsym, config: Path) -> None:
    config.write_text("[keys]\nprobe = 'P'\n")
    listed = {one["name"]: one["keys"] for one in json.loads(tsym("config", "--keys", "--json").out)["keys"]}

    assert listed["probe-now"] == "P"
    assert "probe-now" in tsym("config", "--keys").out


def test_given_keys_are_settings_with_an_origin(tsym: Tsym, config: Path) -> None:
    config.write_text("[keys.map]\nlayout = 'Y'\n")

    assert settings(tsym)["keys.map.layout"] == ("Y", str(config))
