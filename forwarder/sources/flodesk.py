"""Flodesk: active subscribers, new ones and those added to a segment.

Signing: none that is documented; the secret is the last part of the address. Retries:
not documented. The shape of the body is that of the vendor's examples as an
integration of others keeps them [U]; names in the person's `custom_fields` are free.
`optin_ip` is not used: whose it is for people who were imported is not documented.
Source: https://developers.flodesk.com (read 2026-11-22)
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import carried
from forwarder.core.choices import finish
from forwarder.core.event import Event, Notice, Person, Reading
from forwarder.core.source import Options, event_id

MAPPED: Final = frozenset({"subscriber.created", "subscriber.added_to_segment"})

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:  # noqa: ARG001
    """Return if the address ended in `secret`. Raises: Forged."""
    signing.verify_path_secret(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:  # noqa: ARG001
    """Return the notice with the secret in its address, where Flodesk has it."""
    return replace(notice, path_secret=secret)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body: its `webhook_id` is that of all deliveries."""
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the sign-up, or why there is none. Raises: Unreadable."""
    data = decode.read_object(notice.body)
    topic = read.text(data.get("event_name"))
    if topic not in MAPPED:
        return Reading(ignored=f"topic ignored: {read.topic_words(topic)}")
    subscriber = read.record(data.get("subscriber"))
    if subscriber.get("status") not in ("active", None):
        return Reading(ignored="not confirmed yet")
    event = _sign_up(subscriber, data.get("event_time"), notice, options)
    fields = read.record(subscriber.get("custom_fields"))
    return Reading(events=(finish(event, options, carried(fields)),))


def _sign_up(
    subscriber: Json, told_at: object, notice: Notice, options: Options
) -> Event:
    email = read.text(subscriber.get("email"))
    # One id per subscriber: created and added to a segment are one sign-up.
    subject_id = read.needed("subscriber", subscriber.get("id"), read.digest(email))
    kind = options.newsletter_kind
    times = (subscriber.get("optin_timestamp"), subscriber.get("created_at"))
    return Event(
        event_id=event_id(options, "flodesk", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, told_at, *times),
        person=Person(
            email=read.texts(email),
            first_name=read.one(subscriber.get("first_name")),
            last_name=read.one(subscriber.get("last_name")),
            external_id=(subject_id,),
        ),
    )
