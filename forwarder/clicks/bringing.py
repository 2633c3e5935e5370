"""Bring the click id of a click to the order that it led to, before it is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from forwarder.clicks.token import digest, ring_of
from forwarder.core.event import Event
from forwarder.core.links import TOKENS
from forwarder.store import joins
from forwarder.store.claimed import Claimed
from forwarder.store.engine import Store
from forwarder.store.join_marks import TOKEN
from forwarder.store.joins import Found


def with_click_ids(
    store: Store, rows: Sequence[Claimed], window: timedelta
) -> Sequence[Claimed]:
    """Return the deliveries, those with a token of ours with its click's id.

    The log of the delivery says where the id came from. Rows that were frozen before
    leave as they are.
    """
    tokens = {
        row.id: row.event.click_token for row in rows if _lacks(row) and row.event
    }
    if not tokens:
        return rows
    ring = ring_of(store.sealer.secrets(TOKENS))
    digests = {digest(one) for one in tokens.values() if one and ring.is_ours(one)}
    found: dict[str, list[Found]] = {}
    for click in joins.clicks_by(store, TOKEN, digests):
        found.setdefault(click.mark, []).append(click)
    filled = [_filled(store, row, found, window) for row in rows]
    ids = [new.id for new, old in zip(filled, rows, strict=True) if new is not old]
    if ids:
        joins.note_clicks(store, ids)
    return filled


def _lacks(row: Claimed) -> bool:
    event = row.event
    return (
        event is not None
        and row.payload is None
        and event.click_token is not None
        and not event.consent.is_refused
        and event.person.click_id is None
    )


def _filled(
    store: Store,
    row: Claimed,
    found: Mapping[str, Sequence[Found]],
    window: timedelta,
) -> Claimed:
    if row.event is None or not _lacks(row):
        return row
    at = row.event.occurred_at
    near = [
        click
        for click in found.get(digest(row.event.click_token or ""), ())
        if at - window <= click.at <= at
    ]
    epik = joins.click_id(store, near[-1]) if near else ""
    return replace(row, event=_told(row.event, near[-1], epik)) if epik else row


def _told(event: Event, click: Found, epik: str) -> Event:
    told = (
        f"the click id came from the click on /go/{click.slug} at {click.at:%F %T} UTC"
    )
    return replace(
        event,
        person=replace(event.person, click_id=epik),
        warnings=(*event.warnings, told),
    )
