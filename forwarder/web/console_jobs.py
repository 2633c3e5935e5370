"""`/console/jobs…`: what was asked to be done to many, how far it is, and its end."""

from typing import Final

from flask import Blueprint, abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from forwarder.pipeline.fetching import may_import
from forwarder.pipeline.replay import cancel_job
from forwarder.store import jobs
from forwarder.store.jobs import Job, JobKind, State
from forwarder.web import missed, session
from forwarder.web.console_export import sheet_of
from forwarder.web.console_query import read_cursor
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.shapes import job_json
from forwarder.web.words import LEFT_ALONE, NOT_TAKEN

KINDS: Final = {
    JobKind.REPLAY: "Send again",
    JobKind.DISCARD: "Discard",
    JobKind.REPARSE: "Read again",
    JobKind.ASK: "Ask the shop",
    JobKind.IMPORT: "Take in what was missed",
}
STATES: Final = {
    State.PLANNED: "It waits for a worker.",
    State.RUNNING: "A worker is at it, piece by piece.",
    State.DONE: "It did all it could.",
    State.CANCELLED: "A person ended it. What it had done stays done.",
    State.FAILED: "It could not go on. What it had done stays done.",
}
LEFT: Final = {
    **LEFT_ALONE,
    "final": "delivered or skipped already (filter by that status to take them)",
}

COLUMNS: Final = (
    "id",
    "kind",
    "state",
    "who",
    "reason",
    "filter",
    "planned",
    "done",
    "skipped",
    "created_at",
    "started_at",
    "ended_at",
)

pages = Blueprint("jobs", __name__)


@pages.get("/jobs")
@session.needs("viewer")
def show_all() -> str:
    """Show one page of jobs, newest first."""
    found, next_id = _page()
    return render_template(
        "console/jobs.html", found=found, next_id=next_id, kinds=KINDS, states=STATES
    )


@pages.get("/jobs.json")
@session.needs("viewer")
def show_all_json() -> ResponseReturnValue:
    """Return one page of jobs as data."""
    found, next_id = _page()
    return answer(200, {"items": [job_json(one) for one in found], "next": next_id})


@pages.get("/jobs.csv")
@session.needs("viewer")
def show_all_csv() -> ResponseReturnValue:
    """Return one page of jobs for a spreadsheet."""
    return sheet_of("jobs", map(job_json, _page()[0]), COLUMNS)


def _page() -> tuple[list[Job], int | None]:
    found = list(jobs.list_jobs(web_desk().store, jobs.PAGE + 1, read_cursor()))
    items = found[: jobs.PAGE]
    return items, items[-1].id if len(found) > len(items) else None


@pages.get("/jobs/<int:job_id>")
@session.needs("viewer")
def show(job_id: int) -> str:
    """Show one job: its filter, how far it is, and what it left alone."""
    job = _job(job_id)
    return render_template(
        "console/job.html",
        job=job,
        told=job_json(job),
        kinds=KINDS,
        states=STATES,
        left=LEFT,
        may_import=may_import(job),
        not_taken=NOT_TAKEN,
        imported=JobKind.IMPORT,
        what=missed.WHAT,
    )


def _job(job_id: int) -> Job:
    job = jobs.find(web_desk().store, job_id)
    if job is None:
        abort(404, "There is no job of this number: see the list of jobs.")
    return job


@pages.get("/jobs/<int:job_id>.json")
@session.needs("viewer")
def show_json(job_id: int) -> ResponseReturnValue:
    """Return one job as data."""
    return answer(200, job_json(_job(job_id)))


@pages.post("/jobs/<int:job_id>/cancel")
@session.needs("operator")
def post_cancel(job_id: int) -> ResponseReturnValue:
    """End a job after the piece in hand."""
    desk = web_desk()
    job = _job(job_id)
    if not cancel_job(desk.store, job.id, g.user.name, desk.clock()):
        abort(409, "It was over before: nothing was changed. Open its page again.")
    flash("It ends after the piece in hand. What it has done stays done.")
    return redirect(url_for("console.jobs.show", job_id=job.id), 303)
