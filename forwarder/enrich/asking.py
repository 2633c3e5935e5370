"""One careful question to a shop platform's API, and what its answer means.

Limits: 3 s to connect and 10 s to answer, no redirects, 1 MiB an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import requests

from forwarder.core import reading as read
from forwarder.core.delivery import Deferred
from forwarder.core.event import Unreadable
from forwarder.core.money import amount

TIMEOUT_S: Final = (3, 10)
MAX_BODY_BYTES: Final = 1 << 20
MAX_WAIT_S: Final = 3600.0

OK: Final = 200
TOO_MANY: Final = 429
SERVER_ERROR_FROM: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One platform's API. `lacking` begins each sentence on why it never will."""

    name: str
    lacking: str
    never: Mapping[int, str] = field(default_factory=dict)


def ask(
    api: Api,
    session: requests.Session,
    url: str,
    api_key: str,
    params: Mapping[str, str] | None = None,
) -> dict[str, object] | Deferred | str:
    """Return the answer, or why not now, or why never. Never raises, nor shows the key.

    Shape: of an answer only a whole and small JSON object with status 200 counts.
    """
    try:
        with session.get(
            url,
            params=params,
            headers={"Authorization": f"Bearer {api_key}".encode()},
            timeout=TIMEOUT_S,
            allow_redirects=False,
            stream=True,
        ) as reply:
            return _read(api, reply)
    except requests.RequestException as failure:
        return Deferred("network", type(failure).__name__, counts=False)


def _read(api: Api, reply: requests.Response) -> dict[str, object] | Deferred | str:
    if reply.status_code != OK:
        return _failure(api, reply)
    body = _body(reply)
    if body is None:
        return f"{api.lacking}: the answer is too large"
    try:
        return read.read_object(body)
    except Unreadable:
        return Deferred("server_error", f"{api.name}'s answer is not JSON")


def _failure(api: Api, reply: requests.Response) -> Deferred | str:
    status = reply.status_code
    if status == TOO_MANY:
        return Deferred("rate_limited", retry_after_s=_wait_s(reply), counts=False)
    if status >= SERVER_ERROR_FROM:
        return Deferred("server_error", f"{api.name} answered {status}")
    why = api.never.get(status, f"{api.name} answered {status}")
    return f"{api.lacking}: {why}"


def _body(reply: requests.Response) -> bytes | None:
    body = b""
    for chunk in reply.iter_content(1 << 16):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return body


def _wait_s(reply: requests.Response) -> float | None:
    wanted = amount(reply.headers.get("Retry-After"))
    return None if wanted is None else min(max(float(wanted), 1.0), MAX_WAIT_S)
