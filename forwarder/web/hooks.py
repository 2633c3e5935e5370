"""`POST /hooks/<endpoint>`: what shops and e-mail platforms post to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
import structlog
from flask import Blueprint, Response, request
from prometheus_client import Counter
from werkzeug.exceptions import NotFound
from werkzeug.sansio.utils import get_content_length

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import Forged, Notice, Stale
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.store.inbox import Receipt
from forwarder.store.log import find_notice
from forwarder.store.writer import StoreDown
from forwarder.web.desk import WebDesk, web_desk

BODY_MAX_BYTES = 2 * 1024 * 1024
RETRY_AFTER_S = "30"
IGNORED, QUARANTINED = NoticeStatus.IGNORED, NoticeStatus.QUARANTINED

Environ = Mapping[str, Any]  # of WSGI

hooks = Blueprint("hooks", __name__)
log = structlog.get_logger(__name__)
webhooks = Counter(
    "forwarder_webhooks",
    "Webhooks answered, by endpoint and answer",
    ("endpoint", "answer"),
)


class CutOff(Exception):
    """The body ended before the length it told: the connection broke."""


class TooLarge(Exception):
    """The body is over 2 MiB; reading stopped there."""


REFUSALS: Mapping[type[Exception], tuple[int, str]] = {
    CutOff: (400, "the body is shorter than it said: send it again"),
    TooLarge: (413, f"the body is over {BODY_MAX_BYTES} bytes"),
    Stale: (400, "stale: the signed time is too far from ours"),
    Forged: (401, "the signature does not match"),
}


@hooks.get("/hooks/<endpoint>")
@hooks.get("/hooks/<endpoint>/<secret>")
def handshake(endpoint: str, secret: str = "") -> Response:
    """Answer senders that probe an address before they use it; HEAD comes here too."""
    del endpoint, secret
    return answer(200, {"ok": True})


@hooks.app_errorhandler(404)
def nowhere(error: NotFound) -> Response | NotFound:
    """Answer what looks like a webhook address and is none in JSON, as `take` does."""
    if not f"{request.path}/".startswith("/hooks/"):
        return error
    reply = _refuse("unknown", 404, "no such endpoint")
    return Response(reply.body, reply.status, reply.headers())


@hooks.post("/hooks/<endpoint>")
@hooks.post("/hooks/<endpoint>/<secret>")
def take(endpoint: str, secret: str = "") -> Response:
    """Take one webhook in; 200 means it is committed."""
    reply = take_in(web_desk(), endpoint, secret, request.environ)
    return Response(reply.body, reply.status, reply.headers())


@dataclass(frozen=True, slots=True)
class Reply:
    """What a sender is answered: a status and a small JSON body."""

    status: int
    body: bytes
    retry_after_s: str = ""

    def headers(self) -> list[tuple[str, str]]:
        """Return the headers of the answer."""
        told = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(self.body))),
        ]
        if self.retry_after_s:
            told.append(("Retry-After", self.retry_after_s))
        return told


def take_in(desk: WebDesk, endpoint: str, secret: str, environ: Environ) -> Reply:
    """Return the answer to one webhook; 200 means it is committed.

    Needs nothing of Flask: `forwarder.web.shortcut` calls it without.
    """
    known = desk.endpoints.get(endpoint)
    if known is None:
        return _refuse("unknown", 404, "no such endpoint")
    if known.is_paused:
        return _later(endpoint, "this endpoint is paused")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        return _refuse(endpoint, 415, "send the body without content encoding")
    try:
        return _taken(desk, known, secret, environ)
    except (CutOff, TooLarge, Stale, Forged) as refusal:
        return _refuse(endpoint, *REFUSALS[type(refusal)])
    except Exception as fault:  # shops give an address up that answers 500
        if not isinstance(fault, StoreDown):
            log.exception("webhook not taken", endpoint=endpoint)
        return _later(endpoint, "not stored, send it again")


def _taken(desk: WebDesk, endpoint: Endpoint, secret: str, environ: Environ) -> Reply:
    now = desk.clock()
    notice = Notice(
        headers=headers(environ),
        body=read_body(environ),
        path_secret=secret,
        received_at=now,
    )
    receipt = receive(endpoint, notice, desk.store, now)
    if receipt.accepted:
        desk.nudge(endpoint.destination)
    webhooks.labels(endpoint.name, _word(receipt)).inc()
    if receipt.ignored or receipt.quarantined:
        _say_why(desk, endpoint, receipt)
    return Reply(200, orjson.dumps(told(receipt)))


def _say_why(desk: WebDesk, endpoint: Endpoint, receipt: Receipt) -> None:
    """Log why nothing came of a webhook."""
    try:
        notice = find_notice(desk.store, receipt.notice_id)
    except Exception:  # the webhook is committed: its answer stays 200
        log.exception("reason not read", endpoint=endpoint.name)
        return
    if notice is not None and notice.status in {IGNORED, QUARANTINED}:
        log.warning(
            "webhook without event",
            endpoint=endpoint.name,
            status=notice.status.value,
            reason=notice.reason,
            notice=notice.id,
        )


def told(receipt: Receipt) -> dict[str, int]:
    """Return what a sender reads of a receipt."""
    return {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "ignored": receipt.ignored,
        "quarantined": receipt.quarantined,
        "notice": receipt.notice_id,
    }


def _word(receipt: Receipt) -> str:
    if receipt.quarantined:
        return "quarantined"
    if receipt.ignored:
        return "ignored"
    return "accepted" if receipt.accepted else "duplicate"


def headers(environ: Environ) -> Mapping[str, str]:
    """Return the request's headers, names in lower case."""
    found = {
        _header_name(name): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for key, name in _BARE_HEADERS.items():
        if environ.get(key):
            found[name] = environ[key]
    return found


_BARE_HEADERS = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}


@lru_cache(maxsize=512)
def _header_name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").lower()


def body() -> bytes:
    """Return the raw body of Flask's request. Raises: TooLarge, CutOff."""
    return read_body(request.environ)


def read_body(environ: Environ) -> bytes:
    """Return the raw body. Raises: TooLarge, CutOff.

    Read from the server's own stream: Werkzeug's gives nothing for a chunked body,
    and parsing a form would eat the bytes that were signed.
    """
    length = get_content_length(
        environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING")
    )
    if length is not None and length > BODY_MAX_BYTES:
        raise TooLarge
    limit = BODY_MAX_BYTES + 1 if length is None else length
    data: bytes = environ["wsgi.input"].read(limit)
    if len(data) > BODY_MAX_BYTES:
        raise TooLarge
    if length is not None and len(data) < length:
        raise CutOff
    return data


def answer(status: int, data: object, retry_after_s: str = "") -> Response:
    """Return a small JSON answer."""
    response = Response(orjson.dumps(data), status, mimetype="application/json")
    if retry_after_s:
        response.headers["Retry-After"] = retry_after_s
    return response


def _refuse(endpoint: str, status: int, error: str) -> Reply:
    webhooks.labels(endpoint, str(status)).inc()
    log.warning("webhook refused", endpoint=endpoint, status=status)
    return Reply(status, orjson.dumps({"error": error}))


def _later(endpoint: str, error: str) -> Reply:
    webhooks.labels(endpoint, "503").inc()
    return Reply(503, orjson.dumps({"error": error}), RETRY_AFTER_S)
