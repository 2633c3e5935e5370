"""`/console/sources/<name>/test`: a sample through our own front door, as a test."""

from typing import Final

from flask import Blueprint, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from forwarder.web import session
from forwarder.web.console_source import found_endpoint, page
from forwarder.web.desk import web_desk
from forwarder.web.trying import NoTest, Tried, send_test

TAKEN_IN: Final = (
    "This is the test: it was signed, proven, read and written down like a webhook of "
    "the shop. It never counts as an order."
)

pages = Blueprint("source_trying", __name__)


@pages.post("/sources/<name>/test")
@session.needs("operator")
def post_test(name: str) -> ResponseReturnValue:
    """Send a sample as a test; lead to its event, or say what became of it."""
    endpoint = found_endpoint(name)
    try:
        case = request.form.get("case", "")
        tried = send_test(web_desk(), endpoint, case, g.user.name)
    except NoTest as none:
        return page(name, no_test=str(none)), 409
    return _led_on(name, tried)


def _led_on(name: str, tried: Tried) -> ResponseReturnValue:
    if not tried.lines:
        return page(name, tried=tried)
    flash(TAKEN_IN)
    to = url_for("console.deliveries.show", delivery_id=tried.lines[0].id)
    return redirect(to, 303)
