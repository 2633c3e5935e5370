"""Tie orders and sign-ups to clicks: a job that may run again and changes nothing then.

Tier 1: the order brought the token of the click (certain). Tier 2: the click id of the
order is the click's (0.95). Tier 3: the same e-mail address or phone number came with
an earlier event of tier 1 or 2 (0.9). Tier 4: the order's discount code is that of one
link alone (0.8); no click is known then. Nothing is ever tied by address and time, nor
by the campaign an order names: `same_day` adds those up.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from forwarder.clicks.customers import follow
from forwarder.clicks.token import Ring, digest, ring_of
from forwarder.core.event import Event, Kind
from forwarder.core.links import MARKS, TOKENS, mark_of, plain
from forwarder.core.reading import query
from forwarder.core.tally import tally
from forwarder.store import customers, join_marks, joins, links
from forwarder.store.engine import Store
from forwarder.store.join_marks import CAMPAIGN, CODE, EPIK, PERSON, TOKEN, Marked
from forwarder.store.joins import Found, Join
from forwarder.store.schema_clicks import CODE_TIER

LATE: Final = timedelta(days=7)  # how long clicks may come after their order
_TIERS: Final = ((1, TOKEN), (2, EPIK), (3, PERSON))


@dataclass(frozen=True, slots=True)
class _Ring:
    """The keys that tokens and marks are made with; marks by any key are found."""

    tokens: Ring
    marks: Sequence[bytes]

    def all(self, what: str, value: str) -> list[str]:
        return [mark_of(key, what, value) for key in self.marks]


def join(
    store: Store,
    window: timedelta,
    now: datetime,
    back: timedelta = LATE,
    *,
    finds_people: bool = False,
) -> int:
    """Look at new events, then at those since `back`; return how many joins changed.

    A click may be taken in after its order: what was looked at is looked at again.
    Without links nothing is joined; people may be looked for all the same.
    """
    has_links = joins.has_links(store)
    if has_links or finds_people:
        mark_new(store, now)
    if not has_links:
        return 0
    codes = _codes(store)
    n_changed, after_id = 0, 0
    while batch := join_marks.marked(store, now - back, after_id):
        after_id = batch[-1].delivery_id
        repeats = _repeats(store, batch)
        found = list(_joined(store, batch, window, codes, repeats))
        n_changed += joins.keep(store, found, now)
        follow(store, batch, found, repeats)
    return n_changed


def _ring(store: Store) -> _Ring:
    return _Ring(
        tokens=ring_of(store.sealer.secrets(TOKENS)),
        marks=[key for _, key in store.sealer.secrets(MARKS)],
    )


def _codes(store: Store) -> Mapping[str, str]:
    """Return the links by the mark of their code; a code of two links ties nothing."""
    ring, found = _ring(store), dict[str, set[str]]()
    for link in links.every(store):
        if link.code:
            found.setdefault(plain(link.code), set()).add(link.slug)
    return {
        mark: next(iter(slugs))
        for code, slugs in found.items()
        if len(slugs) == 1
        for mark in ring.all(CODE, code)
    }


def mark_new(store: Store, now: datetime) -> None:
    """Note what events that nobody has looked at may be found by, or tied to."""
    ring = _ring(store)
    while batch := join_marks.fresh(store, now):
        marks = [
            (one.id, what, mark)
            for one in batch
            if one.event is not None
            for what, mark in _marks(ring, one.event)
        ]
        customers.take_back(store, {one.undoes for one in batch if one.undoes})
        join_marks.keep_marks(store, marks, batch[-1].id, now)


def _marks(ring: _Ring, event: Event) -> Iterator[tuple[str, str]]:
    """Give what may tie an event to a click; a token that is not ours is counted.

    Nothing of who refused or opted out: nobody follows them.
    """
    if event.consent.is_refused:
        return
    token = event.click_token
    if token is not None:
        if ring.tokens.is_ours(token):
            yield TOKEN, digest(token)
        else:
            tally.add("forwarder_click_tokens_forged_total", ())
    if event.person.click_id:
        yield from ((EPIK, one) for one in ring.all(EPIK, event.person.click_id))
    for value in (*event.person.email, *event.person.phone):
        yield from ((PERSON, one) for one in ring.all(PERSON, plain(value)))
    for code in () if event.order is None else event.order.discount_codes:
        yield from ((CODE, one) for one in ring.all(CODE, plain(code)))
    campaign = query(event.page_url).get("utm_campaign")
    if campaign and event.kind is Kind.CHECKOUT:  # one mark, since orders are counted
        yield CAMPAIGN, mark_of(ring.marks[0], CAMPAIGN, plain(campaign))


def _joined(
    store: Store,
    batch: Sequence[Marked],
    window: timedelta,
    codes: Mapping[str, str],
    repeats: Container[int],
) -> Iterator[Join]:
    found = _found(store, batch)
    for one in batch:
        ways = [
            (tier, click)
            for tier, what in _TIERS
            for click in _of(one, what, found)
            if one.occurred_at - window <= click.at <= one.occurred_at
        ]
        ways = ways or list(_by_code(one, codes))
        if ways:
            yield replace(_join(one, ways), is_repeat=one.delivery_id in repeats)


def _found(
    store: Store, batch: Sequence[Marked]
) -> Mapping[str, Mapping[str, Sequence[Found]]]:
    """Return the clicks of a batch, by what ties them and by mark."""
    result: dict[str, dict[str, list[Found]]] = {}
    for _, what in _TIERS:
        wanted = {mark for one in batch for mark in one.marks.get(what, ())}
        if what == PERSON:
            clicks = joins.clicks_of_people(store, wanted)
        else:
            clicks = joins.clicks_by(store, what, wanted)
        of = result.setdefault(what, {})
        for click in clicks:
            of.setdefault(click.mark, []).append(click)
    return result


def _of(
    one: Marked, what: str, found: Mapping[str, Mapping[str, Sequence[Found]]]
) -> Iterator[Found]:
    for mark in sorted(one.marks.get(what, ())):
        yield from found[what].get(mark, ())


def _by_code(one: Marked, codes: Mapping[str, str]) -> Iterator[tuple[int, Found]]:
    """Give the one link that the order's discount codes stand for."""
    slugs = {codes[mark] for mark in one.marks.get(CODE, ()) if mark in codes}
    if len(slugs) == 1:
        yield CODE_TIER, Found(id="", slug=slugs.pop(), at=one.occurred_at, mark="")


def _repeats(store: Store, batch: Sequence[Marked]) -> set[int]:
    """Return the orders of people who are known to have bought before."""
    people = {mark for one in batch for mark in one.marks.get(PERSON, ())}
    bought_at = joins.first_orders(store, people)
    return {
        one.delivery_id
        for one in batch
        if one.kind is Kind.CHECKOUT
        and any(
            bought_at[mark] < one.occurred_at
            for mark in one.marks.get(PERSON, ())
            if mark in bought_at
        )
    }


def _join(one: Marked, ways: Sequence[tuple[int, Found]]) -> Join:
    """Return the join by the best tier: its last click; the first of all beside it."""
    tier = ways[0][0]
    last = max((click for of, click in ways if of == tier), key=lambda found: found.at)
    first = min((click for _, click in ways), key=lambda found: found.at)
    return Join(
        of=one,
        tier=tier,
        slug=last.slug,
        clicked_at=last.at,
        first_slug=first.slug,
        first_clicked_at=first.at,
    )
