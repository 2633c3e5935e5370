"""The demo's year of Pinterest: the board over it, and whether it tells the truth."""

from datetime import date, datetime, timedelta
from pathlib import Path

import click
import orjson

from forwarder.cli.demo_account import (
    FAMOUS,
    MONTHS,
    Account,
    account_until,
    pin_id,
    planted,
)
from forwarder.cli.demo_clicks import plant_clicks, plant_numbers, plant_orders
from forwarder.cli.demo_report import lines_of
from forwarder.core.experiment import Objective, Phase, Plan, Shown, Variable, Variant
from forwarder.insights.as_json import as_json
from forwarder.insights.as_text import as_text
from forwarder.insights.board import Board, build_board
from forwarder.insights.gather import gather
from forwarder.insights.recording import keep_days
from forwarder.insights.tasks import open_tasks
from forwarder.insights.thresholds import Thresholds
from forwarder.store import experiments, kpi, pins
from forwarder.wiring import Wired, thresholds

DAYS = 14
SHOWN = 3000


def write_board(wired: Wired, now: datetime, out: Path) -> list[str]:
    """Write the board of the last month; return where it contradicts the account."""
    store, limits = wired.store, thresholds(wired.settings)
    account = account_until(now.date())
    kpi.keep(store, account.days(), now)
    pins.keep_facts(store, list(account.facts()), now)
    pins.keep_boards(store, list(account.boards()), now)
    arrived = plant_clicks(store, account, now)
    plant_numbers(store, account, now)
    plant_orders(store, arrived, lines_of(wired), now)
    _experiment(wired, account, now)
    open_tasks(store, now.date(), limits)
    boards = [
        _board(wired, account, back, now.date(), limits) for back in range(MONTHS)
    ]
    text = as_text(boards[0])
    (out / "kpi.json").write_bytes(orjson.dumps(as_json(boards[0])))
    (out / "kpi.txt").write_text(f"{text}\n", encoding="utf-8")
    click.echo(text.partition("\nIntent")[0])
    faults = [fault for back, one in enumerate(boards) for fault in untrue(one, back)]
    if not faults:
        click.echo(f"KPI board: {MONTHS} months, every planted story found, no other")
    return faults


def _board(
    wired: Wired, account: Account, back: int, today: date, limits: Thresholds
) -> Board:
    facts = gather(wired.store, account.month(back), today, limits)
    return build_board(facts, limits)


def untrue(board: Board, back: int) -> list[str]:
    """Return which planted story is missing, and what is confirmed without one."""
    found: dict[str, set[str]] = {}
    for one in board.findings:
        if one.is_confirmed:
            found.setdefault(one.rule, set()).update({one.pin_id or ""} - {""})
    wanted = planted(back)
    return [
        f"KPI board of {board.facts.month.text}: {rule} is not as planted"
        for rule in sorted({*found, *wanted})
        if found.get(rule) != wanted.get(rule)
    ]


def _experiment(wired: Wired, account: Account, now: datetime) -> None:
    """Keep one experiment with its days: a call to action that doubled the clicks."""
    names = ("as it was", "ask for the click")
    plan = Plan(
        name="almost-famous",
        objective=Objective.VISITS,
        variable=Variable.CALL_TO_ACTION,
        phase=Phase.CREATIVE,
        variants=[
            Variant(
                name=name,
                attributes={"call_to_action": text},
                pin_ids=[pin_id(FAMOUS + n)],
            )
            for n, (name, text) in enumerate(
                zip(names, ("Learn more", "Get the plan"), strict=True)
            )
        ],
        rho=0.002,
        note="The image works; a stronger hook brings the missed clicks.",
    )
    experiments.create(wired.store, plan, now)
    first = account.month(0).first_on
    days = [
        Shown(
            variant=variant,
            on=first + timedelta(days=n),
            impressions=SHOWN,
            successes=6 * (variant + 1) + n % 3,
        )
        for n in range(DAYS)
        for variant in range(len(names))
    ]
    keep_days(wired.store, plan, days, now)
