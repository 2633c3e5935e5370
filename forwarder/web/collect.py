"""`POST /collect` and the script that posts there: what browsers know of the tag.

Anybody can post here, so nothing of it is ever sent on: it is counted as evidence
beside what shops sign. Neither address nor agent nor cookie is kept.
"""

import gzip
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b, sha256
from importlib.resources import files
from typing import Any, Final, TypeVar

import orjson
from flask import Blueprint, Response, request
from prometheus_client import Counter

from forwarder.core.mirror import (
    Allowed,
    MirrorEvent,
    TagState,
    device_of,
    kind_of_tag,
)
from forwarder.core.money import money, to_minor
from forwarder.core.personal import names_somebody, veiled
from forwarder.web.bodies import CutOff, read_body
from forwarder.web.rules import anyone

BODY_MAX_BYTES: Final = 4 * 1024
ID_MAX_CHARS: Final = 256
ADDRESSES_MAX: Final = 50_000  # told apart within a minute; about 10 MB
SCRIPT_AGE_S: Final = 3600
RETRY_AFTER_S: Final = "60"
MINUTE_S: Final = 60
_Word = TypeVar("_Word", bound=StrEnum)

collected = Counter(
    "forwarder_collected", "Events of the browser mirror, by answer", ("answer",)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """What the mirror needs of the installation.

    Units: `per_address` events a minute from one address, `per_minute` from all
    together. `put` takes an event in without waiting; False when there is no room.
    """

    endpoints: frozenset[str]
    origins: frozenset[str]
    per_address: int
    per_minute: int
    put: Callable[[MirrorEvent], bool]
    clock: Callable[[], datetime]


class Refused(Exception):
    """A post that is not taken: its status and one sentence for whoever looks."""

    def __init__(self, status: int, sentence: str) -> None:
        """Keep both."""
        self.status = status
        super().__init__(sentence)


class Limits:
    """Counts posts within one minute; addresses only as keyed hashes, then forgotten.

    The key is made anew with each process, so that no count tells an address.
    """

    def __init__(self, per_address: int, per_minute: int) -> None:
        """Start with nobody counted."""
        self._per_address = per_address
        self._per_minute = per_minute
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._minute = 0
        self._n = 0
        self._by_address: dict[bytes, int] = {}

    def allow(self, address: str, now: datetime) -> bool:
        """Count one post; False when it is one too many."""
        who = blake2b(address.encode(), key=self._key, digest_size=16).digest()
        with self._lock:
            self._turn(int(now.timestamp()) // MINUTE_S)
            n = self._by_address.get(who, 0) + 1
            if self._n >= self._per_minute or n > self._per_address:
                return False
            if n > 1 or len(self._by_address) < ADDRESSES_MAX:
                self._by_address[who] = n
            self._n += 1
            return True

    def _turn(self, minute: int) -> None:
        if minute != self._minute:
            self._minute, self._n = minute, 0
            self._by_address.clear()


def collect_routes(collect: Collect) -> Blueprint:
    """Return the routes of the mirror."""
    routes = Blueprint("collect", __name__)
    limits = Limits(collect.per_address, collect.per_minute)

    @routes.post("/collect")
    @anyone
    def take() -> Response:
        """Take one event in; 204 without content, whatever becomes of it later."""
        try:
            _take(collect, limits)
        except Refused as refused:
            return _refusal(refused)
        collected.labels("204").inc()
        return _open_to(collect, Response(status=204))

    @routes.get("/static/mirror.js")
    @anyone
    def script() -> Response:
        """Serve the script that shops put on their pages."""
        return _script()

    return routes


def _take(collect: Collect, limits: Limits) -> None:
    origin = request.headers.get("Origin", "").rstrip("/").lower()
    if not collect.origins:
        raise Refused(403, "the mirror is off: see [collect] in docs/settings.md")
    if origin not in collect.origins:
        raise Refused(403, "this origin is not in allowed_origins of [collect]")
    if not limits.allow(request.remote_addr or "", collect.clock()):
        raise Refused(429, "too many posts: see [collect] in docs/settings.md")
    if not collect.put(read_event(collect, _posted())):
        raise Refused(503, "too much waits to be written")


def _posted() -> Mapping[str, Any]:
    if request.content_length is None:
        raise Refused(411, "tell how long the body is")
    if request.content_length > BODY_MAX_BYTES:
        raise Refused(413, f"the body is over {BODY_MAX_BYTES} bytes")
    try:
        given = orjson.loads(read_body(request.environ))
    except CutOff:
        raise Refused(400, "the body is shorter than it said") from None
    except orjson.JSONDecodeError:
        raise Refused(400, "the body is not JSON") from None
    if not isinstance(given, dict):
        raise Refused(400, "the body is no JSON object")
    return given


def read_event(collect: Collect, given: Mapping[str, Any]) -> MirrorEvent:
    """Return what a browser told; without consent nothing that tells orders apart.

    Raises: Refused.
    """
    kind, endpoint = kind_of_tag(given.get("event")), given.get("shop")
    if kind is None:
        raise Refused(400, "event: this name is not known")
    if endpoint not in collect.endpoints:
        raise Refused(400, "shop: there is no such endpoint")
    consent = _word(given.get("consent"), Allowed.UNKNOWN)
    has_gpc = given.get("gpc") is True or request.headers.get("Sec-GPC") == "1"
    is_allowed = consent is not Allowed.DENIED and not has_gpc
    minor, currency = _value(given) if is_allowed else (None, None)
    return MirrorEvent(
        endpoint=str(endpoint),
        kind=kind,
        device=device_of(request.headers.get("User-Agent", "")),
        tag=_word(given.get("tag"), TagState.LATE),
        consent=consent,
        has_gpc=has_gpc,
        received_at=collect.clock(),
        event_id=_id(given.get("event_id")) if is_allowed else None,
        order_id=_id(given.get("order_id")) if is_allowed else None,
        value_minor=minor,
        currency=currency,
    )


def _word(given: object, otherwise: _Word) -> _Word:
    """Return the word that was given, or the one for anything else."""
    try:
        return type(otherwise)(str(given))
    except ValueError:
        return otherwise


def _id(given: object) -> str | None:
    """Return an id as the log keeps it, so that the two find each other."""
    if isinstance(given, bool) or not isinstance(given, str | int):
        return None
    text = str(given).strip()
    if not text or len(text) > ID_MAX_CHARS or not text.isprintable():
        return None
    return veiled(text) if names_somebody(text) else text


def _value(given: Mapping[str, Any]) -> tuple[int | None, str | None]:
    found = money(given.get("value"), given.get("currency"))
    try:
        return (None, None) if found is None else (to_minor(found), found.currency)
    except ValueError:
        return None, None


def _refusal(refused: Refused) -> Response:
    collected.labels(str(refused.status)).inc()
    body = orjson.dumps({"error": str(refused)})
    response = Response(body, refused.status, mimetype="application/json")
    if refused.status in {429, 503}:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return response


def _open_to(collect: Collect, response: Response) -> Response:
    """Let the page's script read the answer: it then needs no opaque request."""
    origin = request.headers.get("Origin", "")
    if origin.rstrip("/").lower() in collect.origins:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
    return response


_SOURCE: Final = files("forwarder.web").joinpath("static", "mirror.js").read_bytes()
_PACKED: Final = gzip.compress(_SOURCE, 9, mtime=0)
_ETAG: Final = sha256(_SOURCE).hexdigest()[:20]


def _script() -> Response:
    is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(_PACKED if is_packed else _SOURCE, mimetype="text/javascript")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = f"public, max-age={SCRIPT_AGE_S}"
    response.set_etag(_ETAG, weak=True)
    response.make_conditional(request)
    return response
