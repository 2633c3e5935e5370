"""The body that a flow's webhook action sends: our template, filled in by Klaviyo.

A tag that Klaviyo did not know stays in it as it was written, and one without a value
becomes nothing or the word None: both are left out.
"""

from collections.abc import Mapping
from typing import Final

from forwarder.core import reading as read
from forwarder.core.carried import carried
from forwarder.core.choices import finish
from forwarder.core.event import (
    LOCAL_KINDS,
    Event,
    Kind,
    Notice,
    Order,
    Person,
    Reading,
)
from forwarder.core.money import money
from forwarder.core.source import Options, event_id

KINDS: Final = {kind.value: kind for kind in Kind if kind not in LOCAL_KINDS}

Json = Mapping[str, object]


def template(body: Json, notice: Notice, options: Options) -> Reading:
    """Return the event in it, or why there is none. Raises: Unreadable."""
    data = {name: value for name, value in body.items() if _is_filled(value)}
    word = read.text(data.get("event"))
    kind = options.newsletter_kind if word == "signup" else KINDS.get(word or "")
    if kind is None:
        return Reading(ignored=f"topic not mapped: {read.topic_words(word)}")
    told = read.record(data.get("properties"))
    told = {name: value for name, value in told.items() if _is_filled(value)}
    order_id = read.text(told.get("order_id"))
    by_email = read.digest(read.text(data.get("email")))
    ids = (data.get("event_id"), data.get("external_id"), by_email)
    subject_id = read.needed("event_id, external_id or email", order_id, *ids)
    value = money(told.get("value"), told.get("currency"))
    event = Event(
        event_id=event_id(options, "klaviyo", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, data.get("occurred_at")),
        person=person(data, data.get("external_id")),
        order=Order(id=order_id, value=value) if order_id or value else None,
    )
    return Reading(events=(finish(event, options, carried(told)),))


def _is_filled(value: object) -> bool:
    """Tell a value from a tag that Klaviyo left as it stands or filled with nothing."""
    return not isinstance(value, str) or not ("{{" in value or value == "None")


def person(data: Json, *ids: object) -> Person:
    """Return a person by the names that profiles and our template share."""
    location = read.record(data.get("location"))
    return Person(
        email=read.one(data.get("email")),
        phone=read.one(data.get("phone_number"), data.get("phone")),
        first_name=read.one(data.get("first_name")),
        last_name=read.one(data.get("last_name")),
        city=read.one(location.get("city")),
        state=read.one(location.get("region")),
        postal_code=read.one(location.get("zip")),
        country=read.one(location.get("country")),
        external_id=read.one(*ids),
    )
