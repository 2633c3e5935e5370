"""`/console/sources/<name>/missed…`: what no webhook told, counted and then taken in.

Both end on the page of a job, which shows how far it is and can be cancelled there.
"""

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from forwarder.store.jobs import Job
from forwarder.web import missed, session
from forwarder.web.console_query import read
from forwarder.web.console_source import found_endpoint, page
from forwarder.web.desk import web_desk
from forwarder.web.missed import NotAsked

pages = Blueprint("source_missed", __name__)


@pages.post("/sources/<name>/missed")
@session.needs("operator")
def post_ask(name: str) -> ResponseReturnValue:
    """Have the shop asked what is missing; nothing is taken in by that."""
    endpoint = found_endpoint(name)
    wish = read(missed.WishSchema(), request.form)
    job = missed.ask(web_desk(), endpoint, wish, g.user.name)
    return _led_to(job, "A worker asks the shop within seconds.")


@pages.post("/sources/<name>/missed/<int:job_id>")
@session.needs("operator")
def post_take_in(name: str, job_id: int) -> ResponseReturnValue:
    """Have taken in what a job found missing."""
    endpoint = found_endpoint(name)
    job = missed.take_in(web_desk(), endpoint, job_id, g.user.name)
    return _led_to(job, "A worker asks the shop again and takes in what is missing.")


@pages.errorhandler(NotAsked)
def not_asked(why: NotAsked) -> ResponseReturnValue:
    """Show the page of the source again, with the reason."""
    name = (request.view_args or {})["name"]
    return page(name, not_asked=str(why)), 409


def _led_to(job: Job, told: str) -> ResponseReturnValue:
    flash(told)
    return redirect(url_for("console.jobs.show", job_id=job.id), 303)
