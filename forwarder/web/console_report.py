"""`/console/reports…`: the months with their gaps, and each report as it was made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from forwarder.reconcile.mirror_standing import MirrorStanding, mirror_standing
from forwarder.reconcile.page_style import PARTS
from forwarder.store import audit, report_posts, report_requests, report_versions
from forwarder.store.log import ID_MAX
from forwarder.store.report_requests import ReportRequest
from forwarder.store.report_versions import Head, Version
from forwarder.web import session
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.report_months import ReportMonth, is_month, month_json, months
from forwarder.web.shapes_reports import mirror_json, request_json, version_json

BEGIN: Final = '<main class="report">'
END: Final = "</main>"
TYPES: Final = {
    "html": "text/html",
    "json": "application/json",
    "md": "text/markdown",
    "csv": "text/csv",
}
WIDEST: Final = 1.0  # of a gap either way: what is beyond is cut off in the picture

pages = Blueprint("reports", __name__)


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a month's band stands in its picture. Units: percent of its width."""

    left: float
    width: float
    point: float
    zero: float


@pages.get("/reports")
@session.needs("viewer")
def show_all() -> str:
    """Show the months that have a report, with their gaps, and what was asked for."""
    destination = _destination()
    found = months(web_desk().store, destination)
    return render_template(
        "console/reports.html",
        destination=destination,
        destinations=list(web_desk().destinations),
        months=found,
        bars=bars(found),
        asked=_asked(destination),
        mirror=_mirror(),
        last_month=_last_month(),
    )


@pages.get("/reports.json")
@session.needs("viewer")
def show_all_json() -> ResponseReturnValue:
    """Return the same as data."""
    destination = _destination()
    found = months(web_desk().store, destination)
    asked = [request_json(one) for one in _asked(destination)]
    items = [month_json(one) for one in found]
    told = {"destination": destination, "items": items, "asked": asked}
    return answer(200, {**told, "mirror": mirror_json(_mirror())})


def _destination() -> str:
    names = list(web_desk().destinations)
    wanted = request.args.get("destination", names[0] if names else "")
    if wanted not in names and wanted:
        abort(404, "No destination of the settings has this name.")
    return wanted


def _mirror() -> MirrorStanding:
    desk = web_desk()
    return mirror_standing(desk.store, tuple(desk.endpoints), desk.clock())


def _asked(destination: str) -> Sequence[ReportRequest]:
    return report_requests.recent_requests(web_desk().store, destination)


def _last_month() -> str:
    now = web_desk().clock()
    year, month = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
    return f"{year}-{month:02d}"


def bars(found: Sequence[ReportMonth]) -> dict[str, Bar]:
    """Return the picture of each month's band, all on one scale."""
    told = {one.month: one.told for one in found}
    ends = [0.0]
    for one in told.values():
        if one is not None and one.low is not None and one.high is not None:
            ends += [_cut(one.low), _cut(one.high)]
    low, width = min(ends), max(max(ends) - min(ends), 0.01)

    def at(share: float) -> float:
        return round(100 * (_cut(share) - low) / width, 1)

    return {
        month: Bar(
            at(one.low), max(at(one.high) - at(one.low), 0.5), at(one.gap), at(0)
        )
        for month, one in told.items()
        if one is not None
        and one.gap is not None
        and one.low is not None
        and one.high is not None
    }


def _cut(share: float) -> float:
    return min(max(share, -WIDEST), WIDEST)


@pages.get("/reports/<int:version_id>")
@session.needs("viewer")
def show(version_id: int) -> str:
    """Show one report as it was made."""
    head, version = _version(version_id)
    store = web_desk().store
    return render_template(
        "console/report.html",
        head=head,
        body=body_of(version.page),
        others=[
            one
            for one in report_versions.list_heads(store, head.destination, head.month)
            if one.id != head.id
        ],
        posts=report_posts.posts_of(store, head.id),
    )


def body_of(page: str) -> Markup:
    """Return the inside of a kept page: we wrote it, and escaped what others said."""
    return Markup(page.partition(BEGIN)[2].rpartition(END)[0])  # noqa: S704  as said


def _version(version_id: int) -> tuple[Head, Version]:
    found = None
    if version_id <= ID_MAX:
        found = report_versions.find_version(web_desk().store, version_id)
    if found is None:
        abort(404, "There is no report of this number: see the list of reports.")
    return found


@pages.get("/reports/<int:version_id>.json")
@session.needs("viewer")
def show_json(version_id: int) -> ResponseReturnValue:
    """Return one report as data."""
    head, version = _version(version_id)
    posts = report_posts.posts_of(web_desk().store, head.id)
    return answer(200, version_json(head, version, posts))


@pages.get("/reports/<int:version_id>/report.<any(html, md, csv, json):form>")
@session.needs("viewer")
def download(version_id: int, form: str) -> ResponseReturnValue:
    """Return one report as a file."""
    head, version = _version(version_id)
    text = _text(version_id, version, form)
    name = f"gap-{head.month}-{head.stamp}.{form}"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype=TYPES[form], headers=disposition)


def _text(version_id: int, version: Version, form: str) -> str | bytes:
    if form == "html":
        return version.page
    if form == "json":
        return version.content
    text = report_versions.form_of(web_desk().store, version_id, form)
    if text is None:
        abort(404, "This report was not kept in this form: take the page or the JSON.")
    return text


@pages.get("/reports/style.css")
@session.needs("viewer")
def style() -> ResponseReturnValue:
    """Return the look of a report."""
    return Response(PARTS, mimetype="text/css")


@pages.post("/reports/make")
@session.needs("operator")
def post_make() -> ResponseReturnValue:
    """Let a worker make the report of a month."""
    desk = web_desk()
    destination, month = _destination_of_form(), request.form.get("month", "")
    if not is_month(month):
        abort(422, "Write the month as YYYY-MM, such as 2026-10.")
    now, who = desk.clock(), g.user.name
    if report_requests.ask(desk.store, destination, month, who, now):
        audit.note(desk.store, who, "report asked for", f"{destination} {month}", now)
        flash(
            f"A worker makes the report of {month}. Open this page again in a moment."
        )
    else:
        flash(f"The report of {month} is being made already.")
    list_of = url_for("console.reports.show_all", destination=destination)
    return redirect(list_of, 303)


def _destination_of_form() -> str:
    names = list(web_desk().destinations)
    wanted = request.form.get("destination", names[0] if names else "")
    if wanted not in names:
        abort(404, "No destination of the settings has this name.")
    return wanted
