"""Keep links: made, changed and paused by people, read by every web process."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from forwarder.core.links import Arm, Bio, Link, UtmPolicy
from forwarder.store.engine import Store
from forwarder.store.schema_clicks import bio_pages, links


def add(store: Store, link: Link, now: datetime) -> bool:
    """Keep a new link; False if there is one of that name. Raises: StoreDown."""
    row = {**_row(link), "slug": link.slug, "created_at": now, "changed_at": now}

    def work(connection: sa.Connection) -> bool:
        known = sa.select(links.c.slug).where(links.c.slug == link.slug)
        if connection.execute(known).first() is not None:
            return False
        connection.execute(sa.insert(links).values(row))
        return True

    return store.commit(work)


def change(store: Store, link: Link, now: datetime) -> bool:
    """Keep a link as it is now; False if there is none of that name."""
    statement = (
        sa.update(links)
        .where(links.c.slug == link.slug)
        .values(**_row(link), changed_at=now)
    )
    return store.commit(lambda connection: connection.execute(statement).rowcount > 0)


def find(store: Store, slug: str) -> Link | None:
    """Return the link of that name."""
    with store.read() as connection:
        row = connection.execute(sa.select(links).where(links.c.slug == slug)).first()
    return None if row is None else _link(row)


def every(store: Store) -> Sequence[Link]:
    """Return all links by name."""
    with store.read() as connection:
        rows = connection.execute(sa.select(links).order_by(links.c.slug)).all()
    return [_link(row) for row in rows]


def stamp(store: Store) -> tuple[object, ...]:
    """Return what differs whenever any link does. Raises: StoreDown."""
    found: list[object] = []
    with store.read() as connection:
        for table in (links, bio_pages):
            query = sa.select(sa.func.count(), sa.func.max(table.c.changed_at))
            found += connection.execute(query.select_from(table)).one()
    return tuple(found)


def keep_bio(store: Store, bio: Bio, now: datetime) -> None:
    """Keep a page of links, in place of the one of that name. Raises: StoreDown."""
    row = {
        "name": bio.name,
        "title": bio.title,
        "entries": json.dumps(bio.entries),
        "changed_at": now,
    }

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.delete(bio_pages).where(bio_pages.c.name == bio.name))
        connection.execute(sa.insert(bio_pages).values(row))

    store.commit(work)


def drop_bio(store: Store, name: str) -> bool:
    """Take a page of links away; False if there is none of that name."""
    statement = sa.delete(bio_pages).where(bio_pages.c.name == name)
    return store.commit(lambda connection: connection.execute(statement).rowcount > 0)


def bios(store: Store) -> Sequence[Bio]:
    """Return all pages of links by name."""
    with store.read() as connection:
        rows = connection.execute(sa.select(bio_pages).order_by(bio_pages.c.name)).all()
    return [
        Bio(
            name=row.name,
            title=row.title,
            entries=tuple((slug, label) for slug, label in json.loads(row.entries)),
        )
        for row in rows
    ]


def _row(link: Link) -> dict[str, Any]:
    return {
        "to_url": link.to,
        "campaign": link.campaign,
        "pin_id": link.pin_id,
        "utm_policy": None if link.utm_policy is None else link.utm_policy.value,
        "is_paused": link.is_paused,
        "expires_at": link.expires_at,
        "fallback": link.fallback,
        "arms": json.dumps([asdict(arm) for arm in link.arms]),
        "discount_code": link.code or None,
    }


def _link(row: sa.Row[Any]) -> Link:
    return Link(
        slug=row.slug,
        to=row.to_url,
        campaign=row.campaign,
        pin_id=row.pin_id,
        utm_policy=None if row.utm_policy is None else UtmPolicy(row.utm_policy),
        is_paused=row.is_paused,
        expires_at=row.expires_at,
        fallback=row.fallback,
        arms=tuple(Arm(**arm) for arm in json.loads(row.arms)),
        code="" if row.discount_code is None else row.discount_code,
    )
