"""Typeform: forms that were filled in to the end.

Signing: `Typeform-Signature: sha256=…`, base64 of HMAC-SHA256 over the raw body, no
signed time. Retries: every 2 to 3 minutes for 10 hours on 408, 423, 429 and 503, a few
on others; 404 and 410 end the webhook at once. `hidden` and `answers` may be missing.
Source: https://www.typeform.com/developers/webhooks (read 2026-11-21)
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.answers import person
from forwarder.core.carried import carried
from forwarder.core.choices import finish
from forwarder.core.event import Event, Notice, Reading
from forwarder.core.source import Options, event_id

SCHEME: Final = signing.Scheme(
    header="typeform-signature", digest="base64", signature_prefix="sha256="
)
TYPED: Final = {"email": "email", "phone_number": "phone"}

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice. Raises: Forged."""
    signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Typeform would sign it."""
    return signing.sign(SCHEME, notice, secret, now)


def delivery_key(notice: Notice) -> str:
    """Return the id of the delivery, the same in each retry."""
    return decode.delivery_key(notice.body, "event_id")


def parse(notice: Notice, options: Options) -> Reading:
    """Return the response of a form, or why there is none. Raises: Unreadable."""
    body = decode.read_object(notice.body)
    topic = read.text(body.get("event_type"))
    if topic != "form_response":
        word = "ignored" if topic == "form_response_partial" else "not mapped"
        return Reading(ignored=f"topic {word}: {read.topic_words(topic)}")
    response = read.record(body.get("form_response"))
    token = read.needed("response token", response.get("token"))
    kind = options.form_kind
    event = Event(
        event_id=event_id(options, "typeform", token, kind),
        kind=kind,
        occurred_at=read.occurred(notice, response.get("submitted_at")),
        person=person(_answers(response)),
    )
    hidden = read.record(response.get("hidden"))
    return Reading(events=(finish(event, options, carried(hidden)),))


def _answers(response: Json) -> Iterator[tuple[str | None, object]]:
    """Yield label and value: by type, by reference, by title, then hidden fields."""
    fields = read.records(read.at(response, "definition", "fields"))
    titles = {
        read.text(field.get("id")): read.text(field.get("title")) for field in fields
    }
    for answer in read.records(response.get("answers")):
        type_ = read.text(answer.get("type")) or ""
        value = answer.get(type_)
        value = read.first(value, read.at(value, "label"))  # a choice has a label
        field = read.record(answer.get("field"))
        yield TYPED.get(type_), value
        yield read.text(field.get("ref")), value
        yield titles.get(read.text(field.get("id"))), value
    yield from read.record(response.get("hidden")).items()
