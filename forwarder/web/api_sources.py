"""`/api/v1/sources/<name>/…`: send a test, ask for what is missing, take it in."""

from typing import Any

from flask import Blueprint, Response, g, request
from marshmallow import ValidationError

from forwarder.pipeline.receive import Endpoint
from forwarder.store.writer import StoreDown
from forwarder.web import missed
from forwarder.web.api import later, needs
from forwarder.web.api_desk import NO_ENDPOINT
from forwarder.web.desk import web_desk
from forwarder.web.filters import told_errors
from forwarder.web.hooks import answer, told
from forwarder.web.missed import NotAsked
from forwarder.web.shapes import job_json, line_json
from forwarder.web.trying import NoTest, Tried, send_test

api_sources = Blueprint("api_sources", __name__, url_prefix="/api/v1")
api_sources.register_error_handler(StoreDown, later)


class NoEndpoint(LookupError):
    """No endpoint of the settings has this name."""


@api_sources.errorhandler(NoEndpoint)
def no_endpoint(_: NoEndpoint) -> Response:
    """Say where the names are."""
    return answer(404, NO_ENDPOINT)


@api_sources.errorhandler(NoTest)
@api_sources.errorhandler(NotAsked)
def not_done(why: NoTest | NotAsked) -> Response:
    """Say why nothing was done."""
    return answer(409, {"error": str(why)})


@api_sources.post("/sources/<name>/test")
@needs("operate")
def post_test(name: str) -> Response:
    """Take in a sample of the shop as a test; `?case=` says which."""
    endpoint, case = _found(name), request.args.get("case", "")
    tried = send_test(web_desk(), endpoint, case, _who())
    return answer(200, _tried_json(tried))


@api_sources.post("/sources/<name>/missed")
@needs("operate")
def post_ask(name: str) -> Response:
    """Have a shop asked what is missing; nothing is taken in by that."""
    endpoint = _found(name)
    filled = {name: text for name, text in request.args.items() if text}
    try:
        wish = missed.WishSchema().load(filled)
    except ValidationError as error:
        return answer(422, {"errors": told_errors(error)})
    job = missed.ask(web_desk(), endpoint, wish, _who())
    return answer(202, {"job": job_json(job)})


@api_sources.post("/sources/<name>/missed/<int:job_id>")
@needs("operate")
def post_take_in(name: str, job_id: int) -> Response:
    """Have taken in what a job found missing."""
    job = missed.take_in(web_desk(), _found(name), job_id, _who())
    return answer(202, {"job": job_json(job)})


def _found(name: str) -> Endpoint:
    endpoint = web_desk().endpoints.get(name)
    if endpoint is None:
        raise NoEndpoint
    return endpoint


def _who() -> str:
    return f"key:{g.api_key.name}"


def _tried_json(tried: Tried) -> dict[str, Any]:
    """Return what became of a test."""
    lines = [line_json(line) for line in tried.lines]
    return {"case": tried.case, **told(tried.receipt), "its_events": lines}
