"""`POST /hooks/<endpoint>`: what shops and e-mail platforms post to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from time import perf_counter

import orjson
import structlog
from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, InternalServerError

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import Forged, Notice, Stale
from forwarder.core.signing import knows_secret
from forwarder.core.tally import SHORT_S, tally
from forwarder.pipeline.receive import (
    AT_ONCE,
    Endpoint,
    Turn,
    receive,
    vouches_for_body,
)
from forwarder.store.inbox import Receipt
from forwarder.store.notice_log import find_notice
from forwarder.store.writer import StoreDown
from forwarder.web import bodies
from forwarder.web.bodies import Environ, NoLength, is_chunked, read_body
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.rules import anyone
from forwarder.web.turns import Crowded

RETRY_AFTER_S = "30"
NOT_STORED = "not stored, send it again"
CROWDED = "too many requests at once, send it again"
IGNORED, QUARANTINED = NoticeStatus.IGNORED, NoticeStatus.QUARANTINED

hooks = Blueprint("hooks", __name__)
log = structlog.get_logger(__name__)
RESULTS = {  # in the metrics; what is not here is `invalid`
    401: "bad_signature",
    404: "unknown",
    408: "too_slow",
    413: "too_large",
    503: "overload",
}


REFUSALS: Mapping[type[Exception], tuple[int, str]] = {
    **bodies.REFUSALS,
    Stale: (400, "stale: the signed time is too far from ours"),
    Forged: (401, "the signature does not match"),
}


@hooks.get("/hooks/<endpoint>")
@anyone
def handshake(endpoint: str) -> Response:
    """Answer senders that probe an address before they use it; HEAD comes here too."""
    del endpoint
    return answer(200, {"ok": True})


@hooks.get("/hooks/<endpoint>/<secret>")
@anyone
def secret_handshake(endpoint: str, secret: str) -> Response:
    """Answer a probe of an address that is the secret: a wrong one is none of ours."""
    known = web_desk().endpoints.get(endpoint)
    if known is None or not knows_secret(known.secrets, secret):
        abort(404)
    return answer(200, {"ok": True})


@hooks.app_errorhandler(HTTPException)
def in_json(error: HTTPException) -> ResponseReturnValue:
    """Answer programs in JSON: on what looks like a webhook address as `take` does."""
    if error.code == HTTPStatus.NOT_FOUND and f"{request.path}/".startswith("/hooks/"):
        refused = _refuse("unknown", 404, "no such endpoint")
        return Response(refused.body, refused.status, refused.headers())
    if not request.path.startswith("/api/"):
        return error
    reply = error.get_response()
    text = "the fault is on our side and was logged"
    if not isinstance(error, InternalServerError):
        text = str(error.description)
    reply.data = orjson.dumps({"error": text})
    reply.headers["Content-Type"] = "application/json"
    return reply


@hooks.post("/hooks/<endpoint>")
@hooks.post("/hooks/<endpoint>/<secret>")
@anyone
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


def take_in(
    desk: WebDesk,
    endpoint: str,
    secret: str,
    environ: Environ,
    turn: Turn = AT_ONCE,
) -> Reply:
    """Return the answer to one webhook; 200 means it is committed.

    Needs nothing of Flask: `forwarder.web.shortcut` calls it without. `turn` is
    entered once the body is here, so that a slow sender keeps nobody waiting, and left
    while the database commits.
    """
    known = desk.endpoints.get(endpoint)
    if known is None:
        return _refuse("unknown", 404, "no such endpoint")
    if known.is_paused:
        return _later(endpoint, "this endpoint is paused")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        return _refuse(endpoint, 415, "send the body without content encoding")
    try:
        return _taken(desk, known, _notice(desk, known, secret, environ), turn)
    except Exception as fault:  # noqa: BLE001  shops give up what answers 500
        return _told_why(endpoint, fault)


def _told_why(endpoint: str, fault: Exception) -> Reply:
    """Return the answer to a webhook that was not taken."""
    refusal = REFUSALS.get(type(fault))
    if refusal is not None:
        return _refuse(endpoint, *refusal)
    if not isinstance(fault, StoreDown | Crowded):
        log.error("webhook not taken", endpoint=endpoint, exc_info=fault)
    is_crowded = isinstance(fault, Crowded)
    return _later(endpoint, CROWDED if is_crowded else NOT_STORED)


def _notice(desk: WebDesk, endpoint: Endpoint, secret: str, environ: Environ) -> Notice:
    """Return the whole notice. Raises: TooLarge, CutOff, TooSlow, NoLength."""
    body = read_body(environ)
    now = desk.clock()
    notice = Notice(
        headers=headers(environ),
        body=body,
        path_secret=secret,
        received_at=now,
        url=_called(desk, endpoint, secret, environ),
    )
    if is_chunked(environ) and not vouches_for_body(endpoint, notice, now):
        raise NoLength
    return notice


def _taken(desk: WebDesk, endpoint: Endpoint, notice: Notice, turn: Turn) -> Reply:
    started_s = perf_counter()
    receipt = _received(desk, endpoint, notice, turn)
    took_s = perf_counter() - started_s
    if receipt.accepted:
        desk.nudge(endpoint.destination)
    count(endpoint.name, _word(receipt))
    tally.observe(
        "forwarder_ingest_duration_seconds", (endpoint.name,), took_s, SHORT_S
    )
    if receipt.ignored or receipt.quarantined:
        _say_why(desk, endpoint, receipt)
    return Reply(200, orjson.dumps(told(receipt)))


def _received(desk: WebDesk, endpoint: Endpoint, notice: Notice, turn: Turn) -> Receipt:
    try:
        return receive(endpoint, notice, desk.store, desk.clock(), turn)
    except (Forged, Stale):
        desk.refused(endpoint, notice)
        raise


def _called(desk: WebDesk, endpoint: Endpoint, secret: str, environ: Environ) -> str:
    """Return the address as the sender knows it: by our settings, not by Host."""
    tail = f"/{secret}" if secret else ""
    query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
    return f"{desk.public_url}/hooks/{endpoint.name}{tail}{query}"


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


def count(endpoint: str, result: str) -> None:
    """Count one answer to a sender."""
    tally.add("forwarder_webhooks_received_total", (endpoint, result))


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


def answer(status: int, data: object, retry_after_s: str = "") -> Response:
    """Return a small JSON answer."""
    response = Response(orjson.dumps(data), status, mimetype="application/json")
    if retry_after_s:
        response.headers["Retry-After"] = retry_after_s
    return response


def _refuse(endpoint: str, status: int, error: str) -> Reply:
    is_stale = status == HTTPStatus.BAD_REQUEST and error.startswith("stale")
    count(endpoint, "stale" if is_stale else RESULTS.get(status, "invalid"))
    log.warning("webhook refused", endpoint=endpoint, status=status)
    return Reply(status, orjson.dumps({"error": error}))


def refusal_of(fault: Exception) -> Reply:
    """Return what a sender is told whose request could not be taken."""
    status, error = REFUSALS[type(fault)]
    return Reply(status, orjson.dumps({"error": error}))


def _later(endpoint: str, error: str) -> Reply:
    count(endpoint, RESULTS[503])
    return later(error)


def later(error: str) -> Reply:
    """Return what a sender is told who shall come again."""
    return Reply(503, orjson.dumps({"error": error}), RETRY_AFTER_S)
