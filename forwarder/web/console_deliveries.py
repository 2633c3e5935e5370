"""The delivery list, one delivery's page, and finding one by what an operator has."""

import json
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

import structlog
from flask import (
    Blueprint,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.core.delivery import Status
from forwarder.core.personal import names_somebody
from forwarder.pipeline.replay import send_again
from forwarder.store import log, people
from forwarder.store.log import Line
from forwarder.store.reveal import open_delivery
from forwarder.store.story import Story
from forwarder.store.story import show as story_of
from forwarder.web import console_log, console_story, session
from forwarder.web.console_frame import list_url
from forwarder.web.console_query import given_filter, read
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.filters import SOUGHT, TEXT_MAX, BadFilter, read_filter, storable
from forwarder.web.hooks import answer
from forwarder.web.person import masked
from forwarder.web.shapes import page_json, story_json

REFERENCE_MAX_CHARS = 256

pages = Blueprint("deliveries", __name__)
log_line = structlog.get_logger(__name__)


@pages.get("/deliveries")
@session.needs("viewer")
def show_all() -> ResponseReturnValue:
    """Show the delivery list; every filter stands in the address."""
    desk = web_desk()
    page, status = console_log.shown(desk, given_filter(request.args), desk.clock())
    return render_template("console/deliveries.html", **page), status


@pages.get("/deliveries.json")
@session.needs("viewer")
def show_all_json() -> ResponseReturnValue:
    """Return the delivery list as data: the same filters, the same lines."""
    try:
        wanted, n_max = read_filter(given_filter(request.args))
    except BadFilter as bad:
        return answer(422, {"errors": bad.errors})
    return answer(200, page_json(log.list_deliveries(web_desk().store, wanted, n_max)))


@pages.get("/deliveries/<int:delivery_id>")
@session.needs("viewer")
def show(delivery_id: int) -> ResponseReturnValue:
    """Show what happened to one delivery, and what to do about it."""
    desk = web_desk()
    story = _story(delivery_id)
    payload = None
    if story.payload is not None:
        payload = json.dumps(story.payload, indent=2, ensure_ascii=False)
    event = open_delivery(desk.store, delivery_id).event
    return render_template(
        "console/delivery.html",
        story=story,
        line=story.line,
        payload=payload,
        person=None if event is None else masked(event.person),
        told=console_story.tell(desk, story, desk.clock()),
        may_replay=session.may(g.user, "operator"),
        too_old_at=_too_old_at(desk, story.line),
    )


def _too_old_at(desk: WebDesk, line: Line) -> datetime | None:
    """Return from when on the platform takes it no more; None if that is all one."""
    to = desk.destinations.get(line.destination)
    is_over = line.status in {Status.DELIVERED, Status.SKIPPED}
    return None if to is None or is_over else line.occurred_at + to.max_age


def _story(delivery_id: int) -> Story:
    story = story_of(web_desk().store, delivery_id)
    if story is None:
        abort(404, "There is no delivery of this number: it may be past its retention.")
    return story


@pages.get("/deliveries/<int:delivery_id>.json")
@session.needs("viewer")
def show_json(delivery_id: int) -> ResponseReturnValue:
    """Return all that is known of one delivery as data."""
    return answer(200, story_json(_story(delivery_id)))


@pages.post("/deliveries/<int:delivery_id>/replay")
@session.needs("operator")
def post_replay(delivery_id: int) -> ResponseReturnValue:
    """Send one delivery again, if it still can be sent."""
    desk = web_desk()
    line = _story(delivery_id).line
    now = desk.clock()
    is_ready, why = console_story.again(desk, line, now)
    if not is_ready:
        abort(409, why or "It is not settled yet: it is sent by itself.")
    itself, ours = console_story.itself(line), desk.destinations.values()
    n_set_back = send_again(desk.store, itself, ours, g.user.name, now)
    desk.nudge(line.destination)
    log_line.info(
        "replay", user=g.user.name, delivery=delivery_id, n_set_back=n_set_back
    )
    flash("It was set back to pending and is being sent again.")
    return redirect(url_for("console.deliveries.show", delivery_id=delivery_id), 303)


@pages.post("/find")
@session.needs("viewer")
def post_find() -> ResponseReturnValue:
    """Jump to an event id, an order id or a number; list what is there of a person.

    Posted, so that whatever somebody types never stands in an address or its log.
    """
    store = web_desk().store
    reference = request.form.get("reference", "").strip()[:REFERENCE_MAX_CHARS]
    if names_somebody(reference):
        return _list_of(reference, {})
    found = log.find(store, reference) if reference else []
    if not found:
        abort(404, "No delivery has this event id, order id or number.")
    if len(found) == 1:
        return redirect(
            url_for("console.deliveries.show", delivery_id=found[0].id), 303
        )
    return render_template("console/found.html", lines=found)


class _PersonSchema(Schema):
    class Meta:
        unknown = EXCLUDE  # the token is checked elsewhere

    value = fields.String(required=True, validate=SOUGHT)
    query = fields.String(
        load_default="", validate=[validate.Length(max=TEXT_MAX), storable]
    )


@pages.post("/deliveries/person")
@session.needs("viewer")
def post_person() -> ResponseReturnValue:
    """List what is there of an e-mail address or phone number, within a filter."""
    typed = read(_PersonSchema(), request.form)
    return _list_of(typed["value"], dict(parse_qsl(typed["query"])))


def _list_of(value: str, query: Mapping[str, str]) -> ResponseReturnValue:
    """Go to the list of a person; keyed hashes stand in its address, never a value."""
    marks = people.marks_of(web_desk().store, [value])
    rest = {name: text for name, text in query.items() if name != "cursor"}
    return redirect(list_url({**rest, "person": ",".join(marks)}), 303)
