"""`/console/jobs/new/…`: send again, discard or read again all that a filter finds.

First a page that counts and asks, then a form that starts the job.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

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
from werkzeug.datastructures import MultiDict

from forwarder.pipeline import replay
from forwarder.pipeline.replay import Asker
from forwarder.store import quarantine
from forwarder.store.jobs import OF_DELIVERIES, Job, JobKind, Scope
from forwarder.store.log import Filter
from forwarder.web import console_list, session
from forwarder.web.console_jobs import KINDS, LEFT
from forwarder.web.console_query import REASON_MAX_CHARS, given_filter, read, refuse
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.filters import BadFilter, read_filter, storable
from forwarder.web.hooks import answer

OWN: Final = frozenset({"token", "because", "rate", "planned", "cursor", "limit"})
OF_WEBHOOKS: Final = frozenset({"endpoint", "source", "reason", "since", "until"})
RATE_MAX: Final = 1_000_000  # a second
GROWN_MOST: Final = 1.1  # times what was confirmed; more is asked for again

pages = Blueprint("bulk", __name__)


class _OrderSchema(Schema):
    class Meta:
        unknown = EXCLUDE  # the filter is read elsewhere

    because = fields.String(
        load_default="", validate=[validate.Length(max=REASON_MAX_CHARS), storable]
    )
    rate = fields.Integer(
        load_default=None, validate=validate.Range(min=1, max=RATE_MAX)
    )
    planned = fields.Integer(load_default=0, validate=validate.Range(min=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a job would do. `n_delivered` of `n` were delivered before."""

    n: int
    n_delivered: int = 0
    left_alone: Mapping[str, int] = field(default_factory=dict)


@pages.get("/jobs/new/<what>")
@session.needs("operator")
def show(what: str) -> str:
    """Count what the filter of the address finds, and ask."""
    kind, given, wanted = _kind(what), _given(request.args), _wanted(request.args)
    desk = web_desk()
    return _page(kind, given, counted(desk, kind, wanted, desk.clock()))


def _page(
    kind: JobKind, given: Mapping[str, str], found: Counted, why: str = ""
) -> str:
    return render_template(
        "console/bulk.html",
        kind=kind.value,
        title=KINDS[kind],
        given=given,
        chips=console_list.chips(given),
        counted=found,
        left=LEFT,
        why=why,
        typed=request.form,
    )


@pages.get("/jobs/new/<what>.json")
@session.needs("operator")
def show_json(what: str) -> ResponseReturnValue:
    """Return the same counts as data; nothing is started."""
    desk = web_desk()
    found = counted(desk, _kind(what), _wanted(request.args), desk.clock())
    return answer(
        200,
        {
            "planned": found.n,
            "delivered_before": found.n_delivered,
            "skipped": dict(found.left_alone),
        },
    )


@pages.post("/jobs/new/<what>")
@session.needs("operator")
def post(what: str) -> ResponseReturnValue:
    """Start the job, unless there is clearly more to it than was agreed to."""
    kind, given, wanted = _kind(what), _given(request.form), _wanted(request.form)
    order = read(_OrderSchema(), request.form)
    desk = web_desk()
    now = desk.clock()
    found = counted(desk, kind, wanted, now)
    why = _objection(kind, found, order)
    if why:
        return _page(kind, given, found, why), 409
    job = _start(desk, kind, wanted, _asker(order), now)
    for name in desk.destinations:
        desk.nudge(name)
    flash("The job is written down. A worker begins it in a moment.")
    return redirect(url_for("console.jobs.show", job_id=job.id), 303)


def _objection(kind: JobKind, found: Counted, order: Mapping[str, Any]) -> str:
    """Return why it is not started; empty when it is."""
    if found.n == 0:
        return "There is nothing to do: nothing of the filter is left for it."
    if found.n > GROWN_MOST * order["planned"]:
        return "There is more than this page showed before. Look at the number again."
    if kind is JobKind.DISCARD and not order["because"].strip():
        return "Say why: what is discarded is never sent, and somebody will ask."
    return ""


def _asker(order: Mapping[str, Any]) -> Asker:
    because = order["because"].strip()
    return Asker(who=g.user.name, reason=because, rate_per_s=order["rate"])


def _kind(what: str) -> JobKind:
    if what not in OF_DELIVERIES:
        abort(404, "There is no such job: send again, discard or read again.")
    kind = JobKind(what)
    given = request.args if request.method == "GET" else request.form
    strange = _given(given).keys() - OF_WEBHOOKS
    if kind is JobKind.REPARSE and strange:
        refuse(dict.fromkeys(sorted(strange), "not known of a webhook"))
    return kind


def _given(given: MultiDict[str, str]) -> dict[str, str]:
    """Return the filter as it was given, without what is not part of it."""
    filled = given_filter(given)
    if "ids" in given and "ids" not in filled:  # a form of ticks without any
        refuse({"ids": "tick at least one delivery of the list, then try again"})
    return {name: text for name, text in filled.items() if name not in OWN}


def _wanted(given: MultiDict[str, str]) -> Filter:
    try:
        wanted, _ = read_filter(_given(given))
    except BadFilter as bad:
        refuse(bad.errors)
    return replace(wanted, before_id=None)


def counted(desk: WebDesk, kind: JobKind, wanted: Filter, now: datetime) -> Counted:
    """Count what a job over this filter would do, and what it would leave alone."""
    scope = Scope(wanted=wanted)
    if kind is JobKind.DISCARD:
        return Counted(n=replay.count_open(desk.store, scope))
    if kind is JobKind.REPARSE:
        held = quarantine.count_held(desk.store, wanted)
        cleared = {"cleared": held.n_cleared} if held.n_cleared else {}
        return Counted(n=held.n_held - held.n_cleared, left_alone=cleared)
    left: Counter[str] = Counter()
    plans = replay.plan(desk.store, scope, desk.destinations.values(), now)
    for one in plans:
        left.update(one.left_alone)
    return Counted(
        n=sum(one.n_ready for one in plans),
        n_delivered=sum(one.n_delivered for one in plans),
        left_alone=left,
    )


def _start(
    desk: WebDesk, kind: JobKind, wanted: Filter, asker: Asker, now: datetime
) -> Job:
    scope = Scope(wanted=wanted)
    if kind is JobKind.DISCARD:
        return replay.start_discard(desk.store, scope, asker, now)
    if kind is JobKind.REPARSE:
        return replay.start_reparse(desk.store, scope, asker, now)
    plans = replay.plan(desk.store, scope, desk.destinations.values(), now)
    return replay.start_replay(desk.store, scope, plans, asker, now)
