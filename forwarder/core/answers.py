"""Who filled in a form: answers under labels that the form's author wrote.

Only English labels are known. Where a platform tells the type of an answer, its adapter
gives `email` or `phone` instead of the label.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from forwarder.core.event import Person
from forwarder.core.names import parted
from forwarder.core.reading import one

FIELDS: Final[Mapping[str, str]] = {
    "email": "email",
    "emailaddress": "email",
    "phone": "phone",
    "phonenumber": "phone",
    "firstname": "first_name",
    "givenname": "first_name",
    "lastname": "last_name",
    "surname": "last_name",
    "familyname": "last_name",
    "city": "city",
    "town": "city",
    "state": "state",
    "zip": "postal_code",
    "zipcode": "postal_code",
    "postcode": "postal_code",
    "postalcode": "postal_code",
    "country": "country",
}
WHOLE_NAMES: Final = frozenset({"name", "fullname", "yourname"})

_NO_LETTER = re.compile(r"[^a-z]")


def person(answers: Iterable[tuple[str | None, object]]) -> Person:
    """Return who answered; of several answers of one meaning the first counts."""
    found: dict[str, tuple[str, ...]] = {}
    for label, value in answers:
        word = _NO_LETTER.sub("", (label or "").lower())
        if word in WHOLE_NAMES:
            first_name, last_name = parted(value)
            told = {"first_name": first_name, "last_name": last_name}
        else:
            told = {FIELDS[word]: one(value)} if word in FIELDS else {}
        for field, texts in told.items():
            found[field] = found.get(field) or texts
    return Person(
        email=found.get("email", ()),
        phone=found.get("phone", ()),
        first_name=found.get("first_name", ()),
        last_name=found.get("last_name", ()),
        city=found.get("city", ()),
        state=found.get("state", ()),
        postal_code=found.get("postal_code", ()),
        country=found.get("country", ()),
    )
