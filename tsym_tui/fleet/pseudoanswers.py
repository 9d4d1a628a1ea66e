"""Answers of daemons without names: JSON, lines of it, and plain text."""

from __future__ import annotations

import re
from contextlib import suppress

import msgspec

from tsym_tui.fleet.pseudonyms import Pseudonyms

_LABEL_KEYS = frozenset(
    {"hostname", "host_name", "computedname", "computednamewithhost", "givenname", "given_name", "machinename", "peer"}
)
_PERSON_KEYS = frozenset({"displayname", "loginname", "owner", "login", "email", "user_name", "username"})
_DOMAIN_KEYS = frozenset({"magicdnssuffix", "domain", "basedomain", "base_domain", "tailnet", "tailnetname"})
_ID_KEYS = frozenset({"id", "stableid", "stable_id", "nodeid", "node_id"})
_PICTURE_KEYS = frozenset({"profilepicurl", "profile_pic_url"})


def hidden_body(pseudonyms: Pseudonyms, body: bytes) -> bytes:
    """Hide names in an answer; members that hold names are hidden whatever they look like."""
    try:
        return msgspec.json.encode(hidden_value(pseudonyms, msgspec.json.decode(body)))
    except msgspec.DecodeError:
        lines = body.decode(errors="replace").splitlines(keepends=True)
        return "".join(_hidden_line(pseudonyms, line) for line in lines).encode()


def _hidden_line(pseudonyms: Pseudonyms, line: str) -> str:
    if line.lstrip().startswith("{"):
        with suppress(msgspec.DecodeError):
            return msgspec.json.encode(hidden_value(pseudonyms, msgspec.json.decode(line))).decode() + "\n"
    return pseudonyms.words(line)


def hidden_value(pseudonyms: Pseudonyms, value: object) -> object:
    """Hide names in a JSON value; a name that one member tells is also found in the others."""
    _learn(pseudonyms, value)
    return _hidden(pseudonyms, value, "")


def _learn(pseudonyms: Pseudonyms, value: object) -> None:
    if isinstance(value, dict):
        for key, member in value.items():
            if isinstance(member, str):
                _named(pseudonyms, str(key).casefold(), member)
            else:
                _learn(pseudonyms, member)
    elif isinstance(value, list):
        for member in value:
            _learn(pseudonyms, member)


def _named(pseudonyms: Pseudonyms, key: str, text: str) -> str | None:
    """Hide what a member of this name holds; None for one that does not hold a name."""
    if not text:
        return None
    if key in _LABEL_KEYS:
        address = pseudonyms.words(text)
        return pseudonyms.dns(text) if address == text else address
    if key in _PERSON_KEYS:
        return pseudonyms.owner(text)
    if key in _DOMAIN_KEYS:
        return pseudonyms.network(text)
    if key in _PICTURE_KEYS:
        return ""
    is_id = re.fullmatch(r"n\w{6,}CNTRL", text) or (key in _ID_KEYS and pseudonyms.knows(text))
    return pseudonyms.identifier(text) if is_id else None


def _hidden(pseudonyms: Pseudonyms, value: object, key: str) -> object:
    if isinstance(value, dict):
        return {
            pseudonyms.words(str(name)): _hidden(pseudonyms, member, str(name).casefold())
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_hidden(pseudonyms, member, key) for member in value]
    if not isinstance(value, str):
        return value
    named = _named(pseudonyms, key, value)
    return pseudonyms.words(value) if named is None else named
