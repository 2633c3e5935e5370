"""The demo account's own links: who arrived by them, what they bought, what was told.

Two stories are planted that no count of Pinterest tells: a month in which clicks got
lost on their way, and one in which the tag saw too little.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Final

from forwarder.cli.demo_account import MONTHS, Account, pin_id
from forwarder.core.event import Kind
from forwarder.core.links import Click, ClickClass, Link
from forwarder.core.snapshots import TAG_SOURCE, DayNumber, Windows
from forwarder.insights.period import window
from forwarder.store import Store, clicks, joins, kpi, links, snapshots
from forwarder.store.join_marks import Marked
from forwarder.store.joins import Join
from forwarder.store.kpi_outside import SERVER_SOURCE
from forwarder.store.log import Line

SHOP_HOST: Final = "shop.example"
LINKED: Final = range(20, 50)  # old Pins that nothing else happened to
LOST_BACK: Final = 3  # months before the newest
UNSEEN_BACK: Final = 5
ARRIVE_PERCENT: Final = 95
ARRIVE_LOST_PERCENT: Final = 60
SERVER_A_DAY: Final = 10
TAG_A_DAY: Final = 9
TAG_UNSEEN_A_DAY: Final = 7
ONE_BUYS_IN: Final = 12


def plant_clicks(store: Store, account: Account, now: datetime) -> list[Click]:
    """Make the links and the clicks on them, of four weeks of every month.

    Returned are those of the newest month.
    """
    for number in LINKED:
        to = f"https://{SHOP_HOST}/ideas/{number // 2}"
        made = Link(slug=_slug(number), to=to, campaign="ideas", pin_id=pin_id(number))
        links.add(store, made, now)
    arrived: list[Click] = []
    for back in reversed(range(MONTHS)):
        first, last = window(account.month(back).last_on)
        counted = kpi.clicks_by_day(store, [pin_id(n) for n in LINKED], first, last)
        arrive = ARRIVE_LOST_PERCENT if back == LOST_BACK else ARRIVE_PERCENT
        arrived = list(_arrived(counted, arrive))
        clicks.keep(store, arrived)
    return arrived


def _slug(number: int) -> str:
    return f"idea-{number}"


def _arrived(
    counted: Mapping[str, Mapping[date, int]], percent: int
) -> Iterator[Click]:
    """Give the clicks that arrived: so many of a hundred, evenly."""
    n_seen = 0
    for number in LINKED:
        for on, n in counted[pin_id(number)].items():
            for nth in range(n):
                n_seen += 1
                if n_seen * percent // 100 > (n_seen - 1) * percent // 100:
                    yield Click(
                        id=f"demo-{number}-{on}-{nth}",
                        slug=_slug(number),
                        at=datetime.combine(on, time(12), UTC),
                        kind=ClickClass.HUMAN,
                    )


def plant_numbers(store: Store, account: Account, now: datetime) -> None:
    """Keep what the platform told of tag and server, day by day.

    Not of the newest month: its gap report stands on the tag's own file.
    """
    numbers = [
        DayNumber(windows=Windows(), on=on, kind=Kind.CHECKOUT, n=n, source=source)
        for back in range(1, MONTHS)
        for on in account.month(back).days()
        for source, n in (
            (TAG_SOURCE, TAG_UNSEEN_A_DAY if back == UNSEEN_BACK else TAG_A_DAY),
            (SERVER_SOURCE, SERVER_A_DAY),
        )
    ]
    snapshots.save(store, "main", numbers, "EUR", now)


def plant_orders(
    store: Store, arrived: Iterable[Click], lines: Iterable[Line], now: datetime
) -> None:
    """Let some of the clicks have led to the next sale of the log."""
    sales = sorted(
        (line for line in lines if line.kind == Kind.CHECKOUT.value),
        key=lambda line: (line.occurred_at, line.event_id),
    )
    by_time = sorted(arrived, key=lambda one: (one.at, one.id))
    found: dict[int, Join] = {}
    for click in by_time[::ONE_BUYS_IN]:
        soon = (s for s in sales if s.occurred_at > click.at and s.id not in found)
        if (sale := next(soon, None)) is not None:
            found[sale.id] = _join(sale, click)
    joins.keep(store, list(found.values()), now)


def _join(line: Line, click: Click) -> Join:
    of = Marked(
        delivery_id=line.id,
        endpoint=line.endpoint,
        kind=Kind(line.kind),
        order_id=line.order_id,
        value_minor=line.value_minor,
        currency=line.currency,
        occurred_at=line.occurred_at,
        marks={},
    )
    return Join(
        of=of,
        tier=1,
        slug=click.slug,
        clicked_at=click.at,
        first_slug=click.slug,
        first_clicked_at=click.at,
    )
