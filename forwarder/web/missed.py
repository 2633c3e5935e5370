"""A shop asked for what its webhooks never told, for console and API alike.

All that is done here is to write down that somebody wants it: a worker asks.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, fields, validate

from forwarder.pipeline import fetching
from forwarder.pipeline.missing import Window, why_not
from forwarder.pipeline.receive import Endpoint
from forwarder.pulls import ALL, ORDERS, PEOPLE, PULLS
from forwarder.store import jobs, shop_jobs
from forwarder.store.jobs import Job
from forwarder.web.desk import WebDesk
from forwarder.web.filters import Moment

BACK: Final = timedelta(days=7)  # unless a person says otherwise
RECENT: Final = 5
WHAT: Final = {ALL: "orders and people", ORDERS: "orders", PEOPLE: "people"}
BUSY: Final = "this shop is being asked right now: see its job, or cancel that first"


class WishSchema(Schema):
    """What to ask a shop for, and since when."""

    class Meta:
        """Forms carry a token besides."""

        unknown = EXCLUDE

    what = fields.String(load_default=ALL, validate=validate.OneOf(list(WHAT)))
    since = Moment(load_default=None)


class NotAsked(Exception):
    """The shop can not be asked for that: the sentence says what to do."""


def parts(endpoint: Endpoint) -> list[str]:
    """Return what a shop can be asked for."""
    told = list(PULLS.get(endpoint.source_name, ()))
    return [ALL, *told] if len(told) > 1 else told


def ask(desk: WebDesk, endpoint: Endpoint, wish: Mapping[str, Any], who: str) -> Job:
    """Have a worker count what is missing. Raises: NotAsked, StoreDown."""
    now, what = desk.clock(), wish["what"]
    window = Window(since=_since(wish["since"], now), until=now)
    _must_be_askable(endpoint, what)
    job = fetching.start_ask(desk.store, endpoint.name, what, window, who, now)
    return _begun(job)


def _must_be_askable(endpoint: Endpoint, what: str) -> None:
    why = why_not(endpoint, what)
    if why:
        raise NotAsked(why)


def _begun(job: Job | None) -> Job:
    if job is None:
        raise NotAsked(BUSY)
    return job


def _since(given: datetime | None, now: datetime) -> datetime:
    since = now - BACK if given is None else given
    if since >= now:
        raise NotAsked("since lies in the future: name a day that has begun")
    return since


def take_in(desk: WebDesk, endpoint: Endpoint, job_id: int, who: str) -> Job:
    """Have a worker take in what a job found missing. Raises: NotAsked, StoreDown."""
    asked = jobs.find(desk.store, job_id)
    if asked is None or not fetching.may_import(asked) or not _is_of(asked, endpoint):
        raise NotAsked("that job found nothing that is missing here: ask the shop anew")
    _must_be_askable(endpoint, asked.scope.what)
    return _begun(fetching.start_import(desk.store, asked, who, desk.clock()))


def _is_of(job: Job, endpoint: Endpoint) -> bool:
    return job.scope.wanted.endpoint == endpoint.name


def recent(desk: WebDesk, endpoint: Endpoint) -> list[Job]:
    """Return what a shop was asked for last, newest first."""
    return list(shop_jobs.latest(desk.store, endpoint.name, RECENT))
