"""Beehiiv: subscribers who confirmed.

Signing: not documented; Svix's headers are probable [U]. So either proves a notice: the
secret at the end of the address or, without one there, `svix-…` or `webhook-…` headers.
Retries: not documented. The shape of the body is what integrations of others read [U]:
`event_type`, `event_timestamp`, `uid` and the subscription in `data`.
Source: https://developers.beehiiv.com/webhooks (read 2026-11-22)
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

SCHEME: Final = signing.STANDARD
SVIX_SCHEME: Final = signing.SVIX
MAPPED: Final = "subscription.confirmed"
# While Beehiiv tests the address, its documented examples say `validating` [U].
CONFIRMED: Final = ("active", "validating", None)

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if the address ended in `secret` or `secret` signed the notice near `now`.

    Raises: Forged, Stale.
    """
    if notice.path_secret:
        signing.verify_path_secret(notice, secret)
        return
    scheme = _scheme(notice)
    signing.verify(scheme, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice signed if it has such headers, else with a secret address."""
    scheme = _scheme(notice)
    if scheme.header in notice.headers:
        return signing.sign(scheme, notice, secret, now)
    return replace(notice, path_secret=secret)


def delivery_key(notice: Notice) -> str:
    """Return the id of the message if there is one, else the hash of the body."""
    header = _scheme(notice).id_header
    return read.short_key(notice.body, notice.headers.get(header))


def parse(notice: Notice, options: Options) -> Reading:
    """Return the sign-up, or why there is none. Raises: Unreadable."""
    body = decode.read_object(notice.body)
    topic = read.first(body.get("event_type"), body.get("type"))
    if topic != MAPPED:
        return Reading(ignored=f"topic ignored: {read.topic_words(topic)}")
    data = read.record(body.get("data"))
    if data.get("status") not in CONFIRMED:
        return Reading(ignored="not confirmed yet")
    event = _sign_up(data, body.get("event_timestamp"), notice, options)
    fields = read.named(read.records(data.get("custom_fields")), "name")
    return Reading(events=(finish(event, options, carried(fields, data)),))


def _sign_up(data: Json, told_at: object, notice: Notice, options: Options) -> Event:
    email = read.text(data.get("email"))
    subject_id = read.needed("subscription", data.get("id"), read.digest(email))
    kind = options.newsletter_kind
    return Event(
        event_id=event_id(options, "beehiiv", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, told_at, data.get("created")),
        person=Person(email=read.texts(email), external_id=(subject_id,)),
    )


def _scheme(notice: Notice) -> signing.Scheme:
    return signing.either(SCHEME, SVIX_SCHEME, notice)
