"""Klaviyo: people who subscribed, by system webhook or by a flow's webhook action.

Signing: system webhooks, for partners and some large accounts, are signed with
`Klaviyo-Signature`, hex of HMAC-SHA256 over the body followed by `Klaviyo-Timestamp`,
an HTTP date, signed as it stands. A flow's webhook, which every account has, is not
signed: it shows the secret in a header, and its body is our template.
Retries: not documented. Whether a system webhook brings the profile is not confirmed.
Source: https://developers.klaviyo.com/en/docs/working_with_system_webhooks
(read 2026-11-21)
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing, tokens
from forwarder.core.carried import carried
from forwarder.core.choices import finish
from forwarder.core.event import Event, Forged, Notice, Reading, Unreadable
from forwarder.core.source import Options, event_id
from forwarder.sources.klaviyo import flow
from forwarder.sources.klaviyo.flow import Json

SCHEME: Final = signing.Scheme(
    header="klaviyo-signature",
    signed="{body}{time}",
    time_header="klaviyo-timestamp",
    time_unit="http",
)
WEBHOOK_ID: Final = "klaviyo-webhook-id"
MAPPED: Final = frozenset(
    f"event:klaviyo.subscribed_to_{way}_marketing" for way in ("email", "sms")
)
NO_PROFILE: Final = "the webhook names the profile by id only"


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice or, unsigned, stands in a header.

    Raises: Forged, Stale.
    """
    if SCHEME.header not in notice.headers:
        tokens.verify_header(notice, secret)
        return
    signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)
    told = _webhook_id(notice)
    if notice.headers.get(WEBHOOK_ID) != told and _is_readable(notice):
        raise Forged(f"{WEBHOOK_ID} is not the one in the body")


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Klaviyo would send it, signed if it is a system webhook."""
    webhook_id = _webhook_id(notice)
    if webhook_id is None:
        return tokens.with_token(notice, secret)
    headers = {**notice.headers, WEBHOOK_ID: webhook_id}
    return signing.sign(SCHEME, replace(notice, headers=headers), secret, now)


def redacted(notice: Notice) -> Notice:
    """Return the notice without the header that shows the secret; never raises."""
    return tokens.without_token(notice)


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body: a batch repeated in parts is another notice."""
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the events of a batch or of our template. Raises: Unreadable."""
    body = decode.read_object(notice.body)
    if "event" in body:
        return flow.template(body, notice, options)
    if "data" not in body:
        raise Unreadable("neither a system webhook nor our template")
    made = [_row(row, notice, options) for row in read.batch(body["data"])]
    events = tuple(each for each in made if isinstance(each, Event))
    reasons = [each for each in made if isinstance(each, str)] or ["empty batch"]
    return Reading(events=events, ignored=None if events else reasons[0])


def _is_readable(notice: Notice) -> bool:
    """Say whether it can be read: what is signed but cannot is kept, not refused."""
    try:
        decode.read_object(notice.body)
    except Unreadable:
        return False
    return True


def _webhook_id(notice: Notice) -> str | None:
    try:
        body = decode.read_json(notice.body)
    except Unreadable:
        return None
    return read.text(read.at(body, "meta", "klaviyo_webhook_id"))


def _row(row: Json, notice: Notice, options: Options) -> Event | str:
    """Read one event of a batch: e-mail and SMS of one profile are one sign-up."""
    topic = read.text(row.get("topic"))
    if topic not in MAPPED:
        return f"topic ignored: {read.topic_words(topic)}"
    payload = read.record(row.get("payload"))
    told = read.record(read.at(payload, "data", "attributes"))
    included = read.records(payload.get("included"))
    profile = next((each for each in included if each.get("type") == "profile"), {})
    named = read.at(payload, "data", "relationships", "profile", "data", "id")
    subject_id = read.first(named, profile.get("id"), row.get("external_id"))
    if subject_id is None:
        return "nobody in it"
    attributes = read.record(profile.get("attributes"))
    kind = options.newsletter_kind
    event = Event(
        event_id=event_id(options, "klaviyo", subject_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, told.get("datetime"), told.get("timestamp")),
        person=flow.person(attributes, attributes.get("external_id"), named),
        warnings=() if profile else (NO_PROFILE,),
    )
    properties = [attributes.get("properties"), told.get("event_properties")]
    return finish(event, options, carried(*map(read.record, properties)))
