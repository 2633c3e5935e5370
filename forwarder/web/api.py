"""`/api/v1/…`: our own JSON, for shops without an adapter and for scripts."""

from collections.abc import Callable, Mapping
from functools import wraps
from hashlib import sha256
from importlib.resources import files
from typing import ParamSpec

import orjson
from flask import Blueprint, Response, g, request

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import Event, Notice, Reading
from forwarder.core.personal import without_person
from forwarder.core.source import Options
from forwarder.pipeline.receive import with_reading
from forwarder.sources.own_event import Invalid, read_own_event
from forwarder.store import access, log, story
from forwarder.store.arrival import Arrival
from forwarder.store.inbox import Receipt, accept
from forwarder.store.writer import StoreDown
from forwarder.web import bodies
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.filters import BadFilter, read_filter
from forwarder.web.hooks import RETRY_AFTER_S, answer
from forwarder.web.rules import anyone, declare
from forwarder.web.shapes import page_json, story_json

EVENTS_MAX = 1_000
SCOPE_INCLUDES = {  # who may operate may also read
    "events:write": {"events:write"},
    "read": {"read"},
    "operate": {"operate", "read"},
    "admin": {"admin", "operate", "read"},
}
SOURCE = "api"

api = Blueprint("api", __name__, url_prefix="/api/v1")
Parameters = ParamSpec("Parameters")
Handler = Callable[Parameters, Response]


def needs(scope: str) -> Callable[[Handler[Parameters]], Handler[Parameters]]:
    """Let only bearers of a key with this scope in."""

    def decorate(handler: Handler[Parameters]) -> Handler[Parameters]:
        @wraps(handler)
        def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Response:
            kind, _, text = request.headers.get("Authorization", "").partition(" ")
            key = _key_of(text.strip())
            if kind.lower() != "bearer" or key is None:
                return answer(401, {"error": "send `Authorization: Bearer KEY`"})
            if scope not in SCOPE_INCLUDES[key.scope]:
                return answer(403, {"error": f"this key lacks the scope {scope}"})
            g.api_key = key
            return handler(*args, **kwargs)

        return declare(guarded, scope)

    return decorate


def _key_of(text: str) -> access.ApiKey | None:
    desk = web_desk()
    return access.find_api_key(desk.store, text, desk.clock()) if text else None


@api.post("/events")
@needs("events:write")
def post_events() -> Response:
    """Take one event, or up to 1,000; the bad ones are named and not stored."""
    try:
        given = orjson.loads(bodies.read_body(request.environ))
    except orjson.JSONDecodeError as error:
        return answer(400, {"error": f"not JSON: {error.msg} at {error.pos}"})
    texts = _listed(given)
    if isinstance(texts, str):
        return answer(422, {"error": texts})
    destination = _destination(web_desk())
    if destination is None:
        return answer(422, {"error": "name one of the destinations: ?destination="})
    return _stored(texts, destination)


@api.errorhandler(bodies.CutOff)
@api.errorhandler(bodies.TooLarge)
@api.errorhandler(bodies.TooSlow)
def unread(refusal: Exception) -> Response:
    """Answer that the body did not come whole."""
    status, error = bodies.REFUSALS[type(refusal)]
    return answer(status, {"error": error})


@api.errorhandler(StoreDown)
def later(_: StoreDown) -> Response:
    """Answer that the database is down: nothing was stored or changed."""
    return answer(503, {"error": "the database is down, try again"}, RETRY_AFTER_S)


def _listed(given: object) -> list[object] | str:
    """Return the events of a body, or what is wrong with it."""
    if not isinstance(given, dict):
        return 'send an event, or {"events": [...]}'
    if "events" not in given:
        return [given]
    texts = given["events"]
    if not isinstance(texts, list) or not 1 <= len(texts) <= EVENTS_MAX:
        return f"events is a list of 1 to {EVENTS_MAX} events"
    return texts


def _destination(desk: WebDesk) -> str | None:
    wanted = request.args.get("destination")
    if wanted is not None:
        return wanted if wanted in desk.destinations else None
    return next(iter(desk.destinations)) if len(desk.destinations) == 1 else None


def _stored(texts: list[object], destination: str) -> Response:
    events, results = _read_all(texts)
    status = 200 if len(events) == len(texts) else 422
    if not events:
        return answer(status, {"accepted": 0, "duplicates": 0, "results": results})
    receipt = _accept(events, texts, destination)
    web_desk().nudge(destination)
    new = set(receipt.new_events)
    for place, event in events.items():
        results[place] = _result(event, new)
    counts = {"accepted": receipt.accepted, "duplicates": receipt.duplicates}
    return answer(status, {**counts, "notice": receipt.notice_id, "results": results})


def _read_all(
    texts: list[object],
) -> tuple[dict[int, Event], list[Mapping[str, object]]]:
    events: dict[int, Event] = {}
    results: list[Mapping[str, object]] = []
    for place, text in enumerate(texts):
        try:
            events[place] = without_person(read_own_event(text, Options(shop=SOURCE)))
            results.append({})
        except Invalid as invalid:
            results.append({"status": "invalid", "errors": invalid.errors})
    return events, results


def _accept(
    events: Mapping[int, Event], texts: list[object], destination: str
) -> Receipt:
    desk = web_desk()
    now = desk.clock()
    kept = orjson.dumps([texts[place] for place in events])
    arrival = Arrival(
        endpoint=SOURCE,
        source=SOURCE,
        destination=destination,
        delivery_key=sha256(kept).hexdigest(),
        notice=Notice(headers={}, body=kept),
        received_at=now,
        status=NoticeStatus.ACCEPTED,
    )
    reading = Reading(events=tuple(events.values()))
    return accept(desk.store, with_reading(arrival, reading, now))


def _result(event: Event, new: set[tuple[str, str]]) -> Mapping[str, object]:
    """Return what became of one event; a second one alike is a duplicate."""
    key = (event.event_id, event.kind.value)
    word = NoticeStatus.ACCEPTED if key in new else NoticeStatus.DUPLICATE
    new.discard(key)
    return {"event_id": event.event_id, "status": word.value}


@api.get("/deliveries")
@needs("read")
def get_deliveries() -> Response:
    """Return one page of the delivery log, filtered like `events list`."""
    try:
        wanted, n_max = read_filter(request.args)
    except BadFilter as bad:
        return answer(422, {"errors": bad.errors})
    return answer(200, page_json(log.list_deliveries(web_desk().store, wanted, n_max)))


@api.get("/deliveries/<int:delivery_id>")
@needs("read")
def get_delivery(delivery_id: int) -> Response:
    """Return the whole story of one delivery."""
    found = story.show(web_desk().store, delivery_id)
    if found is None:
        return answer(404, {"error": "no such delivery"})
    return answer(200, story_json(found))


@api.get("/openapi.json")
@anyone
def get_openapi() -> Response:
    """Return the description of this API, OpenAPI 3.1."""
    text = files("forwarder.web").joinpath("openapi.json").read_bytes()
    return Response(text, mimetype="application/json")
