"""Careful questions to a platform's API, and what its answers mean.

Limits: 3 s to connect, 10 s for each piece of an answer and 30 s for the whole, no
redirects, 8 MiB.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import requests

from forwarder import decode, outside
from forwarder.core import reading as read
from forwarder.core.delivery import Deferred
from forwarder.core.event import Unreadable
from forwarder.core.money import amount

TIMEOUT_S: Final = (3.0, 10.0)
MAX_BODY_BYTES: Final = 8 << 20  # 250 orders of 30 KB on a page
MAX_WAIT_S: Final = 3600.0

TOO_MANY: Final = 429
SERVER_ERROR_FROM: Final = 500
FINE: Final = range(200, 300)

Json = dict[str, object]
Pairs = Mapping[str, str] | list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One platform's API. `lacking` begins each sentence on why it never will."""

    name: str
    lacking: str
    never: Mapping[int, str] = field(default_factory=dict)


class NoAnswer(Exception):
    """A platform gave no answer that helps. Raised by `Caller`; try again, or mend it.

    `outcome` is why not now, or a sentence why never. The key is never in it.
    """

    def __init__(self, outcome: Deferred | str) -> None:
        """Keep the reason."""
        super().__init__(outcome if isinstance(outcome, str) else outcome.reason)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform said. `data` is decoded JSON, None for an empty body."""

    data: object = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def record(self) -> Json:
        """Return the answer if it is an object, else an empty one."""
        return read.record(self.data)

    @property
    def rows(self) -> list[Json]:
        """Return the objects of the answer if it is a list, else none."""
        return read.records(self.data)

    def under(self, *path: str) -> Json:
        """Return the object at the end of the path, else an empty one."""
        return read.record(read.at(self.data, *path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Asks one API with one key. `headers` hold the key; none of it is ever shown."""

    api: Api
    session: requests.Session = field(repr=False)
    base_url: str
    headers: Mapping[str, str] = field(repr=False)

    def get(self, path: str, params: Pairs | None = None) -> Answer:
        """Return the answer to a question. Raises: NoAnswer."""
        return self._send(self._request("GET", path, params=params))

    def post(
        self, path: str, *, json: object = None, form: Pairs | None = None
    ) -> Answer:
        """Return the answer to something sent. Raises: NoAnswer."""
        return self._send(self._request("POST", path, json=json, form=form))

    def delete(self, path: str, params: Pairs | None = None) -> Answer:
        """Return the answer to a removal. Raises: NoAnswer."""
        return self._send(self._request("DELETE", path, params=params))

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Pairs | None = None,
        json: object = None,
        form: Pairs | None = None,
    ) -> requests.Request:
        headers = {k: v.encode("utf-8", "replace") for k, v in self.headers.items()}
        return requests.Request(
            method,
            f"{self.base_url}{path}",
            headers=headers,
            params=params,
            json=json,
            data=form,
        )

    def _send(self, request: requests.Request) -> Answer:
        with (
            _in_our_words(),
            self.session.send(
                self.session.prepare_request(request),
                timeout=TIMEOUT_S,
                allow_redirects=False,
                stream=True,
            ) as reply,
        ):
            return self._read(reply)

    def _read(self, reply: requests.Response) -> Answer:
        if reply.status_code not in FINE:
            raise NoAnswer(self._failure(reply))
        body = outside.body(reply, MAX_BODY_BYTES)
        if body is None:
            raise NoAnswer(f"{self.api.lacking}: the answer is too large")
        if not body.strip():
            return Answer(None, reply.headers)
        try:
            return Answer(decode.read_json(body), reply.headers)
        except Unreadable:
            told = f"{self.api.name}'s answer is not JSON"
            raise NoAnswer(Deferred("server_error", told)) from None

    def _failure(self, reply: requests.Response) -> Deferred | str:
        api, status = self.api, reply.status_code
        if status == TOO_MANY:
            return Deferred("rate_limited", retry_after_s=_wait_s(reply), counts=False)
        if status >= SERVER_ERROR_FROM:
            return Deferred("server_error", f"{api.name} answered {status}")
        why = api.never.get(status, f"{api.name} answered {status}")
        return f"{api.lacking}: {why}"


@contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except outside.Unsafe as unsafe:
        raise NoAnswer(f"not asked: {unsafe}") from None
    except (requests.RequestException, ValueError) as failure:
        # ValueError: a key that no header can hold; its text would show it
        outcome = Deferred("network", type(failure).__name__, counts=False)
        raise NoAnswer(outcome) from None


def _wait_s(reply: requests.Response) -> float | None:
    wanted = amount(reply.headers.get("Retry-After"))
    return None if wanted is None else min(max(float(wanted), 1.0), MAX_WAIT_S)
