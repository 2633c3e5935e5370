"""`/api/v1/replays` and `/api/v1/destinations`: send again, pause, resume."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from flask import Blueprint, Response, g, request
from marshmallow import Schema, ValidationError, fields, validate

from forwarder.pipeline.overview import overview, pause, resume
from forwarder.pipeline.replay import Asker, cancel_job, plan, start_replay
from forwarder.store import jobs
from forwarder.store.jobs import Scope
from forwarder.store.log import ID_MAX, PAGE_MAX
from forwarder.store.writer import StoreDown
from forwarder.web import bodies
from forwarder.web.api import later, needs, unread
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.filters import (
    TEXT_MAX,
    BadFilter,
    read_filter,
    storable,
    told_errors,
)
from forwarder.web.hooks import answer
from forwarder.web.shapes import job_json, place_json

PAGING = frozenset({"limit", "cursor"})
RATE_MAX = 1_000_000  # deliveries a second

api_jobs = Blueprint("api_jobs", __name__, url_prefix="/api/v1")
api_jobs.register_error_handler(StoreDown, later)
for refusal in (bodies.CutOff, bodies.TooLarge, bodies.TooSlow):
    api_jobs.register_error_handler(refusal, unread)


class _WishSchema(Schema):
    dry_run = fields.Boolean(load_default=False)
    include_final = fields.Boolean(load_default=False)
    because = fields.String(
        load_default="", validate=[validate.Length(max=TEXT_MAX), storable]
    )
    rate = fields.Integer(
        load_default=None, validate=validate.Range(min=1, max=RATE_MAX)
    )


class _PageSchema(Schema):
    limit = fields.Integer(
        load_default=jobs.PAGE, validate=validate.Range(min=1, max=PAGE_MAX)
    )
    cursor = fields.Integer(
        load_default=None, validate=validate.Range(min=1, max=ID_MAX)
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    """A replay as it is asked for."""

    scope: Scope
    asker: Asker
    is_dry_run: bool


@api_jobs.post("/replays")
@needs("operate")
def post_replay() -> Response:
    """Count what the filter of the query finds, and have it sent again by a job.

    `?dry_run=1` only counts.
    """
    desk = web_desk()
    if bodies.read_body(request.environ):
        return answer(422, {"error": "the filter stands in the query: send no body"})
    try:
        wish = _wish(request.args.to_dict())
    except BadFilter as bad:
        return answer(422, {"errors": bad.errors})
    now = desk.clock()
    plans = plan(desk.store, wish.scope, desk.destinations.values(), now)
    counted = {"plans": [asdict(one) for one in plans], "n_set_back": 0}
    if wish.is_dry_run:
        return answer(200, {**counted, "job": None})
    job = start_replay(desk.store, wish.scope, plans, wish.asker, now)
    for one in plans:
        desk.nudge(one.destination)
    return answer(202, {**counted, "job": job_json(job)})


def _wish(arguments: Mapping[str, str]) -> _Wish:
    """Return what is asked for. Raises: BadFilter."""
    paging = PAGING & set(arguments)
    if paging:
        whole = ["a replay takes the whole filter"]
        raise BadFilter(dict.fromkeys(sorted(paging), whole))
    own = {name: arguments[name] for name in _WishSchema().fields if name in arguments}
    try:
        told = _WishSchema().load({name: text for name, text in own.items() if text})
    except ValidationError as error:
        raise BadFilter(_named(error)) from error
    rest = {name: text for name, text in arguments.items() if name not in own}
    wanted, _ = read_filter(rest)
    asker = Asker(who=_who(), reason=told["because"], rate_per_s=told["rate"])
    scope = Scope(
        wanted=replace(wanted, before_id=None), include_final=told["include_final"]
    )
    return _Wish(scope, asker, told["dry_run"])


def _named(error: ValidationError) -> dict[str, object]:
    return told_errors(error)


def _who() -> str:
    return f"key:{g.api_key.name}"


@api_jobs.get("/replays")
@needs("read")
def get_replays() -> Response:
    """Return one page of jobs, newest first."""
    try:
        page = _PageSchema().load(request.args.to_dict())
    except ValidationError as error:
        return answer(422, {"errors": _named(error)})
    found = jobs.list_jobs(web_desk().store, page["limit"] + 1, page["cursor"])
    items = found[: page["limit"]]
    cursor = items[-1].id if len(found) > len(items) else None
    return answer(200, {"items": [job_json(one) for one in items], "next": cursor})


@api_jobs.get("/replays/<int:job_id>")
@needs("read")
def get_replay(job_id: int) -> Response:
    """Return how far a job is."""
    job = jobs.find(web_desk().store, job_id)
    if job is None:
        return answer(404, {"error": "no such job"})
    return answer(200, job_json(job))


@api_jobs.post("/replays/<int:job_id>/cancel")
@needs("operate")
def post_cancel(job_id: int) -> Response:
    """End a job after the piece in hand; what it has done stays done."""
    desk = web_desk()
    is_ended = cancel_job(desk.store, job_id, _who(), desk.clock())
    job = jobs.find(desk.store, job_id)
    if job is None:
        return answer(404, {"error": "no such job"})
    return answer(200 if is_ended else 409, job_json(job))


@api_jobs.get("/destinations")
@needs("read")
def get_destinations() -> Response:
    """Return how every destination stands."""
    desk = web_desk()
    places = overview(desk.store, desk.destinations.values(), desk.clock())
    return answer(200, {"items": [place_json(one) for one in places]})


@api_jobs.post("/destinations/<name>/pause")
@needs("operate")
def post_pause(name: str) -> Response:
    """Leave a destination alone; `?because=` says why. Doing it twice is the same."""
    desk = web_desk()
    because = request.args.get("because", "")
    try:
        _WishSchema().load({"because": because})
    except ValidationError as error:
        return answer(422, {"errors": _named(error)})
    if name not in desk.destinations:
        return answer(404, {"error": "no such destination in the settings"})
    pause(desk.store, name, _who(), because, desk.clock())
    return _place(desk, name)


@api_jobs.post("/destinations/<name>/resume")
@needs("operate")
def post_resume(name: str) -> Response:
    """Go on calling a destination, at once. Doing it twice is the same."""
    desk = web_desk()
    if name not in desk.destinations:
        return answer(404, {"error": "no such destination in the settings"})
    if resume(desk.store, name, _who(), desk.clock()):
        desk.nudge(name)
    return _place(desk, name)


def _place(desk: WebDesk, name: str) -> Response:
    places = overview(desk.store, desk.destinations.values(), desk.clock())
    return answer(200, next(place_json(one) for one in places if one.name == name))
