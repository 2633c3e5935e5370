"""Two months of the invented account and an experiment, for pages that show them."""

from datetime import date, timedelta

from forwarder.cli.demo_account import account_until
from forwarder.core.experiment import Objective, Phase, Plan, Shown, Variable, Variant
from forwarder.core.kpi import Counts, DeviceDay
from forwarder.insights.recording import record_days
from forwarder.insights.tasks import open_tasks
from forwarder.insights.thresholds import Thresholds
from forwarder.store import Store, experiments, kpi, pins
from tests.web.console_desk import NOW

SINCE = date(2026, 9, 1)
PLAN = Plan(
    name="spring",
    objective=Objective.VISITS,
    variable=Variable.HEADLINE,
    phase=Phase.CREATIVE,
    variants=[
        Variant(name="plain", attributes={"headline": "Ten ideas"}),
        Variant(name="how", attributes={"headline": "How to plan ten"}),
    ],
    rho=0.002,
    note="A headline that asks for the click.",
)


def fill_kpi(store: Store) -> None:
    """Keep the account's months, its Pins, boards and devices, and a running test."""
    account = account_until(NOW.date())
    kpi.keep(store, (day for day in account.days() if day.on >= SINCE), NOW)
    pins.keep_facts(store, list(account.facts()), NOW)
    pins.keep_boards(store, list(account.boards()), NOW)
    devices = [
        DeviceDay(
            on=date(2026, 10, 20), device=device, counts=Counts(n, 0, n // 400, 0)
        )
        for device, n in (("MOBILE", 8000), ("WEB", 2000))
    ]
    pins.keep_devices(store, devices, NOW)
    open_tasks(store, NOW.date(), Thresholds())
    experiments.create(store, PLAN, NOW)
    days = [
        Shown(
            variant=variant,
            on=date(2026, 11, 1) + timedelta(days=n),
            impressions=3000,
            successes=6 + 6 * variant,
        )
        for n in range(9)
        for variant in (0, 1)
    ]
    record_days(store, PLAN, days, NOW)
