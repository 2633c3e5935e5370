"""`/console/settings`: each setting, its default, and where its value comes from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from forwarder.web import session
from forwarder.web.desk import web_desk
from forwarder.web.hooks import answer
from forwarder.web.shapes_desk import sheet_json
from forwarder.web.sheet import Setting

pages = Blueprint("settings", __name__)


@dataclass(frozen=True, slots=True)
class Group:
    """One table of the file: what somebody set, and what is as it came."""

    table: str
    chosen: Sequence[Setting]
    untouched: Sequence[Setting]


@pages.get("/settings")
@session.needs("operator")
def show() -> str:
    """Show every setting, and what a restart would change."""
    sheet = web_desk().sheet
    return render_template(
        "console/settings.html",
        sheet=sheet,
        ahead=sheet.ahead(),
        groups=list(groups(sheet.rows)),
    )


@pages.get("/settings.json")
@session.needs("operator")
def show_json() -> ResponseReturnValue:
    """Return the same as data."""
    sheet = web_desk().sheet
    return answer(200, sheet_json(sheet.rows, sheet.file, sheet.doubts, sheet.ahead()))


def groups(rows: Sequence[Setting]) -> Iterator[Group]:
    """Give the settings table by table, in the order of the settings' page."""
    for table, found in groupby(rows, key=lambda row: row.table):
        members = list(found)
        yield Group(
            table,
            [one for one in members if not one.is_default],
            [one for one in members if one.is_default],
        )
