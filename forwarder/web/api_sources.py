"""`/api/v1/sources/<name>/…`: send a test, ask for what is missing, take it in."""

from typing import Any, Final

from flask import Blueprint, Response, g, request
from marshmallow import ValidationError

from forwarder.pipeline.receive import Endpoint
from forwarder.store.writer import StoreDown
from forwarder.web import missed
from forwarder.web.api import later, needs
from forwarder.web.api_desk import NO_ENDPOINT
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.filters import told_errors
from forwarder.web.hooks import answer, told
from forwarder.web.missed import Busy, NotAsked
from forwarder.web.shapes import job_json, line_json
from forwarder.web.trying import NoTest, Tried, send_test

BUSY: Final = {"error": missed.BUSY}

api_sources = Blueprint("api_sources", __name__, url_prefix="/api/v1")
api_sources.register_error_handler(StoreDown, later)


@api_sources.post("/sources/<name>/test")
@needs("operate")
def post_test(name: str) -> Response:
    """Take in a sample of the shop as a test; `?case=` says which."""
    desk, endpoint = _found(name)
    if endpoint is None:
        return answer(404, NO_ENDPOINT)
    try:
        tried = send_test(desk, endpoint, request.args.get("case", ""), _who())
    except NoTest as none:
        return answer(409, {"error": str(none)})
    return answer(200, _tried_json(tried))


@api_sources.post("/sources/<name>/missed")
@needs("operate")
def post_ask(name: str) -> Response:
    """Have a shop asked what is missing; nothing is taken in by that."""
    desk, endpoint = _found(name)
    if endpoint is None:
        return answer(404, NO_ENDPOINT)
    filled = {name: text for name, text in request.args.items() if text}
    try:
        wish = missed.WishSchema().load(filled)
        job = missed.ask(desk, endpoint, wish, _who())
    except ValidationError as error:
        return answer(422, {"errors": told_errors(error)})
    except NotAsked as why:
        return answer(409, {"error": str(why)})
    except Busy:
        return answer(409, BUSY)
    return answer(202, {"job": job_json(job)})


@api_sources.post("/sources/<name>/missed/<int:job_id>")
@needs("operate")
def post_take_in(name: str, job_id: int) -> Response:
    """Have taken in what a job found missing."""
    desk, endpoint = _found(name)
    if endpoint is None:
        return answer(404, NO_ENDPOINT)
    try:
        job = missed.take_in(desk, endpoint, job_id, _who())
    except NotAsked as why:
        return answer(409, {"error": str(why)})
    except Busy:
        return answer(409, BUSY)
    return answer(202, {"job": job_json(job)})


def _found(name: str) -> tuple[WebDesk, Endpoint | None]:
    desk = web_desk()
    return desk, desk.endpoints.get(name)


def _who() -> str:
    return f"key:{g.api_key.name}"


def _tried_json(tried: Tried) -> dict[str, Any]:
    """Return what became of a test."""
    lines = [line_json(line) for line in tried.lines]
    return {"case": tried.case, **told(tried.receipt), "its_events": lines}
