"""`/api/v1/reports…`: finished reports by month, and one more when it is asked for."""

from collections.abc import Mapping

from flask import Blueprint, Response, g, request

from forwarder.store import audit, report_posts, report_requests, report_versions
from forwarder.store.writer import StoreDown
from forwarder.web.api import later, needs
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.report_months import is_month, month_json, months
from forwarder.web.shapes_reports import version_json

STAMPS = frozenset({"", "final", "provisional"})

api_reports = Blueprint("api_reports", __name__, url_prefix="/api/v1")
api_reports.register_error_handler(StoreDown, later)


@api_reports.get("/reports")
@needs("read")
def get_reports() -> Response:
    """Return the months that have a report, newest first."""
    destination = _destination(request.args)
    if destination is None:
        return _no_destination()
    found = months(web_desk().store, destination)
    items = [month_json(one) for one in found]
    return answer(200, {"destination": destination, "items": items})


@api_reports.get("/reports/<month>")
@needs("read")
def get_report(month: str) -> Response:
    """Return the newest report of a month, or the newest of one stamp."""
    destination, stamp = _destination(request.args), request.args.get("stamp", "")
    if destination is None:
        return _no_destination()
    if not is_month(month) or stamp not in STAMPS:
        return answer(
            422, {"errors": {"month or stamp": ["such as 2026-10 and final"]}}
        )
    store = web_desk().store
    heads = report_versions.list_heads(store, destination, month)
    wanted = next((one for one in heads if stamp in {"", one.stamp}), None)
    found = None if wanted is None else report_versions.find_version(store, wanted.id)
    if found is None:
        return answer(404, {"error": "no report of this month is kept: POST one"})
    return answer(200, version_json(*found, report_posts.posts_of(store, found[0].id)))


@api_reports.post("/reports")
@needs("operate")
def post_report() -> Response:
    """Let a worker make the report of a month."""
    destination, month = _destination(request.args), request.args.get("month", "")
    if destination is None:
        return _no_destination()
    if not is_month(month):
        return answer(
            422, {"errors": {"month": ["write it as YYYY-MM: ?month=2026-10"]}}
        )
    desk = web_desk()
    now, who = desk.clock(), f"key:{g.api_key.name}"
    is_new = report_requests.ask(desk.store, destination, month, who, now)
    if is_new:
        audit.note(desk.store, who, "report asked for", f"{destination} {month}", now)
    return answer(202, {"month": month, "destination": destination, "is_new": is_new})


def _destination(given: Mapping[str, str]) -> str | None:
    """Return the destination that is meant: the only one where none is named."""
    names = list(web_desk().destinations)
    wanted = given.get("destination", names[0] if len(names) == 1 else None)
    return wanted if wanted in names else None


def _no_destination() -> Response:
    told = ["name one of the settings: ?destination="]
    return answer(422, {"errors": {"destination": told}})
