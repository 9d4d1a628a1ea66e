"""Requests to a control plane's REST API: one connection pool, retries, errors in our words.

httpx is imported when the first request is made and nowhere else, so that an agent never loads it.
Retried are connection failures and the answers 429, 502, 503 and 504, and only for calls that may be made twice.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tsym_agent.control.errors import (
    BadControlAnswerError,
    ControlRefusedError,
    ControlUnreachableError,
    NoSuchThingError,
    NotAuthenticatedError,
    NotPermittedError,
)
from tsym_agent.model.payload import PayloadError, decode

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 20.0
"""For one answer. A guess: long lists of devices take some seconds."""

TRIES = 4
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
"""Who asks us to wait longer is not waited for: a person sits there."""

PASSING = frozenset({429, 502, 503, 504})
"""Answers that may be others a moment later."""

WORDS = 300
"""Characters of a server's own words that an error repeats."""

Sleep = Callable[[float], Awaitable[None]]
T = TypeVar("T")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request of an API."""

    method: str
    path: str
    """Below the base URL, with its leading slash."""
    query: Mapping[str, str] = {}
    json: object = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = {}
    may_repeat: bool = True
    """False = a lost answer is an error, since asking again could do it twice."""
    needs: str = ""
    """What the credential must be allowed, for the words of a 403."""


class Answer(msgspec.Struct, frozen=True):
    """What came back, status below 300."""

    body: bytes
    etag: str | None = None


class Rest:
    """One API at one base URL."""

    def __init__(self, base_url: str, *, sleep: Sleep = asyncio.sleep) -> None:
        self.base_url = base_url.rstrip("/")
        self._sleep = sleep
        self._client: httpx.AsyncClient | None = None

    async def ask(self, call: Call, authorization: str = "") -> Answer:
        """Make a call and return its answer; raise `ControlError` for everything else.

        `authorization` is the whole header's value; empty = none is sent.
        """
        for attempt in range(1, TRIES + 1):
            is_last = attempt == TRIES or not call.may_repeat
            pause_s = FIRST_PAUSE_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret
            try:
                response = await self._send(call, authorization)
            except ControlUnreachableError:
                if is_last:
                    raise
            else:
                if response.status_code not in PASSING:
                    return self._checked(call, response)
                asked_s = read_retry_after(response.headers.get("retry-after"))
                if is_last or (asked_s is not None and asked_s > LONGEST_PAUSE_S):
                    raise self._overloaded(response.status_code, asked_s)
                pause_s = pause_s if asked_s is None else asked_s
            await self._sleep(pause_s)
        raise AssertionError(call)  # the last try returns or raises

    async def aclose(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _send(self, call: Call, authorization: str) -> httpx.Response:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_S, headers={"User-Agent": "tsym"})
        headers = dict(call.headers) | ({"Authorization": authorization} if authorization else {})
        try:
            return await self._client.request(
                call.method,
                self.base_url + call.path,
                params=call.query or None,
                json=call.json,
                data=call.form,
                headers=headers,
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ControlRefusedError(
                self.base_url, f"not a URL that can be asked: {error}", "write http:// or https:// and the server"
            ) from error
        except httpx.TimeoutException as error:
            raise ControlUnreachableError(self.base_url, f"no answer within {TIMEOUT_S:g} s", _NETWORK_HINT) from error
        except httpx.TransportError as error:
            words = str(error) or type(error).__name__
            raise ControlUnreachableError(self.base_url, f"cannot be reached: {words}", _NETWORK_HINT) from error

    def _checked(self, call: Call, response: httpx.Response) -> Answer:
        status = response.status_code
        if status < 300:
            return Answer(response.content, response.headers.get("etag"))
        words = read_message(response.content) or response.reason_phrase or f"status {status}"
        match status:
            case 401:
                raise NotAuthenticatedError(self.base_url, f"the credential is not accepted: {words}")
            case 403:
                needs = f"the credential needs {call.needs}" if call.needs else ""
                raise NotPermittedError(self.base_url, f"not permitted: {words}", needs)
            case 404:
                raise NoSuchThingError(self.base_url, f"{call.method} {call.path}: {words}")
            case _ if 300 <= status < 400:
                place = response.headers.get("location", "elsewhere")
                raise ControlRefusedError(
                    self.base_url, f"it sends us to {place}", "set the URL to where the API itself answers"
                )
            case _ if status >= 500:
                raise ControlRefusedError(self.base_url, f"it failed on {call.method} {call.path}: {words}")
            case _:
                raise ControlRefusedError(self.base_url, f"{call.method} {call.path} is refused: {words}")

    def _overloaded(self, status: int, asked_s: float | None) -> ControlUnreachableError:
        if status == 429:
            when = f"in {asked_s:.0f} s" if asked_s is not None else "in a minute"
            return ControlUnreachableError(self.base_url, "it is asked too often", f"try again {when}")
        return ControlUnreachableError(
            self.base_url, f"it is not available now (status {status})", "try again in a minute"
        )

    def read(self, decoder: msgspec.json.Decoder[T], answer: Answer) -> T:
        """Decode an answer; raise `BadControlAnswerError` when it is of another shape."""
        try:
            return decode(decoder, answer.body)
        except PayloadError as error:
            raise BadControlAnswerError(
                self.base_url, f"an answer that is not what its API promises: {error}", "is the URL that of its API?"
            ) from error


_NETWORK_HINT = "check the URL and the network between"


class _Message(msgspec.Struct, frozen=True):
    message: str = ""
    detail: str = ""
    error: str = ""


_MESSAGE = msgspec.json.Decoder(_Message)


def read_message(body: bytes) -> str:
    """Return the words of an error's body, whatever it is: JSON with a message, or a little plain text."""
    try:
        said = _MESSAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = body.decode(errors="replace").strip()
        return "" if text.startswith("<") else " ".join(text.split())[:WORDS]
    return " ".join((said.message or said.detail or said.error).split())[:WORDS]


def read_retry_after(text: str | None) -> float | None:
    """Return how many seconds `Retry-After` asks for: a number, or a date; None when there is none to read."""
    if text is None:
        return None
    try:
        return max(0.0, float(int(text)))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
