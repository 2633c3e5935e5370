"""Lists that a user keeps under a name: the filter as it stands in the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema_views import views

VIEWS_MAX = 50  # of a user


class TooMany(Exception):
    """A user keeps as many lists as fit: remove one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A kept list. `query` is what stands behind the `?` of its address."""

    name: str
    query: str
    saved_at: datetime


def list_views(store: Store, user_name: str) -> Sequence[View]:
    """Return the lists a user keeps, by name."""
    with store.read() as connection:
        return _of(connection, user_name)


def _of(connection: sa.Connection, user_name: str) -> Sequence[View]:
    query = (
        sa.select(views.c.name, views.c.query, views.c.saved_at)
        .where(views.c.user_name == user_name)
        .order_by(views.c.name)
    )
    return [View(**row) for row in connection.execute(query).mappings()]


def save(store: Store, user_name: str, view: View) -> bool:
    """Keep a list; say whether one of this name was replaced. Raises: TooMany."""
    row = {
        "user_name": user_name,
        "name": view.name,
        "query": view.query,
        "saved_at": view.saved_at,
    }
    with store.write() as connection:
        is_known = _remove(connection, user_name, view.name)
        if len(_of(connection, user_name)) >= VIEWS_MAX:
            raise TooMany
        connection.execute(sa.insert(views), row)
    return is_known


def remove(store: Store, user_name: str, name: str) -> bool:
    """Forget a list; say whether there was one."""
    with store.write() as connection:
        return _remove(connection, user_name, name)


def _remove(connection: sa.Connection, user_name: str, name: str) -> bool:
    gone = sa.delete(views).where(views.c.user_name == user_name, views.c.name == name)
    return connection.execute(gone).rowcount > 0
