"""Who a delivery is about: masked wherever it is shown, in clear where it is revealed.

Masked means the names of the fields and how many values each has, nothing of a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from forwarder.core.event import Notice, Person
from forwarder.store.reveal import Opened

BODY_MAX_CHARS: Final = 200_000


@dataclass(frozen=True, slots=True)
class Masked:
    """A field of a person that has so many values."""

    field: str
    n_values: int


def masked(person: Person) -> Sequence[Masked]:
    """Return which fields a person has, without their values."""
    return [Masked(name, len(values)) for name, values in in_clear(person).items()]


def in_clear(person: Person) -> Mapping[str, Sequence[str]]:
    """Return the values of each field that has any."""
    found = {field.name: getattr(person, field.name) for field in fields(person)}
    return {
        name: [value] if isinstance(value, str) else list(value)
        for name, value in found.items()
        if value
    }


def body_text(notice: Notice) -> str:
    """Return the body as text, its end left out where it is very long."""
    text = notice.body.decode("utf-8", "replace")
    if len(text) <= BODY_MAX_CHARS:
        return text
    return f"{text[:BODY_MAX_CHARS]}\n… {len(text) - BODY_MAX_CHARS:,} more characters"


def opened_json(opened: Opened) -> dict[str, Any]:
    """Return a delivery in clear. Null: cleared, erased, or no key opens it."""
    event, notice = opened.event, opened.notice
    return {
        "person": None if event is None else in_clear(event.person),
        "request": None
        if notice is None
        else {"headers": dict(notice.headers), "body": body_text(notice)},
    }
