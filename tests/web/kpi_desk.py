"""Two months of the invented account and an experiment, for pages that show them."""

from datetime import UTC, date, datetime, timedelta

from forwarder.cli.demo_account import account_until
from forwarder.core.experiment import Objective, Phase, Plan, Shown, Variable, Variant
from forwarder.core.kpi import Counts, DeviceDay
from forwarder.insights.recording import keep_days
from forwarder.insights.tasks import open_tasks
from forwarder.insights.thresholds import Thresholds
from forwarder.store import Store, customers, experiments, kpi, pins
from forwarder.store.customers import Customer, Ordered
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


def fill_first_clicks(store: Store, slug: str) -> None:
    """Keep two people who first clicked a link: one came again, one has only asked."""
    october = datetime(2026, 10, 1, tzinfo=UTC)
    ada, eve = (
        Customer(id=n, slug=slug, clicked_at=october, endpoint="my-shop")
        for n in (900, 901)
    )
    orders = [
        Ordered(
            delivery_id=900 + days,
            customer=ada.id,
            endpoint="my-shop",
            order_id=f"{900 + days}",
            currency="EUR",
            value_minor=minor,
            occurred_at=october + timedelta(days=days),
            is_repeat=days > 0,
        )
        for days, minor in ((0, 4000), (10, 6000))
    ]
    customers.keep(store, [ada, eve], {}, orders)


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
    keep_days(store, PLAN, days, NOW)
