"""Spoil a genuine webhook in the ways that networks, proxies and attackers do."""

import json
from collections.abc import Callable, Iterator
from random import Random  # noqa: TID251 - seeded: a run can be repeated
from typing import Any

from forwarder.core.event import Notice

Mutation = Callable[[bytes, Random], bytes]
ODD: tuple[Any, ...] = (
    None,
    True,
    "",
    " ",
    0,
    -1,
    1.5,
    10**40,
    -(10**400),
    1e308,
    [],
    {},
    [[]],
    "\u0000",
    "\u202e",
    "0" * 5_000,
    "9" * 400,
    "é" * 3_000,
    "1e400",
    "NaN",
    "-0",
    "٣٤",
    "2026-02-30T25:61:61Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "EURO",
    "' OR 1=1 --",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "\ud83d\ude00" * 50,
)
RAW = (
    b"NaN",
    b"Infinity",
    b"1e999",
    b"9" * 5_000,
    b'"\\ud800"',
    b'"\\u0000"',
    b"\xff\xfe",
    b'"\x00"',
    b"[" * 200,
    b'{"a":' * 200,
    b"",
    b",",
    b"tru",
)


def flipped(body: bytes, chance: Random) -> bytes:
    """Turn one bit of some bytes."""
    spoilt = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        if spoilt:
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def cut(body: bytes, chance: Random) -> bytes:
    """End early."""
    return body[: chance.randrange(len(body) + 1)]


def doubled(body: bytes, chance: Random) -> bytes:
    """Say a piece twice."""
    at = chance.randrange(len(body) + 1)
    return body[:at] + body[at // 2 :]


def spliced(body: bytes, chance: Random) -> bytes:
    """Put something raw in the place of a piece."""
    at = chance.randrange(len(body) + 1)
    return body[:at] + chance.choice(RAW) + body[at + chance.randrange(20) :]


def recoded(body: bytes, chance: Random) -> bytes:
    """Say the same in another encoding, or with a mark before it."""
    text = body.decode("utf-8", "replace")
    forms = (text.encode("utf-16"), b"\xef\xbb\xbf" + body, text.encode("utf-7"))
    return chance.choice(forms)


def retyped(body: bytes, chance: Random) -> bytes:
    """Put a value of another type or size in the place of one inside."""
    try:
        document = json.loads(body)
    except ValueError:
        return _retyped_form(body, chance)
    places = list(_places(document))
    for _ in range(chance.randint(1, 3)):
        if places:
            holder, key = chance.choice(places)
            holder[key] = chance.choice(ODD)
    return json.dumps(document).encode()


def _retyped_form(body: bytes, chance: Random) -> bytes:
    fields = body.split(b"&")
    at = chance.randrange(len(fields))
    name = fields[at].partition(b"=")[0]
    fields[at] = name + b"=" + str(chance.choice(ODD)).encode("utf-8", "replace")
    return b"&".join(fields)


def _places(value: object) -> Iterator[tuple[Any, Any]]:
    """Give every place in which a value stands: what holds it, and its key."""
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    for key in keys:
        yield value, key
        yield from _places(value[key])  # type: ignore[index]


def thinned(body: bytes, chance: Random) -> bytes:
    """Leave fields out."""
    try:
        document = json.loads(body)
    except ValueError:
        fields = body.split(b"&")
        return b"&".join(one for one in fields if chance.random() > 0.2)
    holders = [place for place in _places(document) if isinstance(place[0], dict)]
    for holder, key in chance.sample(holders, min(len(holders), 4)):
        holder.pop(key, None)
    return json.dumps(document).encode()


MUTATIONS: tuple[Mutation, ...] = (
    flipped,
    cut,
    doubled,
    spliced,
    recoded,
    retyped,
    retyped,
    retyped,
    thinned,
)
HEADERS = (
    "",
    " ",
    "0",
    "é",
    "a" * 9_000,
    "t=,v1=",
    "v1,",
    "=" * 50,
    "\x7f",
    "t=9" * 99,
)


def mutants(notice: Notice, n: int, seed: str) -> Iterator[Notice]:
    """Give spoilt bodies of a notice; the same for the same seed."""
    chance = Random(seed)  # noqa: S311 - no secret is made
    for _ in range(n):
        body = chance.choice(MUTATIONS)(notice.body, chance)
        yield Notice(
            headers=notice.headers,
            body=body,
            path_secret=notice.path_secret,
            received_at=notice.received_at,
            url=notice.url,
        )


def with_odd_headers(notice: Notice, n: int, seed: str) -> Iterator[Notice]:
    """Give the notice with one header spoilt or left out."""
    chance = Random(seed)  # noqa: S311
    names = sorted(notice.headers)
    for _ in range(n):
        headers = dict(notice.headers)
        if names:
            headers[chance.choice(names)] = chance.choice(HEADERS)
        if names and chance.random() < 0.3:
            headers.pop(chance.choice(names))
        yield Notice(
            headers=headers,
            body=notice.body,
            path_secret=notice.path_secret,
            received_at=notice.received_at,
            url=notice.url,
        )


def giants(n_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Give bodies of the largest size we take, each hard in its own way."""
    yield "deep lists", b"[" * n_bytes
    yield "deep objects", (b'{"a":' * (n_bytes // 5))[:n_bytes]
    yield "many numbers", b"[" + b"1," * (n_bytes // 2 - 2) + b"1]"
    yield "many records", b"[" + b'{"a":1},' * (n_bytes // 8 - 1) + b"{}]"
    yield "many names", _names(n_bytes)
    yield "one number", b"9" * n_bytes
    yield "one text", b'{"email": "' + b"a" * (n_bytes - 13) + b'"}'
    yield "form fields", b"a=1&" * (n_bytes // 4)
    yield "form names", b"a[b]" * (n_bytes // 4)
    yield "spaces", b" " * n_bytes


def _names(n_bytes: int) -> bytes:
    names = [b'"%07d":{}' % number for number in range(n_bytes // 13)]
    return (b"{" + b",".join(names) + b"}")[:n_bytes]
