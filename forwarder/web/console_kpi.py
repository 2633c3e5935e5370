"""`/console/kpi`: what to change next, and the numbers behind it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

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
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from forwarder.core.cells import no_formula
from forwarder.core.kpi import Task
from forwarder.insights.as_json import as_json, page_json
from forwarder.insights.board import Board, build_board
from forwarder.insights.gather import gather, latest_month
from forwarder.insights.period import Month, month_of, words_of
from forwarder.insights.quadrant import cuts
from forwarder.insights.tasks import close
from forwarder.store import audit, kpi_tasks
from forwarder.web import console_kpi_view as view
from forwarder.web import session
from forwarder.web.console_query import REASON_MAX_CHARS, read, read_reason
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.first_clicks import first_click_rows
from forwarder.web.hooks import answer
from forwarder.web.shapes import moment

YEARS: Final = range(2010, 2100)
MONTH: Final = re.compile(r"[0-9]{4}-[0-9]{2}")
PINS_SHOWN: Final = 10
NOT_KNOWN: Final = "one of the board's months, such as 2026-10"

pages = Blueprint("kpi", __name__)


class MonthText(fields.Field[Month]):
    """A month such as 2026-10."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Month:  # noqa: ANN401
        try:
            first_on = date.fromisoformat(f"{value}-01")
        except ValueError:
            raise ValidationError(NOT_KNOWN) from None
        if first_on.year not in YEARS:
            raise ValidationError(NOT_KNOWN)
        return month_of(first_on)


class _BoardSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    month = MonthText(load_default=None)


class _EndedSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    how = fields.String(
        load_default="outcome", validate=validate.OneOf(["outcome", "dismissed"])
    )


def board_of(desk: WebDesk, month: Month | None) -> Board:
    """Return the board of a month, or of the newest that anything is known of."""
    today, limits = desk.clock().date(), desk.limits
    if month is None:
        month = latest_month(desk.store, today, limits)
    return build_board(gather(desk.store, month, today, limits), limits)


def _board() -> Board:
    return board_of(web_desk(), read(_BoardSchema(), request.args)["month"])


@pages.get("/kpi")
@session.needs("viewer")
def show() -> str:
    """Show at most three things to do, then what they stand on."""
    desk, board = web_desk(), _board()
    tasks = kpi_tasks.tasks(desk.store, board.facts.month.text)
    return render_board(board, tasks, desk.clock().date())


def render_board(board: Board, tasks: Sequence[Task], today: date) -> str:
    """Return the page of a board."""
    month, data = board.facts.month, page_json(board, PINS_SHOWN)
    time_now, time_before = words_of(board.limits.period)
    return render_template(
        "console/kpi.html",
        board=board,
        data=data,
        view=view,
        revenue_text=view.revenue_text,
        groups=view.tiles(board),
        impressions=view.tile("impressions", board, view.weeks(board)),
        weeks=view.weeks(board),
        rules=view.rules(board, tasks),
        trends=list(view.trends(data["trends"])),
        quadrants=view.quadrant_counts(board),
        quadrant_chart=view.quadrant_chart(board, cuts(board.facts.pins, board.limits)),
        concentration_chart=view.concentration_chart(board),
        time_now=time_now,
        time_before=time_before,
        pins_shown=PINS_SHOWN,
        earlier=month.before.text,
        later=_later(month, today),
        reason_max=REASON_MAX_CHARS,
    )


def _later(month: Month, today: date) -> str:
    """Return the month after; empty where it has not begun."""
    following = month.last_on + timedelta(days=1)
    return f"{following:%Y-%m}" if following <= today else ""


@pages.get("/kpi.json")
@session.needs("viewer")
def show_json() -> ResponseReturnValue:
    """Return the same as data, with the tasks of the month."""
    return answer(200, board_json(web_desk(), _board()))


def board_json(desk: WebDesk, board: Board) -> dict[str, Any]:
    """Return a board and its tasks as data."""
    tasks = kpi_tasks.tasks(desk.store, board.facts.month.text)
    return {**as_json(board), "tasks": [task_json(task) for task in tasks]}


def task_json(task: Task) -> dict[str, Any]:
    """Return a task as every door shows it."""
    return {
        "rule": task.rule,
        "month": task.month,
        "opened_on": f"{task.opened_on}",
        "earliest_on": f"{task.earliest_on}",
        "due_on": f"{task.due_on}",
        "closed_at": moment(task.closed_at),
        "dismissed": task.is_dismissed,
        "note": task.note,
        "who": task.who,
    }


@pages.get("/kpi.csv")
@session.needs("viewer")
def show_csv() -> Response:
    """Return the Pins of the last 28 days as a table, safe for spreadsheets."""
    board = _board()
    return _csv(_rows(board), f"pins-{board.facts.month.text}.csv")


def _csv(rows: Iterable[tuple[object, ...]], name: str) -> Response:
    text = "".join(f"{','.join(map(_cell, row))}\r\n" for row in rows)
    return Response(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@pages.get("/kpi/first-clicks.csv")
@session.needs("viewer")
def show_first_clicks() -> Response:
    """Return what people ordered first and again, by the link they first clicked."""
    board = _board()
    name = f"first-clicks-{board.facts.month.text}.csv"
    return _csv(first_click_rows(board.facts.first_clicks), name)


COLUMNS: Final = (
    *("pin_id", "title", "impressions", "pin_clicks", "outbound_clicks", "saves"),
    *("outbound_click_rate", "save_rate", "quadrant", "missed_clicks"),
)


def _rows(board: Board) -> Iterator[tuple[object, ...]]:
    yield COLUMNS
    for line in board.pins:
        one = line.counts
        rates = (line.outbound_click_rate, line.save_rate)
        yield (
            line.pin_id,
            board.facts.titles.get(line.pin_id, ""),
            one.impressions,
            one.pin_clicks,
            one.outbound_clicks,
            one.saves,
            *("" if rate is None else f"{float(rate):.6f}" for rate in rates),
            line.quadrant.value,
            f"{line.missed_clicks:.1f}",
        )


def _cell(value: object) -> str:
    text = no_formula(str(value)).replace('"', '""')
    return f'"{text}"' if set(text) & set(',"\r\n') else text


@pages.post("/kpi/tasks/<month>/<rule>/close")
@session.needs("operator")
def post_close(month: str, rule: str) -> ResponseReturnValue:
    """Close a task with its outcome, or the reason why nothing is done."""
    desk, note = web_desk(), read_reason()
    is_dismissed = read(_EndedSchema(), request.form)["how"] == "dismissed"
    if not end_task(desk, month, rule, note, g.user.name, is_dismissed=is_dismissed):
        abort(409, "No such task is open: open the board again, then decide.")
    flash("The task is closed.")
    return redirect(url_for("console.kpi.show", month=month), 303)


def end_task(
    desk: WebDesk, month: str, rule: str, note: str, who: str, *, is_dismissed: bool
) -> bool:
    """Close a task and write it down; False where none of this name is open."""
    if not MONTH.fullmatch(month):
        return False
    found = {task.rule: task for task in kpi_tasks.tasks(desk.store, month)}
    if rule not in found:
        return False
    now = desk.clock()
    is_closed = close(
        desk.store, found[rule], note, who, now, is_dismissed=is_dismissed
    )
    if is_closed:
        action = "dismissed a task" if is_dismissed else "closed a task"
        audit.note(desk.store, who, action, f"{month} {rule}", now, note)
    return is_closed
