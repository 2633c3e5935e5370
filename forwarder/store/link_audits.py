"""Audits of links: those that wait, and what the finished ones found."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema_clicks import link_audits, links

PAGE = 50
GIVE_UP_AFTER = timedelta(minutes=5)  # then whoever began it is gone
SCHEDULE = "schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAudit:
    """One audit. `told` is the whole answer; None while it waits, or `fault` says why.

    `slug` is None for an address that is none of a link of ours.
    """

    id: int
    slug: str | None
    url: str
    who: str
    asked_at: datetime
    finished_at: datetime | None
    verdict: str | None
    fault: str | None
    told: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the audits of a link found last.

    `before` is the verdict that it differs from, None while it never did.
    """

    audit_id: int
    slug: str
    verdict: str
    before: str | None


def ask(store: Store, url: str, slug: str | None, who: str, now: datetime) -> int:
    """Let an audit wait for a worker; return its number. Raises: StoreDown."""
    row = {"slug": slug, "url": url, "who": who, "asked_at": now}

    def work(connection: sa.Connection) -> int:
        statement = sa.insert(link_audits).values(row).returning(link_audits.c.id)
        return int(connection.execute(statement).scalar_one())

    return store.commit(work)


def claim(store: Store, now: datetime) -> LinkAudit | None:
    """Return the next audit that waits, held for five minutes; None if there is none.

    One that was begun and never ended waits again.
    """
    c = link_audits.c
    is_free = sa.or_(c.started_at.is_(None), c.started_at < now - GIVE_UP_AFTER)
    waits = sa.and_(c.finished_at.is_(None), is_free)
    with store.read() as connection:
        found = connection.execute(
            sa.select(link_audits).where(waits).order_by(c.id).limit(1)
        ).first()
    if found is None:
        return None
    take = sa.update(link_audits).where(c.id == found.id, waits)
    with store.write() as connection:
        n = connection.execute(take.values(started_at=now)).rowcount
    return _audit(found) if n else None


def finish(
    store: Store, audit_id: int, told: Mapping[str, Any] | str, now: datetime
) -> None:
    """Keep what an audit found, or the sentence that says why it found nothing."""
    if isinstance(told, str):
        values: dict[str, Any] = {"fault": told}
    else:
        values = {"verdict": told["verdict"], "told": json.dumps(told)}
    statement = sa.update(link_audits).where(link_audits.c.id == audit_id)
    with store.write() as connection:
        connection.execute(statement.values(finished_at=now, **values))


def find(store: Store, audit_id: int) -> LinkAudit | None:
    """Return the audit of that number."""
    query = sa.select(link_audits).where(link_audits.c.id == audit_id)
    with store.read() as connection:
        row = connection.execute(query).first()
    return None if row is None else _audit(row)


def recent(
    store: Store, slug: str | None = None, before_id: int | None = None
) -> Sequence[LinkAudit]:
    """Return a page of audits, of one link or of all, newest first."""
    query = sa.select(link_audits).order_by(link_audits.c.id.desc()).limit(PAGE)
    if slug is not None:
        query = query.where(link_audits.c.slug == slug)
    if before_id is not None:
        query = query.where(link_audits.c.id < before_id)
    with store.read() as connection:
        return [_audit(row) for row in connection.execute(query).all()]


def before(store: Store, one: LinkAudit) -> LinkAudit | None:
    """Return the audit of the same address that ended before this one did."""
    c = link_audits.c
    query = (
        sa.select(link_audits)
        .where(c.url == one.url, c.id < one.id, c.verdict.is_not(None))
        .order_by(c.id.desc())
        .limit(1)
    )
    with store.read() as connection:
        row = connection.execute(query).first()
    return None if row is None else _audit(row)


def overdue(store: Store, since: datetime, now: datetime) -> Sequence[str]:
    """Return the open links that no audit was asked for since then, by name."""
    c = link_audits.c
    asked = sa.select(c.slug).where(c.slug.is_not(None), c.asked_at >= since)
    is_open = sa.or_(links.c.expires_at.is_(None), links.c.expires_at > now)
    query = (
        sa.select(links.c.slug)
        .where(sa.not_(links.c.is_paused), is_open, links.c.slug.not_in(asked))
        .order_by(links.c.slug)
    )
    with store.read() as connection:
        return connection.execute(query).scalars().all()


def turns(store: Store) -> Sequence[Turn]:
    """Return, for each link that is there, where its audits stand and stood before."""
    c = link_audits.c
    query = (
        sa.select(c.id, c.slug, c.verdict)
        .join(links, links.c.slug == c.slug)
        .where(c.verdict.is_not(None), sa.not_(links.c.is_paused))
        .order_by(c.slug, c.id.desc())
    )
    found: dict[str, Turn] = {}
    with store.read() as connection:
        for row in connection.execute(query):
            known = found.get(row.slug)
            if known is None:
                found[row.slug] = Turn(
                    audit_id=row.id, slug=row.slug, verdict=row.verdict, before=None
                )
            elif known.before is None and row.verdict != known.verdict:
                found[row.slug] = Turn(
                    audit_id=known.audit_id,
                    slug=row.slug,
                    verdict=known.verdict,
                    before=row.verdict,
                )
    return list(found.values())


def forget(store: Store, until: datetime) -> int:
    """Clear audits from before a time; return how many."""
    with store.write() as connection:
        return connection.execute(
            sa.delete(link_audits).where(link_audits.c.asked_at < until)
        ).rowcount


def _audit(row: sa.Row[Any]) -> LinkAudit:
    return LinkAudit(
        id=row.id,
        slug=row.slug,
        url=row.url,
        who=row.who,
        asked_at=row.asked_at,
        finished_at=row.finished_at,
        verdict=row.verdict,
        fault=row.fault,
        told=None if row.told is None else json.loads(row.told),
    )
