"""What lets us into a control plane: found in the environment, in files, or in the keyring; never on a command line.

For each secret, the first of these that has it: its variable (`TS_API_KEY`), the file that `…_FILE` names, the file
that a setting names, and, when it is asked for, the keyring's entry of the variable's name in the service `tsym`.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from urllib.parse import urlsplit

import msgspec

from tsym_agent.control.errors import BadCredentialsError, NoCredentialsError
from tsym_agent.control.secrets import Secret
from tsym_agent.model.homes import at_home

TAILSCALE_URL = "https://api.tailscale.com"
KEYRING_SERVICE = "tsym"

OAUTH_SECRET = "TS_OAUTH_CLIENT_SECRET"  # noqa: S105 - the name of a variable
OAUTH_ID = "TS_OAUTH_CLIENT_ID"
TAILSCALE_KEY = "TS_API_KEY"
HEADSCALE_KEY = "HEADSCALE_API_KEY"
HEADSCALE_URL = "HEADSCALE_URL"
LOGIN_SERVER = "TS_CONTROL_URL"

Keyring = Callable[[str], str | None]
"""Looks an entry up by its name."""


class TailscaleCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, or an OAuth client: one of the two."""

    url: str = TAILSCALE_URL
    tailnet: str = "-"
    """As in paths of the API; `-` = the one that owns the credential."""
    api_key: Secret | None = None
    client_id: str = ""
    client_secret: Secret | None = None
    origin: str = ""
    """Where the secret was found, for words."""
    login_server: str | None = None


class HeadscaleCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """A server and a key of its API."""

    url: str
    api_key: Secret
    origin: str = ""


Credentials = TailscaleCredentials | HeadscaleCredentials


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What settings say about the control plane; empty = they say nothing."""

    kind: str = "auto"
    """`tailscale`, `headscale`, or `auto`: whichever has credentials."""
    url: str = ""
    tailnet: str = ""
    oauth_client_id: str = ""
    oauth_client_secret_file: str = ""
    api_key_file: str = ""
    keyring: bool = False


_SENDABLE = re.compile(r"[!-~]+")
"""What keys are made of."""

SETTINGS_PREFIX = "TSYM_CONTROL_"


def read_settings(env: Mapping[str, str]) -> ControlSettings:
    """Return what the environment says: `TSYM_CONTROL_KIND`, `TSYM_CONTROL_URL` and so on."""
    named = {name: env.get(SETTINGS_PREFIX + name.upper(), "") for name in ControlSettings.__struct_fields__}
    given: dict[str, object] = {name: text for name, text in named.items() if text}
    return msgspec.convert(given, ControlSettings, strict=False)


def write_settings(settings: ControlSettings) -> dict[str, str]:
    """Return the settings as an environment that `read_settings` reads: for whoever is told by an environment only."""
    plain = msgspec.to_builtins(settings)
    return {SETTINGS_PREFIX + name.upper(): str(value).lower() if value is True else str(value)
            for name, value in plain.items() if value}  # fmt: skip


class _Found(msgspec.Struct, frozen=True):
    secret: Secret
    origin: str


def read_credentials(
    env: Mapping[str, str] = os.environ, settings: ControlSettings | None = None, keyring: Keyring | None = None
) -> Credentials:
    """Return the credentials that were given; `settings` None = those that the environment says, too.

    Raises `NoCredentialsError` when there are none, `BadCredentialsError` when they do not fit together.
    """
    settings = read_settings(env) if settings is None else settings
    places = _Places(env, settings, keyring)
    match settings.kind:
        case "tailscale":
            found: list[Credentials | None] = [_tailscale(places)]
        case "headscale":
            found = [_headscale(places)]
        case _:
            found = [_tailscale(places), _headscale(places)]
    given = [credentials for credentials in found if credentials is not None]
    if not given:
        raise NoCredentialsError("control plane", "no credentials are given", _how_to(settings.kind))
    if len(given) > 1:
        raise BadCredentialsError(
            "control plane", "there are credentials of Tailscale and of Headscale", "say which with --control"
        )
    return given[0]


def has_credentials(env: Mapping[str, str] = os.environ, settings: ControlSettings | None = None) -> bool:
    """Say whether any credentials were given, good ones or bad: mistakes in them show when they are read."""
    try:
        read_credentials(env, settings)
    except NoCredentialsError:
        return False
    except BadCredentialsError:
        return True
    return True


def is_exposed(credentials: Credentials) -> bool:
    """Say whether the secret would cross networks in the clear: plain HTTP to an address that is not private."""
    parts = urlsplit(credentials.url)
    if parts.scheme != "http" or parts.hostname is None or parts.hostname == "localhost":
        return False
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return True
    return address.is_global


class _Places(msgspec.Struct, frozen=True):
    """Where secrets are looked for."""

    env: Mapping[str, str]
    settings: ControlSettings
    keyring: Keyring | None

    def find(self, name: str, setting: str = "") -> _Found | None:
        """Return a secret and where it was; None when nobody gave it. Raises `BadCredentialsError` for no secret."""
        found = self._look(name, setting)
        if found is not None and not _SENDABLE.fullmatch(found.secret.reveal()):
            # Nothing of it may be quoted, and whoever writes it into a header would complain by quoting all of it.
            words = f"{found.origin} holds a blank, a control character or a letter that no key has"
            raise BadCredentialsError("control plane", words, "copy the key again")
        return found

    def _look(self, name: str, setting: str) -> _Found | None:
        if text := self.env.get(name, "").strip():
            return _Found(Secret(text), name)
        if path := self.env.get(f"{name}_FILE", ""):
            return _Found(_read_file(path, f"{name}_FILE"), f"the file that {name}_FILE names")
        if path := (getattr(self.settings, setting) if setting else ""):
            return _Found(_read_file(path, setting), f"the file that `{setting}` names")
        if self.settings.keyring and (text := (self.keyring or _read_keyring)(name) or ""):
            return _Found(Secret(text.strip()), f"the keyring's entry {name}")
        return None


def _tailscale(places: _Places) -> TailscaleCredentials | None:
    settings = places.settings
    key = places.find(TAILSCALE_KEY, "api_key_file")
    if key is not None and settings.kind != "tailscale" and _belongs_to_headscale(key):
        key = None
    client = places.find(OAUTH_SECRET, "oauth_client_secret_file")
    if key is None and client is None:
        return None
    if client is not None:  # the stronger one: it does not expire with a person
        secret = _expect(client, "tskey-client-", "an OAuth client's secret")
        return TailscaleCredentials(
            url=_tailscale_url(settings),
            tailnet=settings.tailnet or "-",
            client_id=places.env.get(OAUTH_ID, "") or settings.oauth_client_id or _id_in(secret),
            client_secret=secret,
            origin=client.origin,
            login_server=_login_server(places),
        )
    assert key is not None  # noqa: S101 - one of the two is there
    return TailscaleCredentials(
        url=_tailscale_url(settings),
        tailnet=settings.tailnet or "-",
        api_key=_expect(key, "tskey-api-", "an API access token"),
        origin=key.origin,
        login_server=_login_server(places),
    )


def _tailscale_url(settings: ControlSettings) -> str:
    return _checked_url(settings.url, "url") if settings.url else TAILSCALE_URL


def _login_server(places: _Places) -> str | None:
    """Return where nodes log in: told only along with an API that is not Tailscale's own."""
    return (places.env.get(LOGIN_SERVER) or None) if places.settings.url else None


def _headscale(places: _Places) -> HeadscaleCredentials | None:
    key = places.find(HEADSCALE_KEY, "api_key_file")
    if key is None or (places.settings.kind != "headscale" and key.secret.reveal().startswith("tskey-")):
        return None
    url = places.settings.url or places.env.get(HEADSCALE_URL, "") or places.env.get(LOGIN_SERVER, "")
    if not url:
        raise BadCredentialsError(
            "headscale", f"there is a key ({key.origin}) and no server", f"set {HEADSCALE_URL} to https://YOUR-SERVER"
        )
    return HeadscaleCredentials(url=_checked_url(url, HEADSCALE_URL), api_key=key.secret, origin=key.origin)


def _belongs_to_headscale(key: _Found) -> bool:
    """Whether a key from the setting that both kinds share is no Tailscale's."""
    return key.origin != TAILSCALE_KEY and not key.secret.reveal().startswith("tskey-")


def _expect(found: _Found, prefix: str, what: str) -> Secret:
    """Return the secret if it is of the kind its name says; Tailscale's kinds are easily mixed up."""
    kinds = {
        "tskey-auth-": "an auth key: it lets nodes join and nothing more",
        "tskey-client-": f"an OAuth client's secret: set it as {OAUTH_SECRET}",
        "tskey-api-": f"an API access token: set it as {TAILSCALE_KEY}",
    }
    text = found.secret.reveal()
    for other, words in kinds.items():
        if other != prefix and text.startswith(other):
            raise BadCredentialsError("tailscale", f"{found.origin} should hold {what} ({prefix}…) and holds {words}")
    return found.secret


def _id_in(secret: Secret) -> str:
    """Return the client ID that an OAuth secret carries: `tskey-client-ID-…`."""
    parts = secret.reveal().split("-")
    return parts[2] if len(parts) > 3 else "unknown"


def _checked_url(url: str, name: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
    except ValueError:
        is_good = False
    if not is_good:
        raise BadCredentialsError("control plane", f"{name} is not a server's URL", "write https://SERVER[:PORT]")
    return url.rstrip("/")


def _read_file(path: str, name: str) -> Secret:
    try:
        text = at_home(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise BadCredentialsError("control plane", f"{name}: {path} cannot be read: {why}") from error
    if not text or "\n" in text:
        raise BadCredentialsError("control plane", f"{name}: {path} should hold one line, the secret")
    return Secret(text)


def _read_keyring(name: str) -> str | None:
    """Look into the system's keyring; the package `keyring` is loaded only for those who want it."""
    if find_spec("keyring") is None:
        raise BadCredentialsError(
            "keyring", "the setting `keyring` is on and the package `keyring` is not installed", "pip install keyring"
        )
    try:
        found = import_module("keyring").get_password(KEYRING_SERVICE, name)
    except Exception as error:  # any backend of any desktop may fail in its own way
        raise BadCredentialsError("keyring", f"cannot be read: {type(error).__name__}: {error}") from error
    return str(found) if found else None


def _how_to(kind: str) -> str:
    tailscale = f"{OAUTH_ID} and {OAUTH_SECRET} (scopes devices:core:read and auth_keys), or {TAILSCALE_KEY}"
    headscale = f"{HEADSCALE_KEY} (`headscale apikeys create`) and {HEADSCALE_URL}"
    match kind:
        case "tailscale":
            return f"set {tailscale}"
        case "headscale":
            return f"set {headscale}"
        case _:
            return f"for Tailscale set {tailscale}; for Headscale set {headscale}"
