"""Notice that the database went back in time: a copy was restored, its log lost.

The data folder remembers how far the database had come, of which it is no part.
"""

import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from forwarder.store import Store, mark, watch

FILE: Final = "how-far.json"
SET_BACK_FROM: Final = "set_back_from"
SET_BACK_TO: Final = "set_back_to"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a database had come. Units: seconds since 1970.

    `database` tells one from another, so that a new one does not look like an old copy.
    """

    database: str
    claim: int
    at_s: float


def look_back(store: Store, database_url: str, folder: Path, now: datetime) -> bool:
    """Remember how far the database has come; say whether it lacks what it had.

    Then the gap is written down as two readings, from which the alert `set_back` is
    made. Raises: StoreDown.
    """
    name = sha256(database_url.encode()).hexdigest()[:16]
    claim = mark.last_claim(store)
    before = _read(folder / FILE)
    is_same = before is not None and before.database == name
    is_back = is_same and before is not None and claim < before.claim
    if before is not None and is_back:
        _note(store, before, now)
    if before is None or not is_same or claim != before.claim:
        _write(folder / FILE, Mark(database=name, claim=claim, at_s=now.timestamp()))
    return is_back


def _note(store: Store, before: Mark, now: datetime) -> None:
    newest_at = mark.newest_notice_at(store)
    from_s = 0.0 if newest_at is None else newest_at.timestamp()
    subject = socket.gethostname()
    watch.note_measure(store, SET_BACK_TO, subject, before.at_s, now)
    watch.note_measure(store, SET_BACK_FROM, subject, from_s, now)
    log.error("the database is older than it was", lacks_claims_after=from_s)


def _read(file: Path) -> Mark | None:
    """Return what was remembered; None when nothing was, or nobody can read it."""
    with suppress(OSError, ValueError, TypeError):
        return Mark(**json.loads(file.read_text(encoding="utf-8")))
    return None


def _write(file: Path, found: Mark) -> None:
    told = {"database": found.database, "claim": found.claim, "at_s": found.at_s}
    draft = file.with_suffix(".draft")
    try:
        draft.write_text(json.dumps(told), encoding="utf-8")
        draft.replace(file)
    except OSError as fault:  # a full disk: remembered at the next look
        log.warning("not remembered", error=type(fault).__name__)
