"""Reading what strangers send: values to texts, numbers and times.

Vendors' payloads are loosely typed: a price comes as a number, an id as a text, an
empty object as a list. Nothing here assumes; what is not there or not of the kind asked
for is None.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from forwarder.core.bodies import MAX_FORM_FIELDS
from forwarder.core.event import Notice, Unreadable

MAX_BATCH: Final = 10_000  # of notices in one body; platforms send at most a thousand
MAX_TEXT_CHARS: Final = (
    4096  # longer identifiers, names and addresses are no such thing
)
EPOCH_MS_FROM: Final = 100_000_000_000  # as seconds that would be the year 5138
MAX_KEY_CHARS: Final = 200
EXACT_BELOW: Final = 2.0**53
MAX_TOPIC_CHARS: Final = 80

_EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
_TOPIC = re.compile(r"[\w./:-]+", re.ASCII)
_KEY = re.compile(r"[\x21-\x3f\x41-\x7e]+")  # no @: nobody's address
EPOCH: Final = re.compile(r"[0-9]{1,14}(\.[0-9]+)?")


def at(value: object, *path: str | int) -> object:
    """Return what lies at the end of the path, None where it breaks off."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if -len(value) <= step < len(value) else None
        else:
            return None
    return value


def record(value: object) -> dict[str, object]:
    """Return an object, empty for anything else (an empty PHP array comes as `[]`)."""
    return value if isinstance(value, dict) else {}


def records(value: object) -> list[dict[str, object]]:
    """Return the objects of a list, empty for anything else."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def batch(value: object) -> list[dict[str, object]]:
    """Return the notices that one body holds. Raises: Unreadable above MAX_BATCH."""
    found = records(value)
    if len(found) > MAX_BATCH:
        raise Unreadable(f"more than {MAX_BATCH:,} notices in one body: send fewer")
    return found


def rows(value: object) -> list[dict[str, object]]:
    """Return the objects of a list, also of one that a form numbers: `a[0][id]`."""
    return records(list(value.values()) if isinstance(value, dict) else value)


def text(value: object) -> str | None:
    """Return a text or number as stripped text; None if empty, too long or neither.

    Integers of any length keep every digit.
    """
    if isinstance(value, str):  # nearly always, and of an order some fifty times
        return None if len(value) > MAX_TEXT_CHARS else value.strip() or None
    if isinstance(value, bool):
        return None
    if isinstance(value, Decimal):
        value = format(value, "f") if abs(value.adjusted()) < MAX_KEY_CHARS else ""
    elif isinstance(value, float):  # a whole number beyond 2**53 is not exact any more
        value = str(value) if abs(value) < EXACT_BELOW else ""
    elif isinstance(value, int):
        value = str(value)
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARS:
        return None
    return value.strip() or None


def first(*values: object) -> str | None:
    """Return the first of the values that is a text, None if none is."""
    for value in values:
        found = text(value)
        if found is not None:
            return found
    return None


def needed(what: str, *values: object) -> str:
    """Return the first of the values that is a text. Raises: Unreadable if none is."""
    found = first(*values)
    if found is None:
        raise Unreadable(f"the body has no {what}")
    return found


def texts(*values: object) -> tuple[str, ...]:
    """Return the texts among the values, each once, in order: a field of `Person`."""
    return tuple(dict.fromkeys(found for found in map(text, values) if found))


def one(*values: object) -> tuple[str, ...]:
    """Return the first text among the values as a field of `Person`."""
    found = first(*values)
    return () if found is None else (found,)


def digest(found: str | None) -> str | None:
    """Return a short hash that stands for a person where no id is given."""
    return None if found is None else sha256(found.lower().encode()).hexdigest()[:32]


def whole(value: object) -> int | None:
    """Return a number without fraction as int, None for anything else."""
    found = text(value)
    if found is None or not re.fullmatch(r"-?[0-9]{1,9}(\.0+)?", found):
        return None
    return int(Decimal(found))


def is_yes(value: object) -> bool:
    """Return True for true, 1, yes and on, in any case; False for anything else."""
    if isinstance(value, bool):
        return value
    found = text(value)
    return found is not None and found.lower() in {"1", "true", "yes", "on"}


def moment(*values: object) -> datetime | None:
    """Return the first of the values that is a time, in UTC.

    Shape: ISO 8601 with or without offset (none means UTC), or epoch seconds or
    milliseconds.
    """
    return next((found for found in map(_moment, values) if found is not None), None)


def occurred(notice: Notice, *values: object) -> datetime:
    """Return the first of the values that is a time, else when the notice came in.

    Raises: Unreadable if neither is known.
    """
    found = moment(*values)
    if found is None:
        found = notice.received_at
    if found is None:
        raise Unreadable("the body tells no time")
    return found


def topic_words(topic: str | None) -> str:
    """Return a topic fit for the log: cut, and only if it reads like a topic."""
    if topic is None or not _TOPIC.fullmatch(topic):
        return "(none)" if not topic else "(unprintable)"
    return topic[:MAX_TOPIC_CHARS]


def short_key(body: bytes, *candidates: str | None) -> str:
    """Return the first candidate that is fit for a delivery key, else a body hash."""
    for key in candidates:
        if key and len(key) <= MAX_KEY_CHARS and _KEY.fullmatch(key):
            return key
    return f"sha256:{sha256(body).hexdigest()}"


def query(url: str | None) -> dict[str, str]:
    """Return the query of an address, names in lower case, the first value of each."""
    found: dict[str, str] = {}
    try:
        pairs = parse_qsl(urlsplit(url or "").query, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        return found
    for name, value in pairs:
        if "\0" not in value:
            found.setdefault(name.lower(), value)
    return found


def named(rows: Iterable[Mapping[str, object]], name: str) -> dict[str, object]:
    """Return rows of `{name: …, "value": …}` as one mapping, the first of each."""
    found: dict[str, object] = {}
    for row in rows:
        key = text(row.get(name))
        if key is not None:
            found.setdefault(key, row.get("value"))
    return found


def _moment(value: object) -> datetime | None:
    found = text(value)
    if found is None:
        return None
    try:
        if EPOCH.fullmatch(found):
            seconds = Decimal(found)
            if seconds >= EPOCH_MS_FROM:
                seconds /= 1000
            return _EPOCH_START + timedelta(microseconds=int(seconds * 1_000_000))
        parsed = datetime.fromisoformat(found.upper())  # RFC 3339: z is Z
        if parsed.tzinfo is None:
            return parsed.replace(tzinfo=UTC)
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
