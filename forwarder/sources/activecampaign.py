"""ActiveCampaign: people who joined a list by themselves.

Signing: none; the secret is the last part of the address. Retries: none; an answer of
410 ends the webhook. Bodies are forms with brackets, `contact[fields][epik]`.
Whoever was added by an admin, the API or the system is no sign-up of a visitor; an
import does not fire at all. `contact[ip]` is not used: whose it is is not documented.
Source: https://developers.activecampaign.com/page/webhooks (read 2026-11-22)
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from forwarder.core import bodies, signing
from forwarder.core import reading as read
from forwarder.core.carried import carried
from forwarder.core.choices import finish
from forwarder.core.event import Event, Notice, Person, Reading
from forwarder.core.source import Options, event_id

BY_OTHERS: Final = ("admin", "api", "system")

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:  # noqa: ARG001
    """Return if the address ended in `secret`. Raises: Forged."""
    signing.verify_path_secret(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:  # noqa: ARG001
    """Return the notice with the secret in its address, where ActiveCampaign has it."""
    return replace(notice, path_secret=secret)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body: there is no id of the delivery."""
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the sign-up, or why there is none. Raises: Unreadable."""
    form = bodies.read_form(notice.body)
    topic = read.text(form.get("type"))
    if topic != "subscribe":  # names of the tag events are not confirmed [U]
        return Reading(ignored=f"topic ignored: {read.topic_words(topic)}")
    # Which of the two tells who did it, and which where, is not confirmed [U].
    starters = (form.get("initiated_by"), form.get("initiated_from"))
    if "public" not in starters or any(each in BY_OTHERS for each in starters):
        return Reading(ignored="not by the subscriber")
    contact = read.record(form.get("contact"))
    contact_id = read.needed("contact", contact.get("id"), _stand_in(contact))
    kind = options.newsletter_kind
    event = Event(
        event_id=event_id(options, "activecampaign", contact_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, form.get("date_time")),
        person=_person(contact, contact_id),
    )
    fields = read.record(contact.get("fields"))
    return Reading(events=(finish(event, options, carried(fields)),))


def _stand_in(contact: Json) -> str | None:
    return read.digest(read.text(contact.get("email")))


def _person(contact: Json, contact_id: str) -> Person:
    return Person(
        email=read.one(contact.get("email")),
        phone=read.one(contact.get("phone")),
        first_name=read.one(contact.get("first_name")),
        last_name=read.one(contact.get("last_name")),
        external_id=(contact_id,),
    )
