"""Know people again by their marks, so that their orders count for their first click.

An order months after the click has no click in its window and ties to none. But who
came by a click is known for a year by keyed hashes of e-mail and phone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from forwarder.core.event import Kind
from forwarder.store import customers
from forwarder.store.customers import YEAR, Customer, Ordered
from forwarder.store.engine import Store
from forwarder.store.join_marks import PERSON, Marked
from forwarder.store.joins import Join
from forwarder.store.schema_clicks import CODE_TIER

NOTHING: Final = timedelta()


@dataclass(slots=True)
class _Seen:
    """Whom the marks are of, and what is new or other than it is kept."""

    by_mark: dict[str, int]
    by_id: dict[int, Customer]
    new_marks: dict[str, int] = field(default_factory=dict, repr=False)
    changed: set[int] = field(default_factory=set)

    def of(self, marks: Iterable[str]) -> Customer | None:
        """Return whom these marks are of; of several the one that clicked first."""
        ids = {self.by_mark[mark] for mark in marks if mark in self.by_mark}
        found = [self.by_id[number] for number in ids]
        return min(found, key=lambda one: (one.clicked_at, one.id), default=None)

    def note(self, customer: Customer, marks: Iterable[str]) -> None:
        """Take a customer with marks of theirs; a mark stays whose it is."""
        if self.by_id.get(customer.id) != customer:
            self.by_id[customer.id] = customer
            self.changed.add(customer.id)
        for mark in marks:
            if mark not in self.by_mark:
                self.by_mark[mark] = self.new_marks[mark] = customer.id


def follow(
    store: Store, batch: Sequence[Marked], joined: Sequence[Join], repeats: set[int]
) -> None:
    """Keep whom this batch tells of and what they ordered. Safe to repeat.

    Shape: `repeats` are the orders of people known to have bought before.
    """
    marks = {mark for one in batch for mark in _marks(one)}
    known = customers.known(store, marks)
    seen = _Seen(
        {mark: one.id for mark, one in known.items()},
        {one.id: one for one in known.values()},
    )
    clicks = {one.of.delivery_id: one for one in joined if one.tier < CODE_TIER}
    found = list(_followed(seen, batch, clicks))
    orders = _counted(store, found, repeats) if found else []
    if seen.changed or seen.new_marks or orders:
        new = [seen.by_id[number] for number in sorted(seen.changed)]
        customers.keep(store, new, seen.new_marks, orders)


def _marks(one: Marked) -> frozenset[str]:
    return one.marks.get(PERSON, frozenset())


def _followed(
    seen: _Seen, batch: Sequence[Marked], clicks: Mapping[int, Join]
) -> Iterator[Ordered]:
    """Give the orders of customers, and note in `seen` what the batch tells of them."""
    for one in sorted(batch, key=lambda one: (one.occurred_at, one.delivery_id)):
        customer = _whose(seen.of(_marks(one)), one, clicks.get(one.delivery_id))
        if customer is None:
            continue
        seen.note(customer, _marks(one))
        since = one.occurred_at - customer.clicked_at
        if one.kind is Kind.CHECKOUT and NOTHING <= since <= YEAR:
            yield _ordered(one, customer)


def _whose(
    customer: Customer | None, one: Marked, click: Join | None
) -> Customer | None:
    """Return whose event this is: a new customer's where only a click is known."""
    if click is None:
        return customer
    slug, at = click.first_slug, click.first_clicked_at
    if customer is None:
        return Customer(
            id=one.delivery_id, slug=slug, clicked_at=at, endpoint=one.endpoint
        )
    if at < customer.clicked_at:  # a click that was taken in late
        return replace(customer, slug=slug, clicked_at=at)
    return customer


def _ordered(one: Marked, customer: Customer) -> Ordered:
    return Ordered(
        delivery_id=one.delivery_id,
        customer=customer.id,
        endpoint=one.endpoint,
        order_id=one.order_id,
        currency=one.currency,
        value_minor=one.value_minor or 0,
        occurred_at=one.occurred_at,
        is_repeat=False,
    )


def _counted(
    store: Store, found: Sequence[Ordered], repeats: set[int]
) -> list[Ordered]:
    """Return the orders that are new, or are repeats and were not known to be."""
    kept = customers.orders_of(store, {one.customer for one in found})
    known = {one.delivery_id for one in kept}
    every = {_key(one): one for one in (*reversed(found), *kept)}.values()
    bought: set[int] = set()
    changed = []
    for one in sorted(every, key=lambda one: (one.occurred_at, one.delivery_id)):
        is_repeat = (
            one.is_repeat or one.customer in bought or one.delivery_id in repeats
        )
        bought.add(one.customer)
        if one.delivery_id not in known or one.is_repeat != is_repeat:
            changed.append(replace(one, is_repeat=is_repeat))
    return changed


def _key(one: Ordered) -> tuple[str, str] | int:
    """Return what an order is known by, also when it is told under another number."""
    return one.delivery_id if one.order_id is None else (one.endpoint, one.order_id)
