"""MailerLite: subscribers who are active, new ones and those added to a group.

Signing: hex of HMAC-SHA256 over the raw body, no signed time. Retries: after 10, 100
and 1,000 s; an answer must come within 3 s and never be an error for our own reasons.
Bodies come in three shapes: flat, nested, and wrapped in `events`; the name of the
event stands in `event` or in `type`. The webhook may tell no time: then the time of
receipt counts.
Source: https://developers.mailerlite.com/docs/webhooks (read 2026-11-21)
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import carried
from forwarder.core.choices import finish
from forwarder.core.event import Event, Notice, Person, Reading
from forwarder.core.source import Options, event_id

SCHEME: Final = signing.Scheme(header="signature")
MAPPED: Final = frozenset(
    {
        "subscriber.created",
        "subscriber.active",
        "subscriber.added_to_group",
        "subscriber.create",  # MailerLite Classic
    }
)

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice. Raises: Forged."""
    signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as MailerLite would sign it."""
    return signing.sign(SCHEME, notice, secret, now)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body: there is no id of the delivery."""
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the sign-ups of a notice, or why there are none. Raises: Unreadable."""
    data = decode.read_object(notice.body)
    rows = read.batch(data["events"]) if "events" in data else [data]
    made = [_row(row, notice, options) for row in rows]
    events = tuple(each for each in made if isinstance(each, Event))
    reasons = [each for each in made if isinstance(each, str)] or ["empty batch"]
    return Reading(events=events, ignored=None if events else reasons[0])


def _row(row: Json, notice: Notice, options: Options) -> Event | str:
    topic = read.first(row.get("event"), row.get("type"))
    if topic not in MAPPED:
        return f"topic ignored: {read.topic_words(topic)}"
    nested = row.get("subscriber") or read.at(row, "data", "subscriber")
    subscriber = read.record(nested) or row
    status = subscriber.get("status", subscriber.get("type"))
    if status not in ("active", None):
        return "not confirmed yet"
    email = read.text(subscriber.get("email"))
    # One id per subscriber: created, active and added to a group are one sign-up.
    subscriber_id = read.text(subscriber.get("id")) or read.digest(email)
    if subscriber_id is None:
        return "nobody in it"
    times = ("subscribed_at", "date_subscribe", "created_at", "date_created")
    occurred_at = read.occurred(
        notice, row.get("timestamp"), *(subscriber.get(name) for name in times)
    )
    return _sign_up(subscriber, subscriber_id, occurred_at, options)


def _sign_up(
    subscriber: Json, subscriber_id: str, occurred_at: datetime, options: Options
) -> Event:
    fields = _fields(subscriber.get("fields"))
    kind = options.newsletter_kind
    event = Event(
        event_id=event_id(options, "mailerlite", subscriber_id, kind),
        kind=kind,
        occurred_at=occurred_at,
        person=Person(
            email=read.one(subscriber.get("email")),
            phone=read.one(fields.get("phone")),
            first_name=read.one(fields.get("name"), subscriber.get("name")),
            last_name=read.one(fields.get("last_name")),
            city=read.one(fields.get("city")),
            state=read.one(fields.get("state")),
            postal_code=read.one(fields.get("zip"), fields.get("z_i_p")),
            country=read.one(fields.get("country")),
            external_id=(subscriber_id,),
        ),
    )
    return finish(event, options, carried(fields))


def _fields(fields: object) -> dict[str, object]:
    """Return the custom fields; the Classic API lists them as key and value."""
    return read.record(fields) or read.named(read.records(fields), "key")
