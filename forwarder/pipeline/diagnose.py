"""Why a webhook was turned away, in a sentence that says what to do.

Nothing here lets a webhook in. It tries what usually goes wrong: another platform's
webhook, another endpoint's secret, a secret copied with a space, a body that something
on the way wrote anew, a clock that is off.
"""

import html
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from forwarder.core.event import Forged, Notice, Stale
from forwarder.core.signing import STANDARD, SVIX, Scheme
from forwarder.pipeline.receive import Endpoint, verify

MAX_BODY_BYTES: Final = 256 * 1024
# What only these platforms' webhooks carry.
MARKS: Final[Mapping[str, str]] = {
    "x-shopify-hmac-sha256": "Shopify",
    "shopify-hmac-sha256": "Shopify",
    "x-wc-webhook-signature": "WooCommerce",
    "stripe-signature": "Stripe",
    "paddle-signature": "Paddle",
    "x-kit-signature": "Kit",
    "klaviyo-signature": "Klaviyo",
    "typeform-signature": "Typeform",
    "tally-signature": "Tally",
    "x-ghost-signature": "Ghost",
    "squarespace-signature": "Squarespace",
    "x-hubspot-signature-v3": "HubSpot",
    "x-hubspot-signature": "HubSpot",
}
KEYS: Final[Mapping[str, str]] = {
    "shopify": "a webhook made in the admin is signed with the key at the bottom of "
    "Settings > Notifications > Webhooks, one of an app with the app's client secret: "
    "this endpoint has the other one, or an old one",
    "stripe": "each destination has a signing secret of its own (whsec_…), and test "
    "mode, live mode and the command line have different ones",
    "woocommerce": "the secret is the one in WooCommerce > Settings > Advanced > "
    "Webhooks; it must be set there explicitly",
    "squarespace": "the secret is hexadecimal and is shown only when the subscription "
    "is made or renewed, which ends the old one at once",
    "bigcommerce": "the secret is the client secret of the app or API account that "
    "made the webhook",
    "hubspot": "the secret is the client secret of the app; the address is signed too, "
    "so [service] public_url must be the one that HubSpot calls",
    "paddle": "each notification destination has a secret of its own (pdl_ntfset_…), "
    "and the sandbox another than live",
}


def why_refused(
    endpoint: Endpoint, others: Iterable[Endpoint], notice: Notice, now: datetime
) -> str:
    """Return why a notice was turned away; never raises, never shows a secret."""
    try:
        verify(endpoint, notice, now)
    except Stale as stale:
        return f"{stale}: the secret is right, one of the two clocks is not"
    except Forged as forged:
        return _forged(endpoint, others, notice, now) or str(forged)
    return "it is genuine now: the secret was changed meanwhile"


def _forged(
    endpoint: Endpoint, others: Iterable[Endpoint], notice: Notice, now: datetime
) -> str:
    return (
        _other_platform(endpoint, notice)
        or _other_endpoint(endpoint, others, notice, now)
        or _other_secret(endpoint, notice, now)
        or _other_body(endpoint, notice, now)
        or _no_proof(endpoint, notice)
        or _known_mistake(endpoint)
    )


def _other_platform(endpoint: Endpoint, notice: Notice) -> str:
    own = set(_headers(endpoint))
    for header, platform in MARKS.items():
        if header in notice.headers and own.isdisjoint(notice.headers):
            plain = platform.lower()
            if plain != endpoint.source_name:
                return (
                    f"the webhook comes from {platform}, but this endpoint is set up "
                    f"for {endpoint.source_name}: make an endpoint for {platform}"
                )
    return ""


def _other_endpoint(
    endpoint: Endpoint, others: Iterable[Endpoint], notice: Notice, now: datetime
) -> str:
    for other in others:
        is_like = other.source_name == endpoint.source_name
        if is_like and other.name != endpoint.name and _fits(other, notice, now):
            return (
                f"signed with the secret of [endpoints.{other.name}]: it was sent to "
                "the wrong address"
            )
    return ""


def _other_secret(endpoint: Endpoint, notice: Notice, now: datetime) -> str:
    for secret in endpoint.secrets:
        for variant, what in _variants(secret):
            fitting = replace(endpoint, secrets=[variant])
            if variant != secret and _fits(fitting, notice, now):
                return f"the secret in the settings {what}"
    return ""


def _variants(secret: str) -> Iterator[tuple[str, str]]:
    yield secret.strip(), "begins or ends in a space: take it out"
    yield secret.strip("\"'"), "stands in quotes that do not belong to it"
    yield html.unescape(secret), "holds &amp; or the like where a plain sign belongs"
    yield f"whsec_{secret}", "lacks its beginning, whsec_"
    yield secret.removeprefix("whsec_"), "has a whsec_ too much"
    yield secret.lower(), "is in capitals where small letters belong"


def _other_body(endpoint: Endpoint, notice: Notice, now: datetime) -> str:
    if len(notice.body) > MAX_BODY_BYTES:
        return ""
    for body in _rewritten(notice.body):
        if body != notice.body and _fits(endpoint, replace(notice, body=body), now):
            return (
                "the secret is right, but the body was written anew on its way: let "
                "the proxy or tool in between pass it through untouched"
            )
    return ""


def _rewritten(body: bytes) -> Iterator[bytes]:
    """Give the body as it may have been before a proxy or a tool touched it."""
    yield body.rstrip(b"\r\n")
    yield body + b"\n"
    yield body.replace(b"\r\n", b"\n")
    yield body.replace(b"\n", b"\r\n")
    yield body.removeprefix(b"\xef\xbb\xbf")
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return
    for separators in ((",", ":"), (", ", ": ")):
        for is_ascii in (True, False):
            text = json.dumps(data, separators=separators, ensure_ascii=is_ascii)
            yield text.encode("utf-8", "replace")
            yield text.replace("/", "\\/").encode("utf-8", "replace")  # as PHP does


def _no_proof(endpoint: Endpoint, notice: Notice) -> str:
    headers = _headers(endpoint)
    if headers and set(headers).isdisjoint(notice.headers):
        return (
            f"it is not signed: no header {' or '.join(headers)} came along. Set the "
            f"secret at the platform too: docs/sources/{endpoint.source_name}.md"
        )
    return ""


def _known_mistake(endpoint: Endpoint) -> str:
    known = KEYS.get(endpoint.source_name)
    return "" if known is None else f"the signature does not match: {known}"


def _headers(endpoint: Endpoint) -> Sequence[str]:
    """Return the headers in which this source's webhooks are signed."""
    names = (
        [
            value.header
            for value in vars(endpoint.source).values()
            if isinstance(value, Scheme)
        ]
        if hasattr(endpoint.source, "__dict__")
        else []
    )
    both = {STANDARD.header, SVIX.header}
    return sorted(both) if both & set(names) else names


def _fits(endpoint: Endpoint, notice: Notice, now: datetime) -> bool:
    try:
        verify(endpoint, notice, now)
    except Stale:
        return True
    except Forged:
        return False
    return True
