"""Keep finished reports as they were, and give the history of months."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.report_posts import plan_posts
from forwarder.store.schema_posts import report_forms
from forwarder.store.schema_versions import report_versions
from forwarder.store.upsert import insert_into

HISTORY_MONTHS = 24
LISTED_MAX = 200  # of one destination: two a month for eight years


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Which report it is: everything but what it says.

    `stamp` is `provisional` or `final`; `inputs` the fingerprint of its inputs.
    """

    id: int
    destination: str
    month: str
    stamp: str
    inputs: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One finished report: its JSON and its page, as they were made.

    `forms` holds the other forms it is given out in, by their word.
    """

    destination: str
    month: str
    stamp: str
    inputs: str
    made_at: datetime
    content: bytes = field(repr=False)
    page: str = field(repr=False)
    forms: Mapping[str, str] = field(default_factory=dict, repr=False)


def keep_version(store: Store, version: Version, channels: Sequence[str] = ()) -> int:
    """Keep a report, or find the one of the very same inputs; return its number.

    It is sent through these channels, once through each however often it is kept.
    """
    with store.write() as connection:
        kept_id = connection.execute(_insert(store, version)).scalar()
        if kept_id is None:
            kept_id = connection.execute(_same(version)).scalar_one()
        else:
            _keep_forms(connection, kept_id, version.forms)
        if channels:
            plan_posts(connection, kept_id, channels, version.made_at)
    return int(kept_id)


def _insert(store: Store, version: Version) -> sa.sql.expression.Executable:
    row = {
        "destination": version.destination,
        "month": version.month,
        "stamp": version.stamp,
        "inputs": version.inputs,
        "made_at": version.made_at,
        "content": version.content,
        "page": zlib.compress(version.page.encode()),
    }
    new = (
        insert_into(report_versions, store.engine).values(row).on_conflict_do_nothing()
    )
    return new.returning(report_versions.c.id)


def _same(version: Version) -> sa.Select[Any]:
    of = report_versions.c
    return sa.select(of.id).where(
        of.destination == version.destination,
        of.month == version.month,
        of.stamp == version.stamp,
        of.inputs == version.inputs,
    )


def _keep_forms(
    connection: sa.Connection, version_id: int, forms: Mapping[str, str]
) -> None:
    rows = [
        {
            "version_id": version_id,
            "form": form,
            "content": zlib.compress(text.encode()),
        }
        for form, text in forms.items()
    ]
    if rows:
        connection.execute(sa.insert(report_forms), rows)


_HEAD = [report_versions.c[name] for name in Head.__slots__]


def list_heads(store: Store, destination: str, month: str | None = None) -> list[Head]:
    """Return which reports of a destination are kept, newest month and report first.

    Limits: the newest 200.
    """
    of = report_versions.c
    query = sa.select(*_HEAD).where(of.destination == destination)
    if month is not None:
        query = query.where(of.month == month)
    ordered = query.order_by(of.month.desc(), of.id.desc()).limit(LISTED_MAX)
    with store.read() as connection:
        return [Head(**row) for row in connection.execute(ordered).mappings()]


def find_version(store: Store, version_id: int) -> tuple[Head, Version] | None:
    """Return one kept report; None when there is none of this number."""
    query = sa.select(report_versions).where(report_versions.c.id == version_id)
    with store.read() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    head = Head(**{name: row[name] for name in Head.__slots__})
    return head, _version(row)


def form_of(store: Store, version_id: int, form: str) -> str | None:
    """Return a kept report in one of its other forms; None when it has none."""
    query = sa.select(report_forms.c.content).where(
        report_forms.c.version_id == version_id, report_forms.c.form == form
    )
    with store.read() as connection:
        content = connection.execute(query).scalar()
    return None if content is None else zlib.decompress(content).decode()


def _version(row: sa.RowMapping) -> Version:
    names = ("destination", "month", "stamp", "inputs", "made_at", "content")
    page = zlib.decompress(row["page"]).decode()
    return Version(page=page, **{name: row[name] for name in names})


def latest_contents(
    store: Store, destination: str, before: str | None = None
) -> dict[str, bytes]:
    """Return the JSON of the last version of each month, oldest month first.

    Limits: the last 24 months, before one if that is given.
    """
    of = report_versions.c
    last = sa.select(sa.func.max(of.id)).where(of.destination == destination)
    if before is not None:
        last = last.where(of.month < before)
    newest = last.group_by(of.month).order_by(of.month.desc()).limit(HISTORY_MONTHS)
    query = (
        sa.select(of.month, of.content)
        .where(of.id.in_(newest.scalar_subquery()))
        .order_by(of.month)
    )
    with store.read() as connection:
        return {row.month: row.content for row in connection.execute(query)}
