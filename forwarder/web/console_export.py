"""`/console/deliveries.csv` and `.ndjson`: all that the filter in force finds.

And the shorter lists of the console as CSV, as long as their pages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, g, request
from flask.typing import ResponseReturnValue

from forwarder.store import audit
from forwarder.store.log import Filter
from forwarder.web import export, session
from forwarder.web.console_list import error_texts
from forwarder.web.console_query import given_filter
from forwarder.web.desk import web_desk
from forwarder.web.filters import BadFilter, read_filter

pages = Blueprint("export", __name__)


@pages.get("/deliveries.csv")
@session.needs("viewer")
def show_csv() -> ResponseReturnValue:
    """Return the list for a spreadsheet."""
    return _file(export.CSV)


@pages.get("/deliveries.ndjson")
@session.needs("viewer")
def show_ndjson() -> ResponseReturnValue:
    """Return the list for programs, a line of JSON each."""
    return _file(export.NDJSON)


def _file(form: str) -> ResponseReturnValue:
    given = {
        name: text
        for name, text in given_filter(request.args).items()
        if name not in {"cursor", "limit"}
    }
    try:
        wanted, _ = read_filter(given)
    except BadFilter as bad:
        abort(422, f"It cannot be used: {'; '.join(error_texts(bad.errors))}")
    return file_of(wanted, form, g.user.name, given)


def file_of(wanted: Filter, form: str, who: str, given: Mapping[str, str]) -> Response:
    """Return the file of a filter; the audit log notes what was given, but nobody.

    It is read while it is sent: a million lines need no more memory than a thousand.
    """
    desk = web_desk()
    now = desk.clock()
    shown = {k: "-" if k == "person" else v for k, v in given.items()}
    told = urlencode(shown, safe=",:")
    audit.note(desk.store, who, "exported", "deliveries", now, f"{form} {told}".strip())
    lines = export.every_line(desk.store, replace(wanted, before_id=None))
    answer = Response(export.pieces(lines, form), content_type=export.FORMATS[form])
    name = export.file_name(form, now)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def sheet_of(
    name: str, items: Iterable[Mapping[str, Any]], columns: Iterable[str]
) -> Response:
    """Return a list of the console for a spreadsheet."""
    answer = Response(
        export.sheet(items, columns), content_type=export.FORMATS[export.CSV]
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
