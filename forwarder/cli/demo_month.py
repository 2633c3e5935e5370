"""The month that `forwarder demo` plays: which webhooks come, and what the tag saw."""

import csv
import io
import random  # noqa: TID251  seeded by the month: the same demo every time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

from forwarder.core.columns import NOT_TOLD, ServerColumns
from forwarder.core.delivery import Status
from forwarder.core.event import Notice
from forwarder.samples import TEST_SECRETS, fresh, load

TAG_CREDITS_SHARE = 0.58  # what blockers and cookie limits leave of the clicked ones
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATE = timedelta(days=150)  # older than even the demo's sandbox takes
FORGED = "refused-wrong-secret"
SWAPS = (("GBP", "EUR"), ("USD", "EUR"), ('"usd"', '"eur"'))

# Endpoint, source, case, how often in a thousand. Each tells of one event at most.
PLAN = (
    ("birch-and-clay", "shopify", "orders-paid", 260),
    ("harbour-prints", "woocommerce", "order-updated", 180),
    ("courses", "stripe", "checkout-session-completed", 110),
    ("own-shop", "standard_webhooks", "checkout", 60),
    ("letters", "kit", "legacy-purchase", 20),
    ("news", "mailchimp", "subscribe", 90),
    ("circle", "mailerlite", "subscriber-active", 60),
    ("letters", "kit", "subscriber-subscribed-to-form", 60),
    ("birch-and-clay", "shopify", "customers-create", 30),
    ("birch-and-clay", "shopify", "carts-create", 4),
    ("birch-and-clay", "shopify", "refunds-create", 16),
    ("harbour-prints", "woocommerce", "order-deleted", 6),
    ("birch-and-clay", "shopify", "orders-paid-test", 5),
    ("birch-and-clay", "shopify", "orders-paid-denied", 5),
    ("courses", "stripe", "invoice-paid-renewal", 10),
    ("harbour-prints", "woocommerce", "ping", 3),
    ("news", "mailchimp", "unsubscribe", 8),
    ("birch-and-clay", "shopify", "customers-redact", 2),
    ("birch-and-clay", "shopify", "unreadable-no-id", 3),
    ("birch-and-clay", "shopify", FORGED, 5),
    ("courses", "stripe", FORGED, 5),
)
SALES = PLAN[:2]
# What is not a new notice but a second look at one: the same order under another topic
# and the very same delivery again.
TWICE_SHARE = 0.03
REDELIVERED_SHARE = 0.03
LATE_SHARE = 0.003
RETURNS = frozenset({"refunds-create", "order-deleted"})  # each of an order that came
RETURNED_AFTER = timedelta(days=3)
ENDPOINTS = {endpoint: source for endpoint, source, _, _ in PLAN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One webhook of the month: where it goes and what it is.

    `is_return`: it takes an order back, and comes after that was sent.
    """

    endpoint: str
    notice: Notice
    is_return: bool = False


def play(month: date, n_webhooks: int, now: datetime) -> Iterator[Post]:
    """Give the month's webhooks, signed now; each kind of trouble at least once."""
    dice = random.Random(f"{month:%Y-%m}")  # noqa: S311  a script, not a secret
    weights = [often for *_, often in PLAN]
    sold: dict[str, list[tuple[int, datetime]]] = defaultdict(list)
    last: Post | None = None
    for number in range(n_webhooks):
        serial = 100_000 + number
        at = _moment(month, dice)
        roll = dice.random()
        if number < len(PLAN):
            line = PLAN[number]
        elif roll < REDELIVERED_SHARE and last is not None:
            yield last
            continue
        elif roll < REDELIVERED_SHARE + TWICE_SHARE:
            serial, at = dice.choice(sold[PLAN[0][0]])
            yield _post((*PLAN[0][:2], "orders-create", 0), serial, at, now)
            continue
        elif roll > 1 - LATE_SHARE or number == len(PLAN):
            line, at = PLAN[0], at - LATE
        else:
            line = dice.choices(PLAN, weights)[0]
        if line[2] in RETURNS:
            serial, sold_at = dice.choice(sold[line[0]])
            at = min(sold_at + RETURNED_AFTER, now)
        elif line in SALES and at.date() >= month:
            sold[line[0]].append((serial, at))
        last = _post(line, serial, at, now)
        yield last


def _moment(month: date, dice: random.Random) -> datetime:
    """Return a second of the month; evenings and the later days see more."""
    start = datetime.combine(month, datetime.min.time(), UTC)
    end = (start + timedelta(days=32)).replace(day=1)
    hour = min(max(dice.gauss(17, 4), 0), 23.9)
    day = dice.randrange((end - start).days)
    return start + timedelta(days=day, seconds=int(hour * 3600) + dice.randrange(300))


def _post(
    line: tuple[str, str, str, int], serial: int, at: datetime, now: datetime
) -> Post:
    endpoint, source, case, _ = line
    if case == FORGED:
        return Post(endpoint=endpoint, notice=load(source, case))
    notice = fresh(source, case, TEST_SECRETS[source], now, serial, at, SWAPS)
    return Post(endpoint=endpoint, notice=notice, is_return=case in RETURNS)


def tag_report(columns: ServerColumns, month: date) -> bytes:
    """Return the CSV that Ads Manager would export: a part of what followed a click."""
    seen: dict[tuple[date, str], tuple[int, Decimal]] = defaultdict(
        lambda: (0, Decimal(0))
    )
    words = list(columns.words)
    for row in range(len(columns)):
        at = EPOCH + timedelta(microseconds=columns.at_us[row])
        said = words[columns.said[row]]
        is_month = (at.year, at.month) == (month.year, month.month)
        is_sent = said.status == Status.DELIVERED
        is_clicked = said.has_click or columns.click_us[row] != NOT_TOLD
        minor = columns.value_minor[row]
        if is_month and is_sent and is_clicked and _is_credited(at, minor):
            day = at.date(), said.kind
            n, value = seen[day]
            seen[day] = n + 1, value + Decimal(max(minor, 0)) / 100
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("Date", "Event", "Conversions", "Value", "Currency"))
    for (on, kind), (n, value) in sorted(seen.items()):
        writer.writerow((on.isoformat(), kind, n, f"{value:.2f}", "EUR"))
    return text.getvalue().encode()


def _is_credited(at: datetime, minor: int) -> bool:
    first = int.from_bytes(sha256(f"{at}|{minor}".encode()).digest()[:4], "big")
    return first / 2**32 < TAG_CREDITS_SHARE
