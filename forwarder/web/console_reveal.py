"""`/console/deliveries/…/reveal`: a person in clear, for whoever may and says why.

Posted, written into the audit log before anything is shown, and kept by no cache.
"""

from flask import Blueprint, abort, g, render_template
from flask.typing import ResponseReturnValue

from forwarder.store import audit, reveal
from forwarder.store.story import show
from forwarder.web import session
from forwarder.web.console_query import read_reason
from forwarder.web.desk import web_desk
from forwarder.web.person import body_text, in_clear

pages = Blueprint("reveal", __name__)


@pages.post("/deliveries/<int:delivery_id>/reveal")
@session.needs("operator")
def post(delivery_id: int) -> ResponseReturnValue:
    """Show once who a delivery is about, and the request it came in."""
    desk = web_desk()
    story = show(desk.store, delivery_id)
    if story is None:
        abort(404, "There is no delivery of this number: it may be past its retention.")
    because = read_reason()
    opened = reveal.open_delivery(desk.store, delivery_id)
    if opened.is_empty:
        abort(410, "Nothing is left to show: retention or a request cleared it.")
    subject = f"delivery {delivery_id}"
    audit.note(desk.store, g.user.name, "revealed", subject, desk.clock(), because)
    return render_template(
        "console/revealed.html",
        line=story.line,
        because=because,
        values=None if opened.event is None else in_clear(opened.event.person),
        notice=opened.notice,
        body=None if opened.notice is None else body_text(opened.notice),
    )
