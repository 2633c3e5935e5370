"""One verifier for every body signature, set up by parameters.

A platform's way of signing is a `Scheme`; what differs between platforms (headers, what
is signed, how key and digest are written, where the time stands) is data in it.
Comparing is done on the written form of the digest, so that an upper-case hex digit or
a sloppy base64 padding is as wrong as a wrong signature.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from typing import Final, Literal

from forwarder.core.event import Forged, Notice, Stale

MAX_HEADER_CHARS = 4096  # a genuine one needs some hundred, also during a rotation


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How one platform signs its notices.

    Shape: `signed` is made of `{body}`, `{time}` and `{id}`. `separator` splits the
    signature header into parts, empty takes it whole; a part that starts with
    `signature_prefix` is a signature, one that starts with `time_prefix` the time.
    `time_header` and `id_header` name headers of their own. Units: `time_unit`.
    """

    header: str
    signed: str = "{body}"
    key: Literal["text", "hex", "whsec"] = "text"
    digest: Literal["hex", "base64"] = "hex"
    algorithm: Literal["sha256", "sha1"] = "sha256"
    separator: str = ""
    signature_prefix: str = ""
    time_prefix: str = ""
    time_header: str = ""
    time_unit: Literal["s", "ms", "http"] = "s"
    id_header: str = ""


# https://github.com/standard-webhooks/standard-webhooks; Svix came first.
STANDARD: Final = Scheme(
    header="webhook-signature",
    signed="{id}.{time}.{body}",
    key="whsec",
    digest="base64",
    separator=" ",
    signature_prefix="v1,",
    time_header="webhook-timestamp",
    id_header="webhook-id",
)
SVIX: Final = replace(
    STANDARD,
    header="svix-signature",
    time_header="svix-timestamp",
    id_header="svix-id",
)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the headers of a notice say about its signing."""

    signatures: tuple[str, ...]
    time: str = ""
    id: str = ""


def verify(
    scheme: Scheme, notice: Notice, secret: str, now: datetime, tolerance_s: int
) -> None:
    """Return if `secret` signed the notice and the signed time, if any, is near `now`.

    A wrong time is told only of a right signature. Raises: Forged, Stale.
    """
    claim = _claim(scheme, notice.headers)
    signed_at_s = _epoch_s(scheme, claim.time) if _is_timed(scheme) else None
    right = _signature(scheme, notice.body, secret, claim.time, claim.id).encode()
    matches = [
        hmac.compare_digest(right, given.encode("utf-8", "surrogatepass"))
        for given in claim.signatures
    ]
    if not any(matches):
        raise Forged(f"{scheme.header} does not match: check the secret on both sides")
    if signed_at_s is not None and abs(now.timestamp() - signed_at_s) > tolerance_s:
        raise Stale(f"signed more than {tolerance_s} s before or after our time")


def either(usual: Scheme, other: Scheme, notice: Notice) -> Scheme:
    """Return the scheme whose signature the notice has, by default the usual one."""
    has_other = other.header in notice.headers
    return other if has_other and usual.header not in notice.headers else usual


def sign(scheme: Scheme, notice: Notice, secret: str, now: datetime) -> Notice:
    """Return the notice with the headers that the platform would add at `now`."""
    headers = dict(notice.headers)
    time = _written_time(scheme, now) if _is_timed(scheme) else ""
    message_id = ""
    if scheme.id_header:
        message_id = headers.get(scheme.id_header) or _message_id(notice.body)
        headers[scheme.id_header] = message_id
    if scheme.time_header:
        headers[scheme.time_header] = time
    signature = _signature(scheme, notice.body, secret, time, message_id)
    part = f"{scheme.signature_prefix}{signature}"
    if scheme.time_prefix:
        part = f"{scheme.time_prefix}{time}{scheme.separator}{part}"
    headers[scheme.header] = part
    return replace(notice, headers=headers)


def verify_path_secret(notice: Notice, secret: str) -> None:
    """Return if the address of the notice ended in `secret`. Raises: Forged."""
    if not knows_secret([secret], notice.path_secret):
        raise Forged("the secret in the address is missing or wrong")


def knows_secret(secrets: Sequence[str], given: str) -> bool:
    """Say whether `given` is one of the secrets; an empty one opens nothing."""
    shown = given.encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(secret.encode(), shown) for secret in secrets]
    return bool(given) and any(matches)


def _claim(scheme: Scheme, headers: Mapping[str, str]) -> _Claim:
    value = _header(headers, scheme.header)
    parts = (
        [part.strip(" \t") for part in value.split(scheme.separator)]
        if scheme.separator
        else [value]
    )
    times = [part for part in parts if _starts(part, scheme.time_prefix)]
    if len(times) > 1:
        raise Forged(f"{scheme.header} holds more than one time")
    time = times[0][len(scheme.time_prefix) :] if times else ""
    if scheme.time_header:
        time = _header(headers, scheme.time_header)
    return _Claim(
        tuple(
            part[len(scheme.signature_prefix) :]
            for part in parts
            if part.startswith(scheme.signature_prefix) and part not in times
        ),
        time,
        _header(headers, scheme.id_header) if scheme.id_header else "",
    )


def _starts(part: str, prefix: str) -> bool:
    return bool(prefix) and part.startswith(prefix)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value or len(value) > MAX_HEADER_CHARS:
        raise Forged(f"{name} is missing, empty or too long")
    return value


def _signature(
    scheme: Scheme, body: bytes, secret: str, time: str, message_id: str
) -> str:
    words = {"{time}": time, "{id}": message_id}
    signed = b"".join(
        body if part == "{body}" else words.get(part, part).encode("utf-8", "replace")
        for part in re.split(r"(\{\w+\})", scheme.signed)
    )
    digest = hmac.digest(_key(scheme, secret), signed, scheme.algorithm)
    if scheme.digest == "base64":
        return base64.b64encode(digest).decode()
    return digest.hex()


def _key(scheme: Scheme, secret: str) -> bytes:
    if not secret:
        raise Forged("no secret is set for this endpoint")
    try:
        if scheme.key == "hex":
            return bytes.fromhex(secret)
        if scheme.key == "whsec":
            text = secret.removeprefix("whsec_")
            padding = "=" * (-len(text) % 4)
            return base64.b64decode(text + padding, validate=True)
    except (ValueError, binascii.Error):
        raise Forged(f"the secret of this endpoint is not {scheme.key} text") from None
    return secret.encode()


def _is_timed(scheme: Scheme) -> bool:
    return bool(scheme.time_prefix or scheme.time_header)


def _epoch_s(scheme: Scheme, text: str) -> float:
    if scheme.time_unit == "http":
        try:
            return parsedate_to_datetime(text).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            raise Forged("the signed time is not an HTTP date") from None
    if not re.fullmatch(r"[0-9]{1,14}", text):
        raise Forged("the signed time is not a number")
    return int(text) / (1000 if scheme.time_unit == "ms" else 1)


def _written_time(scheme: Scheme, now: datetime) -> str:
    if scheme.time_unit == "http":
        return format_datetime(now.astimezone(UTC), usegmt=True)
    return str(int(now.timestamp() * (1000 if scheme.time_unit == "ms" else 1)))


def _message_id(body: bytes) -> str:
    return f"msg_{sha256(body).hexdigest()[:24]}"
