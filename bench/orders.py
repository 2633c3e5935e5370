"""Signed Shopify orders with fresh ids, made before the clock starts."""

import base64
import hmac
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from forwarder.core.event import Notice
from forwarder.samples import SERIAL, TEST_SECRETS, fresh

SOURCE: Final = "shopify"
ENDPOINT: Final = "my-shop"
SECRET: Final = TEST_SECRETS[SOURCE]
SIGNATURE: Final = "x-shopify-hmac-sha256"
LENGTH_DIGITS: Final = 8
FIRST_SERIAL: Final = 10_000_000
FREE: Final = {
    "@buyers.example.com": "@shop-mail.org",
    "203.0.113.41": "8.10.20.30",
}


class Serials:
    """Gives out ranges of serial numbers, none of them twice in a run."""

    def __init__(self) -> None:
        self._next = FIRST_SERIAL

    def take(self, n: int) -> range:
        taken = range(self._next, self._next + n)
        self._next += n
        return taken


@cache
def pattern(now: datetime) -> Notice:
    """Return the sample order, written as Shopify does, without line breaks.

    Addresses for documentation would be left out by the sender.
    """
    sample = fresh(SOURCE, "orders-paid", SECRET, now, int(SERIAL))
    body = json.dumps(json.loads(sample.body), separators=(",", ":"))
    for reserved, free in FREE.items():
        body = body.replace(reserved, free)
    return replace(sample, body=body.encode())


def order(serial: int, now: datetime) -> Notice:
    """Return the signed order of one buyer."""
    made = pattern(now)
    number = str(serial)
    body = made.body.replace(SERIAL.encode(), number.encode())
    headers = {k: v.replace(SERIAL, number) for k, v in made.headers.items()}
    headers[SIGNATURE] = sign(body)
    return replace(made, headers=headers, body=body)


def sign(body: bytes) -> str:
    return base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()


def requests(serials: range, now: datetime) -> Iterator[bytes]:
    """Yield the orders as whole HTTP requests, ready for a socket."""
    for serial in serials:
        notice = order(serial, now)
        lines = [
            f"POST /hooks/{ENDPOINT} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Content-Length: {len(notice.body)}",
            *(f"{name}: {value}" for name, value in notice.headers.items()),
        ]
        yield "\r\n".join(lines).encode() + b"\r\n\r\n" + notice.body


def write_requests(folder: Path, serials: range, now: datetime) -> Path:
    """Return a file of requests, each behind its length."""
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        for request in requests(serials, now):
            file.write(f"{len(request):0{LENGTH_DIGITS}}".encode() + request)
    return Path(file.name)


def read_requests(path: Path) -> list[bytes]:
    """Return the requests of a file."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        start = at + LENGTH_DIGITS
        at = start + int(data[at:start])
        found.append(data[start:at])
    return found
