"""R23: what a fired rule asks for is a task, one a month, until it is closed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from forwarder.core.kpi import Task
from forwarder.insights.board import Board, build_board
from forwarder.insights.findings import RuleState
from forwarder.insights.gather import gather, latest_month, prepare
from forwarder.insights.thresholds import Thresholds
from forwarder.store import kpi_tasks
from forwarder.store.engine import Store

EARLIEST: Final = timedelta(days=7)
DUE: Final = timedelta(days=14)


def wanted(board: Board, today: date) -> Sequence[Task]:
    """Return a task for each rule that fired, whatever number of Pins it fired for."""
    rules = {one.rule for one in board.findings if one.state is RuleState.FIRED}
    return [
        Task(
            rule=rule,
            month=board.facts.month.text,
            opened_on=today,
            earliest_on=today + EARLIEST,
            due_on=today + DUE,
        )
        for rule in sorted(rules)
    ]


def open_tasks(store: Store, today: date, limits: Thresholds) -> int:
    """Open what the newest month asks for and is not asked yet; return how many."""
    month = latest_month(store, today, limits)
    prepare(store, today, limits)
    board = build_board(gather(store, month, today, limits), limits)
    return sum(kpi_tasks.open_task(store, task) for task in wanted(board, today))


def close(
    store: Store, task: Task, note: str, who: str, now: datetime, *, is_dismissed: bool
) -> bool:
    """Close an open task with its outcome, or the reason why nothing is done.

    False where it is not open any more. Raises: ValueError without a word.
    """
    if not note.strip():
        raise ValueError("say what came of it, or why nothing is done")
    ended = replace(
        task, closed_at=now, is_dismissed=is_dismissed, note=note.strip(), who=who
    )
    return kpi_tasks.close_task(store, ended)
