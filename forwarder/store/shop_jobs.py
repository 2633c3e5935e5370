"""The jobs of one shop, of which one at a time is not over."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.jobs import OF_SHOPS, OPEN, Job, NewJob, insert, list_jobs
from forwarder.store.schema_jobs import jobs

_LOCK = sa.text("SELECT pg_advisory_xact_lock(7204514)")


def add_alone(store: Store, new: NewJob, now: datetime) -> Job | None:
    """Write a job of a shop down; None while another one of that shop is not over."""
    is_of_shop = _is_of(str(new.scope.wanted.endpoint))
    with store.write() as connection:
        if not store.is_sqlite:  # there, one transaction writes at a time anyway
            connection.execute(_LOCK)
        if connection.execute(sa.select(jobs.c.id).where(OPEN, is_of_shop)).first():
            return None
        return insert(connection, new, now)


def latest(store: Store, shop: str, n_max: int) -> Sequence[Job]:
    """Return what a shop was asked for, newest first."""
    return list_jobs(store, n_max, only=[_is_of(shop)])


def _is_of(shop: str) -> sa.ColumnElement[bool]:
    words = msgspec.json.encode({"endpoint": shop}).decode().strip("{}")
    told = jobs.c["filter"]
    is_of_shop = sa.func.replace(told, words, "") != told  # LIKE: also MY-SHOP
    return sa.and_(jobs.c.kind.in_(OF_SHOPS), is_of_shop)
