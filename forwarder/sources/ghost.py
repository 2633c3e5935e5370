"""Ghost: new members, free or paying.

Signing: `X-Ghost-Signature: sha256=…, t=…`, hex of HMAC-SHA256 over the body followed
by the time in milliseconds; sent only if the webhook has a secret, so that one without
is refused. Retries: in effect none, 2 s to answer; 410 deletes the webhook. The body
has a `member`, as it is and as it was; older versions do not name the event.
Source: TryGhost/Ghost, WebhookTrigger.js (read 2026-11-22)
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.carried import Carried
from forwarder.core.choices import finish
from forwarder.core.event import Event, Kind, Notice, Person, Reading
from forwarder.core.names import parted
from forwarder.core.source import Options, event_id

SCHEME: Final = signing.Scheme(
    header="x-ghost-signature",
    signed="{body}{time}",
    separator=",",
    signature_prefix="sha256=",
    time_prefix="t=",
    time_unit="ms",
)

Json = Mapping[str, object]


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice near `now`. Raises: Forged, Stale."""
    signing.verify(SCHEME, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice as Ghost would sign it: the signature stands first."""
    signed = signing.sign(SCHEME, notice, secret, now)
    time, _, signature = signed.headers[SCHEME.header].partition(SCHEME.separator)
    header = {SCHEME.header: f"{signature}, {time}"}
    return replace(signed, headers={**signed.headers, **header})


def delivery_key(notice: Notice) -> str:
    """Return the hash of the body: there is no id of the delivery."""
    return read.short_key(notice.body)


def parse(notice: Notice, options: Options) -> Reading:
    """Return the new member, or why there is none. Raises: Unreadable."""
    body = decode.read_object(notice.body)
    topic = read.text(body.get("event")) or _likely_topic(body)
    if topic != "member.added":
        return Reading(ignored=f"topic ignored: {read.topic_words(topic)}")
    member = read.record(read.at(body, "member", "current"))
    member_id = read.needed("member id", member.get("id"))
    # Unverified: whether one who joins by paying is `paid` at once.
    is_paying = member.get("status") == "paid"
    kind = Kind.SUBSCRIBE if is_paying else options.newsletter_kind
    first_name, last_name = parted(member.get("name"))
    event = Event(
        event_id=event_id(options, "ghost", member_id, kind),
        kind=kind,
        occurred_at=read.occurred(notice, member.get("created_at")),
        person=Person(
            email=read.one(member.get("email")),
            first_name=first_name,
            last_name=last_name,
            external_id=(member_id,),
        ),
    )
    return Reading(events=(finish(event, options, Carried()),))


def _likely_topic(body: Json) -> str:
    """Return the event by its contents: nothing was before, or nothing is now."""
    member = read.record(body.get("member"))
    if not member:
        return next(iter(body), "")
    if not read.record(member.get("current")):
        return "member.deleted"
    return "member.edited" if read.record(member.get("previous")) else "member.added"
