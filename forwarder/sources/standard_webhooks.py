"""Standard Webhooks and Svix: our own event, from any backend that can sign.

Signing: `webhook-id`, `webhook-timestamp` and `webhook-signature` (Svix: `svix-…`), the
last a list of `v1,` + base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`; the key is
the base64 after `whsec_`. Signatures of other versions are passed over.
The body is our own event, or the usual envelope of type, timestamp and data around it.
Source: https://github.com/standard-webhooks/standard-webhooks (read 2026-11-21)
"""

from datetime import datetime
from typing import Final

from forwarder import decode
from forwarder.core import reading as read
from forwarder.core import signing
from forwarder.core.event import Kind, Notice, Reading
from forwarder.core.source import Options
from forwarder.sources.own_event import read_own_event

SCHEME: Final = signing.STANDARD
SVIX_SCHEME: Final = signing.SVIX
KINDS: Final = frozenset(kind.value for kind in Kind)


def verify(notice: Notice, secret: str, now: datetime, options: Options) -> None:
    """Return if `secret` signed the notice near `now`. Raises: Forged, Stale."""
    scheme = _scheme(notice)
    signing.verify(scheme, notice, secret, now, options.timestamp_tolerance_s)


def sign(notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice signed under the names of the headers that it has."""
    return signing.sign(_scheme(notice), notice, secret, now)


def delivery_key(notice: Notice) -> str:
    """Return the id of the message, the same in each retry."""
    return read.short_key(notice.body, notice.headers.get(_scheme(notice).id_header))


def parse(notice: Notice, options: Options) -> Reading:
    """Return the event of a notice, or why there is none. Raises: Unreadable."""
    data = decode.read_object(notice.body)
    if "type" in data and isinstance(data.get("data"), dict):
        topic = read.text(data["type"])
        if topic not in KINDS:
            return Reading(ignored=f"topic not mapped: {read.topic_words(topic)}")
        told = {"kind": topic, "occurred_at": data.get("timestamp")}
        data = told | read.record(data["data"])
    return Reading(events=(read_own_event(data, options, is_strict=False),))


def _scheme(notice: Notice) -> signing.Scheme:
    return signing.either(SCHEME, SVIX_SCHEME, notice)
