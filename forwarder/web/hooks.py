"""`POST /hooks/<endpoint>`: what shops and e-mail platforms post to."""

from collections.abc import Mapping

import orjson
import structlog
from flask import Blueprint, Response, request
from prometheus_client import Counter

from forwarder.core.event import Forged, Notice, Stale
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.store.inbox import Receipt
from forwarder.store.writer import StoreDown
from forwarder.web.desk import web_desk

BODY_MAX_BYTES = 2 * 1024 * 1024
RETRY_AFTER_S = "30"

hooks = Blueprint("hooks", __name__)
log = structlog.get_logger(__name__)
webhooks = Counter(
    "forwarder_webhooks",
    "Webhooks answered, by endpoint and answer",
    ("endpoint", "answer"),
)


class TooLarge(Exception):
    """The body is over 2 MiB; reading stopped there."""


REFUSALS: Mapping[type[Exception], tuple[int, str]] = {
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


@hooks.post("/hooks/<endpoint>")
@hooks.post("/hooks/<endpoint>/<secret>")
def take(endpoint: str, secret: str = "") -> Response:
    """Take one webhook in; 200 means it is committed."""
    known = web_desk().endpoints.get(endpoint)
    if known is None:
        return _refuse("unknown", 404, "no such endpoint")
    if known.is_paused:
        return _later(endpoint, "this endpoint is paused")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return _refuse(endpoint, 415, "send the body without content encoding")
    try:
        return _taken(known, secret)
    except StoreDown:
        return _later(endpoint, "not stored, send it again")
    except (TooLarge, Stale, Forged) as refusal:
        return _refuse(endpoint, *REFUSALS[type(refusal)])


def _taken(endpoint: Endpoint, secret: str) -> Response:
    desk = web_desk()
    now = desk.clock()
    notice = Notice(headers=headers(), body=body(), path_secret=secret, received_at=now)
    receipt = receive(endpoint, notice, desk.store, now)
    if receipt.accepted:
        desk.nudge(endpoint.destination)
    webhooks.labels(endpoint.name, _word(receipt)).inc()
    return answer(200, told(receipt))


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


def headers() -> Mapping[str, str]:
    """Return the request's headers, names in lower case."""
    return {name.lower(): value for name, value in request.headers}


def body() -> bytes:
    """Return the raw body. Raises: TooLarge.

    Read from the server's own stream: Werkzeug's gives nothing for a chunked body,
    and parsing a form would eat the bytes that were signed.
    """
    length = request.content_length
    if length is not None and length > BODY_MAX_BYTES:
        raise TooLarge
    limit = BODY_MAX_BYTES + 1 if length is None else length
    stream = request.environ["wsgi.input"]
    data: bytes = stream.read(limit)
    if len(data) > BODY_MAX_BYTES:
        raise TooLarge
    return data


def answer(status: int, data: object, retry_after_s: str = "") -> Response:
    """Return a small JSON answer."""
    response = Response(orjson.dumps(data), status, mimetype="application/json")
    if retry_after_s:
        response.headers["Retry-After"] = retry_after_s
    return response


def _refuse(endpoint: str, status: int, error: str) -> Response:
    webhooks.labels(endpoint, str(status)).inc()
    log.warning("webhook refused", endpoint=endpoint, status=status)
    return answer(status, {"error": error})


def _later(endpoint: str, error: str) -> Response:
    webhooks.labels(endpoint, "503").inc()
    return answer(503, {"error": error}, RETRY_AFTER_S)
