"""The audit log: who did what, when, to what. Appended to, never edited.

Triggers refuse UPDATE and DELETE on both databases. Whoever goes round them is seen:
each row's digest covers the digest before it, and is signed with a data key, which is
not in the database. A signature over the last row thus vouches for all rows before it,
also for those whose own key has been retired. Rows cut off at the end leave a shorter,
honest chain: note the head that `verify` returns outside, and hand it in next time.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa

from forwarder.core.personal import names_somebody, veiled
from forwarder.store.engine import Store
from forwarder.store.schema import to_us
from forwarder.store.schema_audit import audit

PAGE = 50
PAGE_MAX = 1_000
TEXT_MAX_CHARS = 500
_PURPOSE = "audit"
_START = "0" * 64
_LOCK = sa.text("SELECT pg_advisory_xact_lock(7204513)")
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the audit log."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries. None leaves a field open; `before_id` is a page's cursor."""

    who: str | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """One page of entries, newest first. `next_id` is None on the last page."""

    entries: Sequence[Entry]
    next_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a check of the whole chain found.

    `broken_at` is the first entry that was changed, or stands behind a removed one;
    None when there is none. `is_signed` says whether every signature holds that a data
    key can check, and `n_unsigned` how many entries came after the last of those.
    `head` is the newest digest: note it elsewhere to see later if any was cut off.
    """

    n_entries: int
    head: str
    broken_at: int | None
    is_signed: bool
    n_unsigned: int
    knows_head: bool


def note(
    store: Store, who: str, action: str, subject: str, now: datetime, detail: str = ""
) -> None:
    """Write down that somebody did something; returns once it is committed.

    No person's data belongs in here: an e-mail address becomes a hash, line breaks
    become spaces, and long texts are cut. Raises: StoreDown.
    """
    row = {
        "at": to_us(now),
        "who": _plain(who),
        "action": _plain(action),
        "subject": _without_email(_plain(subject)),
        "detail": _without_email(_plain(detail)),
    }
    store.commit(lambda connection: _append(connection, store, row))


def _plain(text: str) -> str:
    return _UNFIT.sub(" ", text).strip()[:TEXT_MAX_CHARS]


def _without_email(text: str) -> str:
    if not names_somebody(text):
        return text
    return " ".join(veiled(w) if names_somebody(w) else w for w in text.split())


def _append(connection: sa.Connection, store: Store, row: dict[str, Any]) -> None:
    if not store.is_sqlite:  # there, one transaction writes at a time anyway
        connection.execute(_LOCK)
    newest = sa.select(audit.c.digest).order_by(audit.c.id.desc()).limit(1)
    previous = connection.execute(newest).scalar()
    digest = _digest(_START if previous is None else previous, row)
    signed = store.sealer.sign(digest.encode(), _PURPOSE)
    connection.execute(_INSERT, {**row, "digest": digest, "seal": signed})


# Plain columns: the driver of the one writer takes numbers, not datetimes.
_INSERT = sa.text(
    "INSERT INTO audit (at, who, action, subject, detail, digest, seal) "
    "VALUES (:at, :who, :action, :subject, :detail, :digest, :seal)"
)
_FIELDS = ("at", "who", "action", "subject", "detail")


def _digest(previous: str, row: dict[str, Any]) -> str:
    told = msgspec.json.encode([previous, *(row[name] for name in _FIELDS)])
    return sha256(told).hexdigest()


def entries(store: Store, wanted: Wanted, n_max: int = PAGE) -> Trail:
    """Return one page, newest first."""
    query = sa.select(*(audit.c[name] for name in Entry.__slots__))
    query = query.where(*_conditions(wanted)).order_by(audit.c.id.desc())
    with store.read() as connection:
        rows = connection.execute(query.limit(n_max + 1)).mappings().all()
    found = [Entry(**row) for row in rows[:n_max]]
    return Trail(entries=found, next_id=found[-1].id if len(rows) > n_max else None)


def _conditions(wanted: Wanted) -> Iterator[sa.ColumnElement[bool]]:
    if wanted.who is not None:
        yield audit.c.who == wanted.who
    if wanted.action is not None:
        yield audit.c.action == wanted.action
    if wanted.since is not None:
        yield audit.c.at >= wanted.since
    if wanted.until is not None:
        yield audit.c.at < wanted.until
    if wanted.before_id is not None:
        yield audit.c.id < wanted.before_id


def verify(store: Store, known_head: str = "") -> Verified:
    """Read the whole chain and say whether anything in it was changed or removed.

    `known_head` is a head noted earlier: `knows_head` says whether its entry is
    still there, and so whether nothing was cut off since.
    """
    previous, broken_at, n_entries = _START, None, 0
    is_signed, n_unsigned, knows_head = True, 0, not known_head
    for row in _all(store):
        n_entries += 1
        digest = _digest(previous, {**row, "at": to_us(row["at"])})
        if broken_at is None and digest != row["digest"]:
            broken_at = row["id"]
        previous = row["digest"]
        knows_head = knows_head or previous == known_head
        verdict = store.sealer.is_signed(previous.encode(), row["seal"], _PURPOSE)
        n_unsigned = n_unsigned + 1 if verdict is None else 0
        if verdict is not None:
            is_signed = verdict and is_signed
    return Verified(
        n_entries=n_entries,
        head=previous,
        broken_at=broken_at,
        is_signed=is_signed,
        n_unsigned=n_unsigned,
        knows_head=knows_head,
    )


def _all(store: Store) -> Iterator[dict[str, Any]]:
    after_id = 0
    query = sa.select(audit).order_by(audit.c.id).limit(PAGE_MAX)
    while True:
        with store.read() as connection:
            page = query.where(audit.c.id > after_id)
            rows = connection.execute(page).mappings().all()
        if not rows:
            return
        yield from map(dict, rows)
        after_id = rows[-1]["id"]
