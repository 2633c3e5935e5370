"""The delivery list as a page shows it: lines, numbers, filters and their links."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from forwarder.core.delivery import Status
from forwarder.core.event import Kind
from forwarder.store import Store, log
from forwarder.store.log import Filter, Line, Page
from forwarder.web.desk import WebDesk
from forwarder.web.words import REASONS, reason_label

COUNTED: Final = timedelta(hours=24)  # where the filter names no period
COUNTED_MAX: Final = 50_000  # rows: 40 ms; counting a million takes 800
ORDER: Final = (
    Status.DELIVERED,
    Status.PENDING,
    Status.BLOCKED,
    Status.REFUSED,
    Status.SKIPPED,
)
NAMES: Final = {
    "status": "status",
    "order": "order id",
    "event_id": "event id",
    "endpoint": "endpoint",
    "source": "source",
    "destination": "destination",
    "kind": "kind",
    "reason": "reason",
    "attempts": "attempts, at least",
    "http": "answer",
    "batch": "request",
    "request_id": "Pinterest's request id",
    "person": "person",
    "test": "test orders",
    "since": "received since",
    "until": "received before",
    "ids": "chosen",
}

ANSWERS: Final[Mapping[str, str]] = {
    "2xx": "2xx: taken",
    "4xx": "4xx: turned down",
    "401": "401: token",
    "422": "422: some of it",
    "429": "429: too many requests",
    "5xx": "5xx: their fault",
    "none": "no answer came",
}

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many deliveries of a status there are; `query` lists exactly those."""

    status: Status
    n: int
    query: Query
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter in force; `query` is the list without it."""

    name: str
    text: str
    query: Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of the log. `older` is None on the last page, `newest` on the first."""

    page: Page
    tallies: Sequence[Tally]
    period: str
    every: Query
    older: Query | None
    newest: Query | None


def listing(
    desk: WebDesk, given: Query, wanted: Filter, n_max: int, now: datetime
) -> Listing:
    """Return one page of the log with the numbers above it."""
    page = log.list_deliveries(desk.store, wanted, n_max)
    base = {name: text for name, text in given.items() if name != "cursor"}
    next_id = page.next_id
    every = _without(base, "status")
    period, counted, counts = _counts(desk, wanted, page, now)
    return Listing(
        page=page,
        tallies=[
            Tally(
                status=status,
                n=counts.get(status.value, 0),
                query={**every, **counted, "status": status.value},
                is_chosen=wanted.status is status,
            )
            for status in ORDER
        ],
        period=period,
        every=every,
        older=None if next_id is None else {**base, "cursor": str(next_id)},
        newest=None if wanted.before_id is None else base,
    )


def _counts(
    desk: WebDesk, wanted: Filter, page: Page, now: datetime
) -> tuple[str, Query, Mapping[str, int]]:
    """Return what period is counted, the filter that says so, and the counts."""
    base = replace(wanted, status=None, before_id=None)
    if page.next_id is None and wanted == base:
        period = "in all" if base == Filter() else "with this filter"
        return period, {}, Counter(line.status.value for line in page.lines)
    if log.is_narrow(desk.store, base):
        return "with this filter", {}, log.count_by_status(desk.store, base)
    period, extra = "with this filter", {}
    if wanted.since is None and wanted.until is None:
        since = (now - COUNTED).replace(second=0, microsecond=0)
        base = replace(base, since=since)
        period, extra = "received in the last 24 hours", {"since": local_text(since)}
    newest = page.lines if wanted == base else ()
    n_max = COUNTED_MAX if base.http is None else log.ANSWERS_LOOKED_AT
    bounded = _bounded(desk.store, base, newest, n_max)
    if bounded.since != base.since or bounded.until != base.until:
        period = f"{period}, among the latest {n_max:,}"
    return period, extra, log.count_by_status(desk.store, bounded)


def _bounded(store: Store, base: Filter, newest: Sequence[Line], n_max: int) -> Filter:
    """Return the filter as a range of numbers, with its period if that fits into it.

    Numbers rise with the time of receipt, so that a period is a range of numbers too.
    """
    newest = newest or log.list_deliveries(store, Filter(until=base.until), 1).lines
    if not newest:
        return base
    top_id = newest[0].id
    older = Filter(before_id=top_id - n_max + 1)
    edge = log.list_deliveries(store, older, 1).lines
    if not edge:
        return base
    part = replace(base, before_id=top_id + 1, after_id=edge[0].id)
    if base.since is not None and edge[0].received_at < base.since:
        return base if base.http is None else part
    return replace(part, since=None, until=None)


def chips(given: Query) -> list[Chip]:
    """Return the filters in force, each with the way to drop it."""
    base = _without(given, "cursor")
    return [
        Chip(name=name, text=_shown(key, base[key]), query=_without(base, key))
        for key, name in NAMES.items()
        if key in base
    ]


def _shown(key: str, text: str) -> str:
    if key == "ids":
        n = text.count(",") + 1
        return f"{n} {'delivery' if n == 1 else 'deliveries'}"
    if key == "person":
        return "the one looked for"
    return reason_label(text) if key == "reason" else ANSWERS.get(text, text)


def choices(desk: WebDesk, given: Query) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return what the boxes of the form offer: values and their words."""
    sources = {endpoint.source_name for endpoint in desk.endpoints.values()}
    words: dict[str, dict[str, str]] = {
        "status": {status.value: status.value for status in ORDER},
        "endpoint": {name: name for name in sorted(desk.endpoints)},
        "source": {name: name for name in sorted(sources)},
        "destination": {name: name for name in sorted(desk.destinations)},
        "kind": {kind.value: kind.value for kind in Kind},
        "reason": {word: REASONS[word].label for word in REASONS},
        "http": dict(ANSWERS),
    }
    for name, offered in words.items():
        if name in given:  # a filter stays visible even where nobody offers it
            offered.setdefault(given[name], given[name])
    return {
        name: sorted(offered.items(), key=lambda pair: pair[1].lower())
        for name, offered in words.items()
    }


def moments(wanted: Filter) -> Mapping[str, str]:
    """Return the period as the boxes of the form write it, in UTC."""
    return {
        "since": "" if wanted.since is None else local_text(wanted.since),
        "until": "" if wanted.until is None else local_text(wanted.until),
    }


def local_text(at: datetime) -> str:
    """Return a time in UTC as the box of a form writes it."""
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()


def _without(given: Query, name: str) -> dict[str, str]:
    return {key: text for key, text in given.items() if key != name}


def hooks(desk: WebDesk) -> list[tuple[str, str, str]]:
    """Return each endpoint with its source and the address to enter in the shop."""
    return [
        (name, found.source_name, f"{desk.public_url.rstrip('/')}/hooks/{name}")
        for name, found in desk.endpoints.items()
    ]


# What the library says of a box that was filled in wrongly, in an operator's words.
PLAIN: Final[Mapping[str, str]] = {
    "Missing data for required field.": "it has to be filled in",
    "Not a valid integer.": "a whole number is needed",
    "Not a valid number.": "a number is needed",
    "Not a valid boolean.": "yes or no is needed",
}


def error_texts(errors: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a filter or a form, a sentence each."""
    return [
        f"{NAMES.get(name, name)}: {PLAIN.get(str(text), text)}"
        for name, texts in errors.items()
        for text in (texts if isinstance(texts, list) else [texts])
    ]
