"""Mailchimp: people who joined an audience.

Signing: none; the secret is the last part of the address. Mailchimp asks for the
address with GET before it saves it. Retries: within 75 minutes, an answer is awaited
for 10 s. Bodies are forms with nested brackets, `data[merges][FNAME]`.
The body does not tell who added the person: only "by a subscriber" may be ticked in
Mailchimp, or imports count as sign-ups. Nor are `ip_opt` and `ip_signup` used: for
people added by API or admin they are the integrator's.
Source: https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/
(read 2026-11-21)
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from forwarder.core import bodies, signing
from forwarder.core import reading as read
from forwarder.core.carried import carried
from forwarder.core.choices import finish
from forwarder.core.event import Event, Notice, Person, Reading, Unreadable
from forwarder.core.source import Options, event_id

IGNORED: Final = frozenset({"unsubscribe", "cleaned", "profile", "upemail", "campaign"})

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:  # noqa: ARG001
    """Return if the address ended in `secret`. Raises: Forged."""
    signing.verify_path_secret(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:  # noqa: ARG001
    """Return the notice with the secret in its address, where Mailchimp has it."""
    return replace(notice, path_secret=secret)


def delivery_key(notice: Notice) -> str:
    """Return a hash of what names the notice: type, list, person and time."""
    try:
        form = bodies.read_form(notice.body)
    except Unreadable:
        return read.short_key(notice.body)
    names = (("type",), ("data", "list_id"), ("data", "id"), ("fired_at",))
    known = [read.text(read.at(form, *path)) for path in names]
    if None in known:
        return read.short_key(notice.body)
    # Hashed, lest an id that is an e-mail address stood in the key.
    joined = "|".join(filter(None, known))
    return f"mailchimp:{sha256(joined.encode()).hexdigest()}"


def parse(notice: Notice, options: Options) -> Reading:
    """Return the sign-up, or why there is none. Raises: Unreadable."""
    form = bodies.read_form(notice.body)
    topic = read.text(form.get("type"))
    if topic != "subscribe":
        word = "ignored" if topic in IGNORED else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    data = read.record(form.get("data"))
    merges = read.record(data.get("merges"))
    email = read.text(data.get("email"))
    member_id = read.text(data.get("id")) or read.digest(email)
    if member_id is None:
        raise Unreadable("the body names nobody")
    kind = options.newsletter_kind
    event = Event(
        event_id=event_id(options, "mailchimp", member_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, form.get("fired_at")),
        person=_person(data, merges, member_id),
    )
    return Reading(events=(finish(event, options, carried(merges)),))


def _person(data: Json, merges: Json, member_id: str) -> Person:
    address = read.record(merges.get("ADDRESS"))
    return Person(
        email=read.one(data.get("email"), merges.get("EMAIL")),
        phone=read.one(merges.get("PHONE")),
        first_name=read.one(merges.get("FNAME")),
        last_name=read.one(merges.get("LNAME")),
        city=read.one(address.get("city")),
        state=read.one(address.get("state")),
        postal_code=read.one(address.get("zip")),
        country=read.one(address.get("country")),
        external_id=(member_id,),
    )
