"""The request body, read as strictly as Pinterest's documents allow."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from forwarder.sandbox.shapes import Check


class Unacceptable(Exception):
    """The whole request is refused; the text completes "Invalid request: "."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A request that passed the schema. Shape: `raws` are the events' own bytes."""

    events: Sequence[Mapping[str, Any]]
    raws: Sequence[bytes]


class _Envelope(msgspec.Struct):
    data: list[msgspec.Raw]


def read_batch(body: bytes, check: Check) -> Batch:
    """Return the events in the body. Raises: Unacceptable."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as bad:
        raise Unacceptable(f"the body is not valid JSON ({_place(bad)})") from None
    _refuse_duplicate_keys(body, document)
    complaint = check(document)
    if complaint is not None:
        raise Unacceptable(complaint)
    raws = msgspec.json.decode(body, type=_Envelope).data
    return Batch(document["data"], [bytes(raw) for raw in raws])


def _place(bad: orjson.JSONDecodeError) -> str:
    return f"line {bad.lineno} column {bad.colno}"


def _refuse_duplicate_keys(body: bytes, document: object) -> None:
    # A canonical body that survives the round trip cannot hold a key twice. Only the
    # others pay for a second, slower reading.
    if orjson.dumps(document) != body:
        json.loads(body, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unacceptable("a key stands twice in one object")
    return found
