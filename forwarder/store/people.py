"""Find deliveries by a person: by keyed hashes, since nobody is stored in clear."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from forwarder.core.links import MARKS, mark_of, plain
from forwarder.store.engine import Store
from forwarder.store.join_marks import PERSON
from forwarder.store.schema import deliveries
from forwarder.store.schema_clicks import click_marks


def marks_of(store: Store, values: Iterable[str]) -> tuple[str, ...]:
    """Return the marks of addresses or phone numbers, one by each data key."""
    keys = [key for _, key in store.sealer.secrets(MARKS)]
    told = sorted({plain(value) for value in values})
    return tuple(mark_of(key, PERSON, value) for key in keys for value in told)


def by_mark(marks: Sequence[str]) -> sa.ColumnElement[bool]:
    """Find the deliveries that carry any of these marks, through their index."""
    found = sa.select(click_marks.c.delivery_id)
    return deliveries.c.id.in_(
        found.where(click_marks.c.what == PERSON, click_marks.c.mark.in_(marks))
    )
