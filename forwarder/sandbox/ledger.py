"""Everything the fake Pinterest accepted, deduplicated as Pinterest says it does.

The first copy of (ad account, event name, event id) is kept; later ones are counted
against it. Offline events are never deduplicated.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

import orjson

from forwarder.sandbox.options import SandboxOptions

LATE_AFTER_S = 3_600  # a web event this late is reported as offline
_Key = tuple[str, str, str]  # ad account, event name, event id


@dataclass(slots=True)
class Kept:
    """One event as it first arrived. `raw` is its JSON, byte for byte."""

    ad_account_id: str
    received_at_s: float
    raw: bytes = field(repr=False)
    is_offline: bool
    n_duplicates: int = 0
    n_identical: int = 0  # duplicates whose bytes equal `raw`

    def as_json(self) -> dict[str, object]:
        """Return the entry as `GET /_sandbox/ledger` shows it."""
        return {
            "ad_account_id": self.ad_account_id,
            "received_at": datetime.fromtimestamp(self.received_at_s, UTC).isoformat(),
            "event": orjson.Fragment(self.raw),
            "offline": self.is_offline,
            "duplicates": self.n_duplicates,
            "duplicates_identical": self.n_identical,
        }


@dataclass(slots=True)
class _Counts:
    duplicates: int = 0
    identical: int = 0
    rejected: int = 0
    requests: int = 0
    test_requests: int = 0
    late: int = 0
    batches: int = 0
    batch_max: int = 0
    by_status: Counter[str] = field(default_factory=Counter)


class Ledger:
    """The book of accepted events. Safe to use from several threads.

    Limits: held in memory, about 1.5 KB an event; with `ledger_path` also appended
    to an NDJSON file that is read back at the next start.
    """

    def __init__(self, options: SandboxOptions) -> None:
        """Open the book, reading the file of an earlier run if there is one."""
        self._lock = Lock()
        self._dedup_window_s = options.dedup_window_s
        self._dedups_late_web = options.late_web_dedup
        self._counts = _Counts()
        self._kept: list[Kept] = []
        self._first: dict[_Key, Kept] = {}
        self._path = options.ledger_path
        self._file: TextIO | None = None
        if self._path is not None:
            self._reload(self._path)
            self._file = self._path.open("a", encoding="utf-8")

    def record(
        self,
        ad_account_id: str,
        events: Sequence[tuple[Mapping[str, Any], bytes]],
        now_s: float,
    ) -> list[bool]:
        """Write accepted events down; return for each whether it was a duplicate."""
        with self._lock:
            flags = [
                self._enter(ad_account_id, event, raw, now_s) for event, raw in events
            ]
            self._append(_line("event", ad_account_id, now_s, raw) for _, raw in events)
        return flags

    def count_batch(self, n_events: int, n_rejected: int) -> None:
        """Note the size of a request whose events were judged."""
        with self._lock:
            self._note_batch(n_events, n_rejected)
            self._append([_note("batch", events=n_events, rejected=n_rejected)])

    def count_request(self, status: str, *, is_test: bool) -> None:
        """Note a call and how it ended: an HTTP status, or a word such as dropped."""
        with self._lock:
            self._note_request(status, is_test=is_test)
            self._append([_note("request", status=status, test=is_test)])

    def counts(self) -> dict[str, object]:
        """Return the counts: received = unique + duplicates + rejected."""
        with self._lock:
            return self._summary()

    def page(self, limit: int | None, offset: int) -> dict[str, object]:
        """Return the counts and the kept events from `offset`, oldest first."""
        with self._lock:
            end = None if limit is None else offset + limit
            events = [kept.as_json() for kept in self._kept[offset:end]]
            return {**self._summary(), "events": events}

    def kept(self, ad_account_id: str) -> list[Kept]:
        """Return the account's deduplicated events, oldest first."""
        with self._lock:
            return [kept for kept in self._kept if kept.ad_account_id == ad_account_id]

    def clear(self) -> None:
        """Forget everything, the file included."""
        with self._lock:
            self._counts = _Counts()
            self._kept.clear()
            self._first.clear()
            if self._file is not None:
                self._file.truncate(0)

    def close(self) -> None:
        """Close the file, if there is one."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _summary(self) -> dict[str, object]:
        counts = self._counts
        n_unique = len(self._kept)
        return {
            "received": n_unique + counts.duplicates + counts.rejected,
            "unique": n_unique,
            "duplicates": counts.duplicates,
            "duplicates_identical": counts.identical,
            "rejected": counts.rejected,
            "late_offline": counts.late,
            "requests": counts.requests,
            "test_requests": counts.test_requests,
            "by_status": dict(counts.by_status),
            "batches": {"count": counts.batches, "max": counts.batch_max},
        }

    def _enter(
        self, ad_account_id: str, event: Mapping[str, Any], raw: bytes, now_s: float
    ) -> bool:
        is_late = now_s - event["event_time"] > LATE_AFTER_S
        is_offline = event["action_source"] == "offline"
        is_late_web = is_late and event["action_source"] == "web"
        self._counts.late += is_late_web
        key = (ad_account_id, event["event_name"], event["event_id"])
        is_exempt = is_offline or (is_late_web and not self._dedups_late_web)
        first = None if is_exempt else self._first.get(key)
        if first is not None and now_s - first.received_at_s <= self._dedup_window_s:
            self._count_duplicate(first, raw)
            return True
        kept = Kept(ad_account_id, now_s, raw, is_offline or is_late_web)
        self._kept.append(kept)
        if not is_exempt:
            self._first[key] = kept
        return False

    def _count_duplicate(self, first: Kept, raw: bytes) -> None:
        is_identical = first.raw == raw
        first.n_duplicates += 1
        first.n_identical += is_identical
        self._counts.duplicates += 1
        self._counts.identical += is_identical

    def _note_batch(self, n_events: int, n_rejected: int) -> None:
        self._counts.batches += 1
        self._counts.rejected += n_rejected
        self._counts.batch_max = max(self._counts.batch_max, n_events)

    def _note_request(self, status: str, *, is_test: bool) -> None:
        if is_test:
            self._counts.test_requests += 1
            return
        self._counts.requests += 1
        self._counts.by_status[status] += 1

    def _append(self, lines: Iterator[str] | Sequence[str]) -> None:
        if self._file is None:
            return
        self._file.write("".join(lines))
        self._file.flush()

    def _reload(self, path: Path) -> None:
        """Replay the file; a last line that a crash tore off is cut away."""
        if not path.exists():
            return
        text = path.read_bytes()
        whole = text[: text.rfind(b"\n") + 1]
        if len(whole) < len(text):
            path.write_bytes(whole)
        for line in whole.splitlines():
            self._replay(orjson.loads(line))

    def _replay(self, line: Mapping[str, Any]) -> None:
        match line["what"]:
            case "event":
                raw = line["raw"].encode()
                event = orjson.loads(raw)
                self._enter(line["ad_account_id"], event, raw, line["at_s"])
            case "batch":
                self._note_batch(line["events"], line["rejected"])
            case _:
                self._note_request(line["status"], is_test=line["test"])


def _note(what: str, **fields: object) -> str:
    return orjson.dumps({"what": what, **fields}).decode() + "\n"


def _line(what: str, ad_account_id: str, now_s: float, raw: bytes) -> str:
    return _note(what, ad_account_id=ad_account_id, at_s=now_s, raw=raw.decode())
