"""Keep what fired rules ask for: one task per rule and month, until it is closed."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from forwarder.core.kpi import Task
from forwarder.store.engine import Store
from forwarder.store.schema_pins import kpi_tasks
from forwarder.store.upsert import insert_into


def open_task(store: Store, task: Task) -> bool:
    """Keep a task unless its rule has one in this month; tell whether it is new."""
    row = {
        "rule": task.rule,
        "month": task.month,
        "opened_on": f"{task.opened_on}",
        "earliest_on": f"{task.earliest_on}",
        "due_on": f"{task.due_on}",
        "closed_at": None,
        "is_dismissed": False,
        "note": "",
        "who": "",
    }
    statement = (
        insert_into(kpi_tasks, store.engine).values(row).on_conflict_do_nothing()
    )
    with store.write() as connection:
        made = connection.execute(statement.returning(kpi_tasks.c.id)).first()
    return made is not None


def tasks(store: Store, month: str = "") -> Sequence[Task]:
    """Return the tasks of a month, or all; the latest first."""
    c = kpi_tasks.c
    query = sa.select(kpi_tasks).order_by(c.opened_on.desc(), c.rule)
    if month:
        query = query.where(c.month == month)
    with store.read() as connection:
        return [_task(row) for row in connection.execute(query)]


def _task(row: sa.Row[tuple[object, ...]]) -> Task:
    return Task(
        rule=row.rule,
        month=row.month,
        opened_on=date.fromisoformat(row.opened_on),
        earliest_on=date.fromisoformat(row.earliest_on),
        due_on=date.fromisoformat(row.due_on),
        closed_at=row.closed_at,
        is_dismissed=row.is_dismissed,
        note=row.note,
        who=row.who,
    )


def close_task(store: Store, task: Task) -> bool:
    """Keep how an open task ended; False where none is open for its rule and month."""
    statement = (
        sa.update(kpi_tasks)
        .where(
            kpi_tasks.c.rule == task.rule,
            kpi_tasks.c.month == task.month,
            kpi_tasks.c.closed_at.is_(None),
        )
        .values(
            closed_at=task.closed_at,
            is_dismissed=task.is_dismissed,
            note=task.note,
            who=task.who,
        )
    )
    return store.commit(lambda connection: connection.execute(statement).rowcount > 0)
