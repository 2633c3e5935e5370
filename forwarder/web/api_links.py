"""`/api/v1/links…` and `/api/v1/link-audits…`: links of our own, and their ways."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, g, request
from marshmallow import ValidationError

from forwarder.clicks import funnel
from forwarder.clicks.keeping import Keeper
from forwarder.clicks.making import Flawed
from forwarder.clicks.told import qr_svg
from forwarder.core.links import Link
from forwarder.store import clicks, link_audits, links
from forwarder.store.log import ID_MAX
from forwarder.store.writer import StoreDown
from forwarder.web import bodies
from forwarder.web.api import later, needs, unread
from forwarder.web.desk import web_desk
from forwarder.web.filters import errors_by_field
from forwarder.web.hooks import answer
from forwarder.web.shapes_links import (
    FUNNEL_DAYS,
    LinkSchema,
    ask_audit,
    audit_json,
    audit_whole,
    find_link,
    keeper,
    link_json,
)

NO_LINK = {"error": "no such link"}

api_links = Blueprint("api_links", __name__, url_prefix="/api/v1")
api_links.register_error_handler(StoreDown, later)
for refusal in (bodies.CutOff, bodies.TooLarge, bodies.TooSlow):
    api_links.register_error_handler(refusal, unread)


class _Unfit(Exception):
    """A body that makes no link; `errors` says what is wrong, by field."""

    def __init__(self, errors: Mapping[str, Any]) -> None:
        super().__init__("unfit")
        self.errors = errors


@api_links.errorhandler(_Unfit)
def unfit(refusal: _Unfit) -> Response:
    """Answer what is wrong, by field."""
    return answer(422, {"errors": refusal.errors})


@api_links.get("/links")
@needs("read")
def get_links() -> Response:
    """Return all links by name, with their clicks by class."""
    desk = web_desk()
    counts = clicks.counts(desk.store)
    found = [link_json(desk, one, counts) for one in links.every(desk.store)]
    return answer(200, {"items": found})


@api_links.post("/links")
@needs("operate")
def post_link() -> Response:
    """Make a link."""
    given = _given()
    return _kept(lambda one: one.add(given), 201)


@api_links.get("/links/<slug>")
@needs("read")
def get_link(slug: str) -> Response:
    """Return one link."""
    desk = web_desk()
    link = find_link(desk.store, slug)
    if link is None:
        return answer(404, NO_LINK)
    return answer(200, link_json(desk, link, clicks.counts(desk.store)))


@api_links.patch("/links/<slug>")
@needs("operate")
def patch_link(slug: str) -> Response:
    """Change what the body names of a link."""
    given = _given()
    return _changed(slug, lambda one, link: one.edit(link, given))


@api_links.post("/links/<slug>/pause")
@needs("operate")
def post_pause(slug: str) -> Response:
    """Let a link lead to its fallback."""
    return _changed(slug, lambda one, link: one.pause(link))


@api_links.post("/links/<slug>/resume")
@needs("operate")
def post_resume(slug: str) -> Response:
    """Let a paused link lead where it was made for."""
    return _changed(slug, lambda one, link: one.resume(link))


@api_links.get("/links/<slug>/qr.svg")
@needs("read")
def get_qr(slug: str) -> Response:
    """Return the QR code of a link as SVG."""
    desk = web_desk()
    if find_link(desk.store, slug) is None:
        return answer(404, NO_LINK)
    return Response(qr_svg(slug, desk.public_url), mimetype="image/svg+xml")


@api_links.get("/link-funnel")
@needs("read")
def get_funnel() -> Response:
    """Return what the clicks of each link and campaign led to; 28 days by default."""
    desk = web_desk()
    try:
        last = _day("until", desk.clock().date())
        first = _day("since", last - timedelta(days=FUNNEL_DAYS - 1))
    except ValueError:
        return answer(422, {"errors": {"since": ["a day is written as 2026-11-03"]}})
    of_links = funnel.of_links(
        desk.store, first, last, by_first=desk.counts_first_click
    )
    known = links.every(desk.store)
    campaigns = funnel.of_campaigns(desk.store, of_links, known, first, last)
    return answer(
        200,
        {
            "since": f"{first}",
            "until": f"{last}",
            "links": [one.as_json() for one in of_links],
            "campaigns": [one.as_json() for one in campaigns],
        },
    )


@api_links.get("/link-audits")
@needs("read")
def get_audits() -> Response:
    """Return the newest 50 audits, of `?slug=` or of all."""
    store, slug = web_desk().store, request.args.get("slug")
    if slug and find_link(store, slug) is None:
        return answer(404, NO_LINK)
    found = link_audits.recent(store, slug or None)
    return answer(200, {"items": [audit_json(one) for one in found]})


@api_links.post("/link-audits")
@needs("operate")
def post_audit() -> Response:
    """Ask for an audit of a link or of an address; a worker runs it within seconds."""
    number = ask_audit(web_desk(), _object(), _who())
    if number is None:
        raise _Unfit({"url": ["Send the slug of a link, or an url."]})
    return answer(202, {"id": number})


@api_links.get("/link-audits/<int:audit_id>")
@needs("read")
def get_audit(audit_id: int) -> Response:
    """Return one audit: `found` stays null until a worker has run it."""
    store = web_desk().store
    one = link_audits.find(store, audit_id) if audit_id <= ID_MAX else None
    if one is None:
        return answer(404, {"error": "no such audit"})
    return answer(200, audit_whole(store, one))


def _day(name: str, otherwise: date) -> date:
    text = request.args.get(name)
    return otherwise if not text else date.fromisoformat(text)


def _object() -> dict[str, Any]:
    """Return the body. Raises: _Unfit."""
    try:
        given = orjson.loads(bodies.read_body(request.environ))
    except orjson.JSONDecodeError:
        raise _Unfit({"": ["Not JSON."]}) from None
    if not isinstance(given, dict):
        raise _Unfit({"": ["Not an object."]})
    return given


def _given() -> dict[str, Any]:
    """Return the fields of a link in the body. Raises: _Unfit."""
    try:
        found: dict[str, Any] = LinkSchema().load(_object())
    except ValidationError as error:
        raise _Unfit(errors_by_field(error)) from None
    return found


def _changed(slug: str, change: Callable[[Keeper, Link], Link]) -> Response:
    link = find_link(web_desk().store, slug)
    if link is None:
        return answer(404, NO_LINK)
    return _kept(lambda one: change(one, link), 200)


def _kept(work: Callable[[Keeper], Link], status: int) -> Response:
    desk = web_desk()
    try:
        link = work(keeper(desk, _who()))
    except Flawed as flawed:
        field, _, sentence = str(flawed).partition(": ")
        raise _Unfit({field: [sentence]}) from None
    return answer(status, link_json(desk, link, clicks.counts(desk.store)))


def _who() -> str:
    return f"key:{g.api_key.name}"
