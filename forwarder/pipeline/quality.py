"""How well the platform can recognise who did something, and what would raise it."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from forwarder.destinations.pinterest.told import IDENTIFIERS, identifiers
from forwarder.enrich import STEPS
from forwarder.pipeline.receive import Endpoint
from forwarder.store import Store, quality
from forwarder.store.glance import FRESH_WITHIN
from forwarder.store.quality import NOBODY, Sent

FEW: Final = 20  # of fewer events a share says little
SELDOM: Final = 0.10
OFTEN: Final = 0.01  # what is left out of more than one in a hundred wants a word
STALE: Final = 0.05
# By one of these somebody is recognised; the others confirm who it is.
RECOGNISING: Final = ("email", "click_id", "phone", "maid", "external_id")
DEVICE: Final = ("ip", "user_agent")
_LEFT_OUT: Final = re.compile(r"(?P<field>[\w.]+) \((?P<reason>\w+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of the events carried one identifier. Units: 0 to 1."""

    name: str
    n: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How many values of one field were left out for one reason."""

    field: str
    reason: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What would raise the match: a word of ours, and how many of the events it is of.

    `field` and `reason` are those of what is left out or missing; empty otherwise.
    """

    word: str
    n: int
    field: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What arrives of one kind of event at one endpoint, by its newest events.

    Units: `n` events, of which `n_written` left or were about to; `fresh_share` of the
    `n_delivered`, 0 to 1, None without one; `typical_way` from the event to the
    platform's yes. Of `n_gone` nothing is kept that could tell what was sent.
    """

    endpoint: str
    source: str
    kind: str
    n: int
    n_written: int
    n_gone: int
    n_nobody: int
    n_delivered: int
    fresh_share: float | None
    typical_way: timedelta | None
    newest_at: datetime
    shares: Sequence[Share]
    left: Sequence[Left]
    advice: Sequence[Advice]

    @property
    def n_told(self) -> int:
        """Return of how many it is known what was in them."""
        return self.n - self.n_gone


def matches(
    store: Store,
    since: datetime,
    endpoint: str | None = None,
    keyless: Collection[str] = (),
) -> list[Match]:
    """Return what arrives at each endpoint, kind by kind, the busiest first.

    `keyless` are endpoints whose source tells more to whoever has a key of its API.
    """
    groups: dict[tuple[str, str], list[Sent]] = {}
    for one in quality.sample(store, since, endpoint):
        groups.setdefault((one.endpoint, one.kind), []).append(one)
    found = (
        _match(rows, has_key=key[0] not in keyless) for key, rows in groups.items()
    )
    return sorted(found, key=lambda one: (one.endpoint, -one.n, one.kind))


def keyless(endpoints: Mapping[str, Endpoint]) -> list[str]:
    """Return the endpoints that would tell more with a key of their platform's API."""
    return [
        name
        for name, one in endpoints.items()
        if one.source_name in STEPS and not one.options.api_key
    ]


def _match(rows: Sequence[Sent], *, has_key: bool) -> Match:
    first = rows[0]
    written = [identifiers(one.shown) for one in rows if one.shown is not None]
    counts = Counter(name for found in written for name in found)
    shares = [_share(name, counts[name], len(written)) for name in IDENTIFIERS.values()]
    n_nobody = sum(one.shown is None and one.reason == NOBODY for one in rows)
    left = _left(rows)
    ways = [one.way for one in rows if one.way is not None]
    n_fresh = sum(way <= FRESH_WITHIN for way in ways)
    found = Match(
        endpoint=first.endpoint,
        source=first.source,
        kind=first.kind,
        n=len(rows),
        n_written=len(written),
        n_gone=sum(one.shown is None and one.way is not None for one in rows),
        n_nobody=n_nobody,
        n_delivered=len(ways),
        fresh_share=n_fresh / len(ways) if ways else None,
        typical_way=_typical(ways),
        newest_at=max(one.received_at for one in rows),
        shares=shares,
        left=left,
        advice=(),
    )
    return _advised(found, rows, has_key=has_key)


def _typical(ways: Sequence[timedelta]) -> timedelta | None:
    if not ways:
        return None
    return timedelta(seconds=median(way.total_seconds() for way in ways))


def _share(name: str, n: int, n_all: int) -> Share:
    return Share(name=name, n=n, share=n / n_all if n_all else 0.0)


def _left(rows: Sequence[Sent]) -> list[Left]:
    counts = Counter(pair for one in rows for pair in set(_left_of(one)))
    return [
        Left(field=field, reason=reason, n=n)
        for (field, reason), n in counts.most_common()
    ]


def _left_of(one: Sent) -> Sequence[tuple[str, str]]:
    return one.dropped if one.shown is not None else list(named_in(one.message))


def named_in(message: str) -> Iterator[tuple[str, str]]:
    """Give the fields that a message says were left out, with the reason of each."""
    _, _, named = message.partition("left out: ")
    for match in _LEFT_OUT.finditer(named):
        yield match["field"], match["reason"]


def _advised(found: Match, rows: Sequence[Sent], *, has_key: bool) -> Match:
    advice = [
        *_of_the_key(found, has_key=has_key),
        *_of_nobody(found),
        *_of_left(found),
        *_of_missing(found),
        *_of_time(found, rows),
    ]
    return replace(found, advice=advice)


def _of_the_key(found: Match, *, has_key: bool) -> Iterator[Advice]:
    if not has_key:
        yield Advice(word="api_key", n=found.n)


def _of_nobody(found: Match) -> Iterator[Advice]:
    if found.n_nobody:
        yield Advice(word="nobody", n=found.n_nobody)


def _of_left(found: Match) -> Iterator[Advice]:
    for one in found.left:
        if one.n > OFTEN * found.n_told:
            yield Advice(word="left_out", n=one.n, field=one.field, reason=one.reason)


def _of_missing(found: Match) -> Iterator[Advice]:
    """Name what hardly ever arrives, where there are enough events to say so."""
    if found.n_written < FEW:
        return
    rare = {one.name: one for one in found.shares if one.share < SELDOM}
    lost = {one.field for one in found.left}
    for name in (*RECOGNISING, *DEVICE):
        if name in rare and name not in lost and name != "maid":
            n_without = found.n_written - rare[name].n
            yield Advice(word="missing", n=n_without, field=name)


def _of_time(found: Match, rows: Sequence[Sent]) -> Iterator[Advice]:
    """Say where the time goes: before the webhook came, or after."""
    if found.fresh_share is None or 1 - found.fresh_share <= STALE:
        return
    late = [one for one in rows if one.told_after > FRESH_WITHIN]
    n_stale = found.n_delivered - round(found.fresh_share * found.n_delivered)
    word = "told_late" if 2 * len(late) >= n_stale else "sent_late"
    yield Advice(word=word, n=n_stale)
