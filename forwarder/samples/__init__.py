"""Sample webhooks of every source, signed with invented secrets.

They serve the tests, `forwarder trigger` and `forwarder demo`.

A case is one file `<source>/<case>.http`: an optional request line, headers, a blank
line, the body without the file's last line break. A secret in the address stands in the
request line, `POST /hooks/my-shop/<secret>`; where the address is signed, it holds all
of it, `POST https://events.example.com/hooks/my-shop`. Beside it `<case>.event.json` is
what the adapter makes of it. Cases named `refused-…` are not genuine.
In every sample the digits 900100 stand for its serial number and 2026-11-01T12:00:00Z
for its time, in whatever way the platform writes it: `fresh` replaces the two, and the
telephone number, so that another serial is another person.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from forwarder.core.event import LOCAL_KINDS, Kind, Notice, Unreadable
from forwarder.core.source import Options
from forwarder.sources import SOURCES

SIGNED_AT: Final = datetime(2026, 11, 1, 12, tzinfo=UTC)
SERIAL: Final = "900100"
REFUSED: Final = "refused-"  # begins the name of what is not genuine
_NINE_DIGITS: Final = 10**8  # a number in JSON does not begin with 0
_SERIAL_FROM: Final = 100_000  # six digits, as the one in the samples
# Where the secret has a form of its own, or tries one.
_OF_A_FORM: Final = MappingProxyType(
    {
        "activecampaign": "activecampaign-example-path-secret",
        "beehiiv": "whsec_YmVlaGlpdi1leGFtcGxlLXNlY3JldA==",
        "flodesk": "flodesk-example-path-secret-0001",
        "gumroad": "gumroad-example-path-secret-0001",
        "kajabi": "kajabi-example-path-secret-00001",
        "kit": "kit-example-secret-0123456789",
        "mailchimp": "mailchimp-example-path-secret-01",
        "standard_webhooks": "whsec_ZXhhbXBsZS1vbmx5LW5vdC1hLXJlYWwtc2VjcmV0IQ==",
        "squarespace": "00112233445566778899aabbccddeeff",
        "stripe": "whsec_stripe_example_secret",
        "teachable": "teachable-example-path-secret-01",
        "woocommerce": "woocommerce &amp; example secret",
    }
)
TEST_SECRETS: Final[Mapping[str, str]] = MappingProxyType(
    {source: _OF_A_FORM.get(source, f"{source}-example-secret") for source in SOURCES}
)

_REQUEST = b"POST "
_BEGINS_A_NUMBER = re.compile(rb"(?<=[:,\[\s])%b" % SERIAL.encode())
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_LAST_BREAK = re.compile(rb"\r?\n\Z")
_BERLIN_IN_WINTER = timezone(timedelta(hours=1))
# How the platforms write a time. The two plain ones also begin those with a zone.
_FORMS: Final = (
    (UTC, "%Y-%m-%dT%H:%M:%S"),
    (_BERLIN_IN_WINTER, "%Y-%m-%dT%H:%M:%S"),
    (UTC, "%Y-%m-%d %H:%M:%S"),
    (UTC, "%Y-%m-%d+%H%%3A%M%%3A%S"),
    (UTC, "%Y-%m-%dT%H%%3A%M%%3A%S"),
)
# The telephone numbers, and where four digits of the serial make another of the same
# country: a code of that country's range for fiction where it has one so wide.
_PHONES: Final = (
    ("493023125417", "493023125{0:04d}"),
    ("030 23125 417", "030 23125 {0:04d}"),
    ("07700 900123", "{1} 496 0{2:03d}"),
    ("33199000017", "3319900{0:04d}"),
    ("34600000010", "3460000{0:04d}"),
    ("390555000017", "39055500{0:04d}"),
    ("351 21 555 0117", "351 21 555 {0:04d}"),
    ("12025550143", "1202555{0:04d}"),
    ("12025550144", "1202555{0:04d}"),
    ("12025550145", "1202555{0:04d}"),
    ("12025550147", "1202555{0:04d}"),
)
_BRITISH_CITIES: Final = (
    *("0113", "0114", "0115", "0116", "0117"),
    *("0118", "0121", "0131", "0141", "0151"),
)


def cases(source: str) -> list[str]:
    """Return the names of a source's samples, sorted."""
    names = (entry.name for entry in (files(__name__) / source).iterdir())
    return sorted(
        name.removesuffix(".http") for name in names if name.endswith(".http")
    )


@cache
def sendable(source: str) -> tuple[str, ...]:
    """Return the genuine samples of a source that tell of a conversion, sales first.

    What its refunds, its requests to erase and its pings look like is left out, and
    all of a source without samples.
    """
    if source not in SOURCES:
        return ()
    found = [(_first_kind(source, case), case) for case in cases(source)]
    known = [(kind is not Kind.CHECKOUT, case) for kind, case in found if kind]
    return tuple(case for _, case in sorted(known))


def _first_kind(source: str, case: str) -> Kind | None:
    """Return what a sample tells of; None if no part of it would be sent."""
    if case.startswith(REFUSED):
        return None
    try:
        reading = SOURCES[source].parse(load(source, case), Options(shop="my-shop"))
    except Unreadable:
        return None
    to_send = (
        e.kind for e in reading.events if e.skip is None and not e.consent.denied
    )
    return next((kind for kind in to_send if kind not in LOCAL_KINDS), None)


@cache
def load(source: str, case: str) -> Notice:
    """Return a sample as it came in at `SIGNED_AT`."""
    data = (files(__name__) / source / f"{case}.http").read_bytes()
    return replace(read_http(data), received_at=SIGNED_AT)


def read_http(data: bytes) -> Notice:
    """Return the notice in the bytes of an `.http` file; never raises.

    Without a blank line all of it is the body.
    """
    parted = _BLANK_LINE.split(data, maxsplit=1)
    if len(parted) == 1:
        return Notice(headers={}, body=_LAST_BREAK.sub(b"", data))
    head, body = parted
    lines = head.decode("latin-1").splitlines()
    target = lines.pop(0).split(" ")[1] if head.startswith(_REQUEST) else ""
    headers = (line.partition(":") for line in lines)
    return Notice(
        headers={name.strip().lower(): value.strip() for name, _, value in headers},
        body=_LAST_BREAK.sub(b"", body),
        path_secret=_path_secret(urlsplit(target).path),
        url=target if "://" in target else "",
    )


def any_serial() -> int:
    """Return a serial number that no other sample has, most likely."""
    return _NINE_DIGITS + secrets.randbelow(9 * _NINE_DIGITS)


def fresh(  # noqa: PLR0913, PLR0917  each is one way in which samples differ
    source: str,
    case: str,
    secret: str,
    now: datetime,
    serial: int,
    occurred_at: datetime | None = None,
    swaps: Sequence[tuple[str, str]] = (),
) -> Notice:
    """Return a sample as if it had just happened to somebody else.

    Ids, e-mail address and the last four digits of the telephone number are those of
    `serial`, all times are `occurred_at` (by default `now`), and it is signed with
    `secret` at `now`. Samples with the same serial tell of the same order or
    subscriber. `swaps` replaces further texts, such as a currency.
    """
    sample = load(source, case)
    happened = now if occurred_at is None else occurred_at
    pairs = [(SERIAL, f"{serial:06d}"), *_times(happened), *swaps, *_phones(serial)]
    body, headers = _numbered(sample.body, serial), dict(sample.headers)
    for old, new in pairs:
        body = body.replace(old.encode(), new.encode())
        headers = {name: value.replace(old, new) for name, value in headers.items()}
    notice = replace(sample, headers=headers, body=body, received_at=now)
    return SOURCES[source].sign(notice, secret, now)


def _numbered(body: bytes, serial: int) -> bytes:
    """Return the body with a serial of its own where a number begins with it.

    A short one gets a 9 in front: JSON allows no number that begins with a zero.
    """
    digits = str(serial) if serial >= _SERIAL_FROM else f"9{serial:06d}"
    return _BEGINS_A_NUMBER.sub(digits.encode(), body)


def _phones(serial: int) -> list[tuple[str, str]]:
    last = serial % 10_000
    city, of_city = divmod(last, 1_000)
    return [
        (kept, form.format(last, _BRITISH_CITIES[city], of_city))
        for kept, form in _PHONES
    ]


def _times(happened: datetime) -> list[tuple[str, str]]:
    old, new = (
        [at.astimezone(zone).strftime(form) for zone, form in _FORMS]
        for at in (SIGNED_AT, happened)
    )
    old_s, new_s = int(SIGNED_AT.timestamp()), int(happened.timestamp())
    return [*zip(old, new, strict=True), (str(old_s), str(new_s))]


def _path_secret(path: str) -> str:
    """Return what follows the name of the endpoint in `/hooks/<endpoint>/<secret>`."""
    parts = path.strip("/").split("/")
    return parts[2] if len(parts) == len(("hooks", "endpoint", "secret")) else ""
