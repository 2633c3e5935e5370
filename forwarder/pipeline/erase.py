"""Erase one person, or all of one shop, from everything that is kept."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec
import structlog

from forwarder.core.delivery import Destination
from forwarder.core.event import Person
from forwarder.pipeline.receive import Endpoint
from forwarder.pipeline.traces import Traces
from forwarder.store import Store, audit, click_traces, customers
from forwarder.store import erase as rows
from forwarder.store.erase import Gone, Request
from forwarder.store.people import marks_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who is to be erased: a person, or everybody of an endpoint.

    `endpoint` None: wherever the person is found.
    """

    person: Person = field(default=Person())
    endpoint: str | None = None
    is_everybody: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """Return what the person is known by, never the values."""
        if self.is_everybody:
            return ("everybody",)
        names = ("email", "phone", "external_id")
        return tuple(name for name in names if getattr(self.person, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is kept of a subject. Units: rows; `n_unreadable` no data key opens."""

    deliveries: tuple[int, ...]
    notices: tuple[int, ...]
    n_unreadable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof of an erasure that names nobody.

    `subject` is a keyed hash: who knows the person and the data key can make it again.
    `n_held` deliveries were on the way at that moment: run it again in a minute.
    """

    at: datetime
    subject: str
    known_by: tuple[str, ...]
    endpoint: str | None
    n_deliveries: int
    n_events: int
    n_payloads: int
    n_notices: int
    n_skipped: int
    n_held: int
    n_unreadable: int

    def with_more(self, later: "Receipt") -> "Receipt":
        """Return this receipt with what a later round took away as well."""
        return replace(
            later,
            n_events=self.n_events + later.n_events,
            n_payloads=self.n_payloads + later.n_payloads,
            n_notices=self.n_notices + later.n_notices,
            n_skipped=self.n_skipped + later.n_skipped,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Where to look, and how people are recognised there."""

    store: Store
    destinations: Iterable[Destination]
    endpoints: Mapping[str, Endpoint]

    def find(self, subject: Subject, besides: int = 0) -> Found:
        """Return what is kept of the subject, but for the delivery `besides`."""
        traces = self._traces(subject)
        n_unreadable = 0
        who = None if subject.is_everybody else subject.person
        tied = click_traces.deliveries_of(self.store, who, subject.endpoint)
        deliveries = [one for one in tied if one != besides]
        notices: set[int] = set()
        for kept in rows.kept_deliveries(self.store, subject.endpoint):
            n_unreadable += not kept.is_readable
            if kept.id != besides and (traces is None or _is_about(traces, kept)):
                deliveries.append(kept.id)
                notices.add(kept.notice_id)
        for held in rows.kept_notices(self.store, subject.endpoint):
            n_unreadable += held.notice is None
            if traces is None or (held.notice and traces.are_in_notice(held.notice)):
                notices.add(held.id)
        return Found(
            deliveries=tuple(dict.fromkeys(deliveries)),
            notices=tuple(sorted(notices)),
            n_unreadable=n_unreadable,
        )

    def _traces(self, subject: Subject) -> Traces | None:
        """Return what to look for; None finds everything."""
        if subject.is_everybody:
            return None
        regions = [one.options.country or None for one in self.endpoints.values()]
        return Traces(subject.person, self.destinations, regions)

    def erase(self, subject: Subject, found: Found, now: datetime) -> Receipt:
        """Take away what was found. Safe to repeat."""
        gone = rows.erase_deliveries(self.store, found.deliveries, now)
        n_notices = rows.erase_notices(self.store, found.notices)
        self._erase_customers(subject)
        return self._receipt(subject, found, gone, n_notices, now)

    def _erase_customers(self, subject: Subject) -> None:
        """Take away orders that count for a first click, also those the log forgot."""
        told = (*subject.person.email, *subject.person.phone)
        marks = None if subject.is_everybody else marks_of(self.store, told)
        customers.erase(self.store, marks, subject.endpoint)

    def _receipt(
        self,
        subject: Subject,
        found: Found,
        gone: Gone,
        n_notices: int,
        now: datetime,
    ) -> Receipt:
        return Receipt(
            at=now,
            subject=self.fingerprint(subject),
            known_by=subject.fields,
            endpoint=subject.endpoint,
            n_deliveries=len(found.deliveries),
            n_events=gone.n_events,
            n_payloads=gone.n_payloads,
            n_notices=n_notices,
            n_skipped=gone.n_skipped,
            n_held=len(gone.held),
            n_unreadable=found.n_unreadable,
        )

    def fingerprint(self, subject: Subject) -> str:
        """Return a keyed hash of the subject, the same for the same words."""
        person = subject.person
        told = [
            sorted(text.strip().casefold() for text in texts)
            for texts in (person.email, person.phone, person.external_id)
        ]
        key = self.store.sealer.secret("erase receipts")
        text = msgspec.json.encode([*told, subject.endpoint, subject.is_everybody])
        return f"hmac-sha256:{hmac.digest(key, text, 'sha256').hex()}"


def _is_about(traces: Traces, kept: rows.Kept) -> bool:
    if kept.event is not None and traces.are_in_event(kept.event):
        return True
    return kept.shown is not None and traces.are_in_payload(kept.shown)


def note(store: Store, who: str, receipt: Receipt) -> None:
    """Write an erasure into the audit log, without a word about who it was."""
    counts = (
        f"deliveries {receipt.n_deliveries}, webhooks {receipt.n_notices}, "
        f"not sent {receipt.n_skipped}, on the way {receipt.n_held}"
    )
    where = "" if receipt.endpoint is None else f" at {receipt.endpoint}"
    known_by = ", ".join(receipt.known_by)
    detail = f"by {known_by}{where}: {counts}"
    audit.note(store, who, "erase", receipt.subject, receipt.at, detail)


def carry_out(eraser: Eraser, clock: Callable[[], datetime]) -> int:
    """Do what shops asked for by webhook; return how many wishes were finished.

    A wish whose person is on the way right now stays for the next round.
    """
    n_done = 0
    for request in rows.requests(eraser.store):
        receipt = _carried_out(eraser, request, clock())
        if receipt.n_held:
            continue
        rows.finish(eraser.store, request, receipt.at)
        note(eraser.store, "worker", receipt)
        log.info(
            "erased on request",
            endpoint=request.endpoint,
            n_deliveries=receipt.n_deliveries,
            n_notices=receipt.n_notices,
        )
        n_done += 1
    return n_done


def _carried_out(eraser: Eraser, request: Request, now: datetime) -> Receipt:
    event = request.event
    subject = Subject(
        person=Person() if event is None else event.person,
        endpoint=request.endpoint,
        is_everybody=event is not None and event.erases_all,
    )
    if not subject.fields:  # its key is gone: there is nobody to look for
        nothing = Found(deliveries=(), notices=(), n_unreadable=1)
        return eraser.erase(subject, nothing, now)
    return eraser.erase(subject, eraser.find(subject, request.delivery_id), now)
