"""Tally: forms that were filled in.

Signing: `Tally-Signature`, base64 of HMAC-SHA256 over the body, no signed time. Tally's
own example signs the body written anew, which in practice gives the raw bytes.
Retries, unverified: after 5 and 30 minutes, 1 h, 6 h and a day; 10 s to answer. The
keys of the fields differ from form to form: types and labels tell what they are.
Source: https://tally.so/help/webhooks (read 2026-11-21)
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

SCHEME: Final = signing.Scheme(header="tally-signature", digest="base64")
HIDDEN: Final = "HIDDEN_FIELDS"
TYPED: Final = {"INPUT_EMAIL": "email", "INPUT_PHONE_NUMBER": "phone"}

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice. Raises: Forged."""
    signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Tally would sign it."""
    return signing.sign(SCHEME, notice, secret, now)


def delivery_key(notice: Notice) -> str:
    """Return the id of the Tally event, the same in each retry."""
    return decode.delivery_key(notice.body, "eventId")


def parse(notice: Notice, options: Options) -> Reading:
    """Return the response of a form, or why there is none. Raises: Unreadable."""
    body = decode.read_object(notice.body)
    topic = read.text(body.get("eventType"))
    if topic != "FORM_RESPONSE":
        return Reading(ignored=f"topic not mapped: {read.topic_words(topic)}")
    data = read.record(body.get("data"))
    ids = (data.get("responseId"), data.get("submissionId"))
    kind = options.form_kind
    event = Event(
        event_id=event_id(options, "tally", read.needed("response id", *ids), kind),
        kind=kind,
        occurred_at=read.occurred(notice, data.get("createdAt"), body.get("createdAt")),
        person=person(_answers(data)),
    )
    hidden = [row for row in _fields(data) if row.get("type") == HIDDEN]
    fields = carried(read.named(hidden, "label"))
    return Reading(events=(finish(event, options, fields),))


def _answers(data: Json) -> Iterator[tuple[str | None, object]]:
    """Yield label and value: what was typed in first, then the hidden fields."""
    for field in sorted(_fields(data), key=lambda row: row.get("type") == HIDDEN):
        label = TYPED.get(read.text(field.get("type")) or "")
        yield label or read.text(field.get("label")), field.get("value")


def _fields(data: Json) -> list[dict[str, object]]:
    return read.records(data.get("fields"))
