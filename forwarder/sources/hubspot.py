"""HubSpot: new contacts, deals that were won, and what a workflow sends by choice.

Signing: v3, base64 of HMAC-SHA256 over method, address, body and the time in ms; the
address is the one that HubSpot called. v1 and v2 are plain hashes without a time: they
are taken only where `legacy_signatures` allows it. A workflow may show a header with a
secret instead. Retries: up to 10 within 24 hours [U]; of a workflow none on 4xx.
An app's notices are lists of at most 100 and hold ids: the worker looks the rest up.
Source: https://developers.hubspot.com/docs/api/webhooks (read 2026-11-22)
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing, tokens
from forwarder.core.carried import Carried, carried
from forwarder.core.choices import finish, thin
from forwarder.core.event import (
    Event,
    Forged,
    Kind,
    Notice,
    Order,
    Person,
    Reading,
    Unreadable,
)
from forwarder.core.people import usual
from forwarder.core.source import Options, event_id

SCHEME: Final = signing.Scheme(
    header="x-hubspot-signature-v3",
    signed="{body}{time}",  # method and address stand before the body
    digest="base64",
    time_header="x-hubspot-request-timestamp",
    time_unit="ms",
)
LEGACY: Final = "x-hubspot-signature"
METHOD: Final = b"POST"
OBJECTS: Final = {"0-1": "contact", "0-3": "deal"}  # of subscriptions of the newer kind
BY_OTHERS: Final = frozenset(
    {"IMPORT", "MIGRATION", "SALESFORCE", "BATCH_UPDATE"}
)  # [U]

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice and its address, or stands in a header.

    Raises: Forged, Stale.
    """
    if SCHEME.header in notice.headers:
        signed = _with_address(notice)
        signing.verify(SCHEME, signed, secret, now, options.timestamp_tolerance_s)
    elif LEGACY in notice.headers:
        _verify_legacy(notice, secret, options)
    else:
        tokens.verify_header(notice, secret)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as HubSpot would sign it, unless it shows a header."""
    if tokens.TOKEN_HEADER in notice.headers:
        return tokens.with_token(notice, secret)
    return replace(
        signing.sign(SCHEME, _with_address(notice), secret, now), body=notice.body
    )


def redacted(notice: Notice) -> Notice:
    """Return the notice without the header that shows a secret; never raises."""
    return tokens.without_token(notice)


def delivery_key(notice: Notice) -> str:
    """Return a hash of what names the rows: the number of the try differs."""
    try:
        rows = read.batch(decode.read_json(notice.body))
    except Unreadable:
        rows = []
    names = ("eventId", "subscriptionId", "objectId", "occurredAt")
    told = "|".join(str(read.text(row.get(name))) for row in rows for name in names)
    key = f"hubspot:{sha256(told.encode()).hexdigest()}" if rows else None
    return read.short_key(notice.body, key)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the events of a list or of a workflow's body. Raises: Unreadable."""
    body = decode.read_json(notice.body)
    if isinstance(body, dict):
        return Reading(events=(_workflow(body, notice, options),))
    made = [_row(row, notice, options) for row in read.batch(body)]
    events = tuple(each for each in made if isinstance(each, Event))
    reasons = [each for each in made if isinstance(each, str)] or ["empty batch"]
    return Reading(events=events, ignored=None if events else reasons[0])


def _with_address(notice: Notice) -> Notice:
    return replace(notice, body=METHOD + notice.url.encode() + notice.body)


def _verify_legacy(notice: Notice, secret: str, options: Options) -> None:
    if not options.legacy_signatures:
        raise Forged("signed without a time: set legacy_signatures to take v1 and v2")
    is_v2 = notice.headers.get(f"{LEGACY}-version") == "v2"
    signed = _with_address(notice).body if is_v2 else notice.body
    right = sha256(secret.encode() + signed).hexdigest().encode()
    given = notice.headers[LEGACY].encode("utf-8", "surrogatepass")
    if not secret or not hmac.compare_digest(right, given):
        raise Forged(f"{LEGACY} does not match: check the secret on both sides")


def _row(row: Json, notice: Notice, options: Options) -> Event | str:
    topic = _topic(row)
    reader = TOPICS.get(topic)
    if reader is None:
        return f"topic ignored: {read.topic_words(topic)}"
    object_id = read.needed("object id", row.get("objectId"))
    made = reader(row)
    if isinstance(made, str):
        return made
    kind, step = made
    kind = options.form_kind if kind is Kind.LEAD else kind
    event = Event(
        event_id=event_id(options, "hubspot", object_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, row.get("occurredAt")),
        person=Person() if step == "deals" else Person(external_id=(object_id,)),
        order=Order(id=object_id) if step == "deals" else None,
    )
    if step:
        event = thin(event, options, "hubspot", f"{step}/{object_id}")
    return finish(event, options, Carried())


def _topic(row: Json) -> str:
    """Return the topic; the newer subscriptions tell the kind of object beside it."""
    topic = read.text(row.get("subscriptionType")) or ""
    known = OBJECTS.get(read.text(row.get("objectTypeId")) or "", "object")
    return topic.replace("object.", f"{known}.", 1)


def _contact(row: Json) -> tuple[Kind, str] | str:
    if read.text(row.get("changeSource")) in BY_OTHERS:
        return "not by the contact"
    return Kind.LEAD, "contacts"


def _deal(row: Json) -> tuple[Kind, str] | str:
    is_won = read.text(row.get("propertyValue")) == "closedwon"
    if row.get("propertyName") != "dealstage" or not is_won:
        return "the deal is not won"
    return Kind.CHECKOUT, "deals"


def _erased(_row: Json) -> tuple[Kind, str] | str:
    return Kind.ERASE, ""


def _workflow(data: Json, notice: Notice, options: Options) -> Event:
    """Read what a workflow sends: the properties chosen there, or a whole contact."""
    told = {name: _value(found) for name, found in data.items()}
    inner = read.record(data.get("properties"))
    told |= {name: _value(found) for name, found in inner.items()}
    ids = (told.get(n) for n in ("hs_object_id", "vid", "objectId", "contact_id"))
    by_email = read.digest(read.text(told.get("email")))
    contact_id = read.needed("contact", *ids, by_email)
    kind = options.form_kind
    event = Event(
        event_id=event_id(options, "hubspot", contact_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, told.get("createdate")),
        person=usual(told, contact_id),
    )
    return finish(event, options, carried(told))


def _value(found: object) -> object:
    return found.get("value") if isinstance(found, dict) else found


TOPICS: Final[Mapping[str, Callable[[Json], tuple[Kind, str] | str]]] = {
    "contact.creation": _contact,
    "deal.propertyChange": _deal,
    "contact.privacyDeletion": _erased,
}
