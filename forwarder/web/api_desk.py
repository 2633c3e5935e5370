"""`/api/v1/overview`, `quality`, `settings`, `sources…`: as the console shows them."""

from typing import Any, Final

from flask import Blueprint, Response, g, request
from marshmallow import ValidationError

from forwarder.store.writer import StoreDown
from forwarder.web import at_a_glance, console_quality
from forwarder.web.api import later, needs
from forwarder.web.console_source import source_json
from forwarder.web.console_sources import senders_json
from forwarder.web.desk import web_desk
from forwarder.web.filters import told_errors
from forwarder.web.hooking import (
    REMOVE,
    SET_UP,
    Busy,
    Deed,
    Ran,
    Unreached,
    look,
    run,
)
from forwarder.web.hooks import answer
from forwarder.web.shapes_desk import sheet_json
from forwarder.web.shapes_hookups import plan_json

NO_ENDPOINT: Final = {"error": "no such endpoint: GET /api/v1/sources names them"}
BUSY: Final = {"error": "webhooks are being set up right now: try again in a minute"}

api_desk = Blueprint("api_desk", __name__, url_prefix="/api/v1")
api_desk.register_error_handler(StoreDown, later)


@api_desk.get("/overview")
@needs("read")
def get_overview() -> Response:
    """Say whether it works, and what the last 24 hours brought."""
    desk = web_desk()
    seen = at_a_glance.look(desk.store, desk.destinations, desk.clock())
    return answer(200, at_a_glance.glance_json(seen))


@api_desk.get("/quality")
@needs("read")
def get_quality() -> Response:
    """Return by what people can be recognised, and what would raise it."""
    filled = {name: value for name, value in request.args.items() if value}
    try:
        wanted = console_quality.WantedSchema().load(filled)
    except ValidationError as error:
        return answer(422, {"errors": told_errors(error)})
    seen = console_quality.look(web_desk(), wanted)
    return answer(200, console_quality.seen_json(seen))


@api_desk.get("/settings")
@needs("operate")
def get_settings() -> Response:
    """Return every setting without secrets, and what a restart would change."""
    sheet = web_desk().sheet
    return answer(200, sheet_json(sheet.rows, sheet.file, sheet.doubts, sheet.ahead()))


@api_desk.get("/sources")
@needs("read")
def get_sources() -> Response:
    """Return every endpoint, and whether its shop still posts."""
    return answer(200, senders_json(web_desk()))


@api_desk.get("/sources/<name>")
@needs("read")
def get_source(name: str) -> Response:
    """Return how one shop is connected, and what came of it last."""
    endpoint = web_desk().endpoints.get(name)
    if endpoint is None:
        return answer(404, NO_ENDPOINT)
    return answer(200, source_json(web_desk(), endpoint))


@api_desk.get("/sources/<name>/webhooks")
@needs("operate")
def get_webhooks(name: str) -> Response:
    """Ask the platform which webhooks lead to an endpoint, and which are missing."""
    if name not in web_desk().endpoints:
        return answer(404, NO_ENDPOINT)
    try:
        return answer(200, plan_json(name, _url(name), look(name)))
    except Unreached as unreached:
        return answer(409, {"error": str(unreached)})


@api_desk.post("/sources/<name>/webhooks")
@needs("admin")
def post_webhooks(name: str) -> Response:
    """Set up what is missing at the platform; a secret is told once."""
    return _do(SET_UP, name)


@api_desk.delete("/sources/<name>/webhooks")
@needs("admin")
def delete_webhooks(name: str) -> Response:
    """Remove the webhooks that lead to an endpoint, and no other."""
    return _do(REMOVE, name)


def _do(deed: Deed, name: str) -> Response:
    if name not in web_desk().endpoints:
        return answer(404, NO_ENDPOINT)
    try:
        ran = run(deed, name, f"key:{g.api_key.name}", None)
    except Unreached as unreached:
        return answer(409, {"error": str(unreached)})
    except Busy:
        return answer(409, BUSY)
    return answer(200, _ran_json(name, ran))


def _url(name: str) -> str:
    return f"{web_desk().public_url}/hooks/{name}"


def _ran_json(name: str, ran: Ran) -> dict[str, Any]:
    """Return what was done; `why` tells what ended it early, null if nothing did."""
    return {
        "endpoint": name,
        "wanted": ran.n_wanted,
        "done": [
            {"id": one.id, "topics": one.topics, "secret": one.secret or None}
            for one in ran.done
        ],
        "why": ran.why or None,
    }
