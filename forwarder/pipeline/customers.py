"""Whose order it is, where a shop tells that in a webhook of its own.

Some platforms name the customer of a sale by a number only, and tell e-mail address and
name once, when the customer was made. That sign-up is sealed in our own log until its
person is cleared, and names the person of the sale as well.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from forwarder.core.delivery import Deferred
from forwarder.core.event import KNOWN_BY_ID, Event, Kind, Person
from forwarder.store import Store
from forwarder.store.claimed import Claimed, find_events

# The webhook of a new customer may come behind that of the sale, by seconds.
WAIT = timedelta(seconds=30)


def with_customers(
    store: Store, destination: str, rows: Sequence[Claimed]
) -> Sequence[Claimed]:
    """Return the deliveries, those told apart with the person of their sign-up."""
    wanted = {ref for row in rows if (ref := _ref(row.event)) is not None}
    if not wanted:
        return rows
    known = find_events(store, destination, Kind.SIGNUP, wanted)
    return [_joined(row, known.get(_ref(row.event) or "")) for row in rows]


def waits(row: Claimed, now: datetime) -> Deferred | None:
    """Return until when a fresh sale waits for the person of its sign-up, if at all."""
    if row.payload is not None or _ref(row.event) is None:
        return None
    left_s = (row.occurred_at + WAIT - now).total_seconds()
    if left_s <= 0:
        return None
    told = "its customer is not known yet"
    return Deferred("awaits_customer", told, retry_after_s=left_s, counts=False)


def _ref(event: Event | None) -> str | None:
    """Return the event_id of the sign-up of an event that lacks its person."""
    if event is None or event.enrich is not None or event.person.email:
        return None
    return event.enrich_ref


def _joined(row: Claimed, sign_up: Event | None) -> Claimed:
    if row.event is None or sign_up is None:
        return row
    warnings = tuple(one for one in row.event.warnings if one != KNOWN_BY_ID)
    person = _filled(row.event.person, sign_up.person)
    language = row.event.language or sign_up.language
    event = replace(row.event, person=person, language=language, warnings=warnings)
    return replace(row, event=event)


def _filled(known: Person, told: Person) -> Person:
    """Return the person of a sale with what only the sign-up tells."""
    return replace(
        known,
        email=told.email,
        phone=known.phone or told.phone,
        first_name=known.first_name or told.first_name,
        last_name=known.last_name or told.last_name,
    )
