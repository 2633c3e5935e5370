"""Brevo: people who were added to a list.

Signing: none; the secret is a token that Brevo shows as a bearer or in a header of the
name that the webhook gives it, here `X-Webhook-Token`. Retries: not documented.
Whether `email` and `list_id` are lists or single values, and if several notices come
in one list, is not confirmed [U]: all of it is read. Who added the person is not told.
Source: https://github.com/getbrevo/brevo-python docs/CreateWebhook.md
(read 2026-11-22)
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import tokens
from forwarder.core.carried import carried
from forwarder.core.choices import finish
from forwarder.core.event import Event, Notice, Person, Reading, Unreadable
from forwarder.core.source import Options, event_id

MAPPED: Final = ("list_addition", "listAddition")

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:  # noqa: ARG001
    """Return if a header shows `secret`. Raises: Forged."""
    tokens.verify_header(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:  # noqa: ARG001
    """Return the notice with the secret in its header, by default as bearer."""
    return tokens.with_token(notice, secret)


def redacted(notice: Notice) -> Notice:
    """Return the notice without the headers that show the secret; never raises."""
    return tokens.without_token(notice)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body: its `id` is the webhook's, not the delivery's."""
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return a sign-up per address, or why there is none. Raises: Unreadable."""
    data = decode.read_json(notice.body)
    rows = read.batch(data if isinstance(data, list) else [data])
    if not rows:
        raise Unreadable("the body holds no notice")
    topics = [read.text(row.get("event")) for row in rows]
    events = tuple(
        _sign_up(row, email, notice, options)
        for row, topic in zip(rows, topics, strict=True)
        if topic in MAPPED
        for email in _emails(row)
    )
    if events:
        return Reading(events=events)
    others = [topic for topic in topics if topic not in MAPPED]
    told = read.topic_words(others[0]) if others else ""
    return Reading(ignored=f"topic ignored: {told}" if others else "nobody in it")


def _emails(row: Json) -> tuple[str, ...]:
    told = row.get("email")
    return read.texts(*(told if isinstance(told, list) else [told]))


def _sign_up(row: Json, email: str, notice: Notice, options: Options) -> Event:
    kind = options.newsletter_kind
    attributes = read.record(row.get("attributes"))  # not confirmed [U]
    # `date` has no zone; `ts` is the moment itself.
    times = (row.get("ts_event"), row.get("ts"), row.get("date"))
    event = Event(
        event_id=event_id(options, "brevo", read.digest(email) or "", kind),
        kind=kind,
        occurred_at=read.occurred(notice, *times),
        person=Person(
            email=(email,),
            phone=read.one(attributes.get("SMS")),
            first_name=read.one(attributes.get("FIRSTNAME")),
            last_name=read.one(attributes.get("LASTNAME")),
        ),
    )
    return finish(event, options, carried(attributes))
