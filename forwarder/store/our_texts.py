"""The statement that reads our log: each column of a span of ids as one text."""

from collections.abc import Iterable
from functools import reduce
from typing import Any, Final

import sqlalchemy as sa

from forwarder.core.columns import NOT_TOLD
from forwarder.core.delivery import Status
from forwarder.core.mirror import TagState
from forwarder.core.pairs import Joined
from forwarder.store.report_inputs import LATE
from forwarder.store.schema import MICROSECOND, deliveries, us_of
from forwarder.store.schema_report import mirror_events

BETWEEN_WORDS: Final = "\x1f"  # no word of ours holds one of these two
BETWEEN_ROWS: Final = "\x1e"
YES: Final = "1"
NO: Final = "0"
_OURS, _TOLD = deliveries.c, mirror_events.c
# A test is no sale, also while it waits or when the platform's test mode took it.
_STATUS = sa.case((_OURS.is_test, Status.SKIPPED.value), else_=_OURS.status)
_REASON = sa.case((_OURS.is_test, "test_order"), else_=_OURS.reason)


def _yes_if(is_so: sa.ColumnElement[bool]) -> sa.Case[str]:
    return sa.case((is_so, YES), else_=NO)


def _joined(words: Iterable[sa.ColumnElement[str]]) -> sa.ColumnElement[str]:
    return reduce(lambda text, word: text + BETWEEN_WORDS + word, words)


def _word(joined: Joined, told: sa.FromClause) -> sa.ColumnElement[str]:
    """Return how a browser's word was found, its device and the state of the tag."""
    return _joined([sa.literal(joined.value), told.c.device, told.c.tag])


def _rescue() -> sa.ScalarSelect[Any]:
    """Find the best word that shares only the order with ours.

    It may bear the id of no delivery, or of another one of the same order, of which
    one counts.
    """
    told, same = mirror_events.alias("told"), deliveries.alias("same")
    twin = deliveries.alias("twin")
    finds_one = sa.exists().where(
        same.c.event_id == told.c.event_id,
        same.c.kind == told.c.kind,
        same.c.destination == _OURS.destination,
    )
    is_shared = sa.exists().where(
        twin.c.order_id == _OURS.order_id, twin.c.id != _OURS.id
    )
    is_dead = sa.case((told.c.tag == TagState.ALIVE.value, 0), else_=1)
    return (
        sa.select(_word(Joined.ORDER_ID, told))
        .where(
            told.c.order_id == _OURS.order_id,
            told.c.endpoint == _OURS.endpoint,
            told.c.kind == _OURS.kind,
            sa.or_(
                sa.not_(finds_one.correlate(told, deliveries)),
                is_shared.correlate(deliveries),
            ),
        )
        .order_by(is_dead, told.c.id)
        .limit(1)
        .correlate(deliveries)
        .scalar_subquery()
    )


def _told() -> sa.ColumnElement[str]:
    """Return what a browser told of ours: by its event id, else by its order."""
    nothing = 2 * BETWEEN_WORDS
    return sa.case(
        (_TOLD.id.is_not(None), _word(Joined.EVENT_ID, mirror_events)),
        (sa.or_(_OURS.is_test, _OURS.status != Status.DELIVERED.value), nothing),
        else_=sa.func.coalesce(_rescue(), nothing),
    )


def _words() -> sa.ColumnElement[str]:
    waited_us = us_of(_OURS.settled_at) - us_of(_OURS.occurred_at)
    words = (
        _OURS.kind,
        sa.func.coalesce(_OURS.currency, ""),
        _STATUS,
        _REASON,
        _yes_if(_OURS.has_click),
        _yes_if(waited_us > LATE // MICROSECOND),
        _told(),
    )
    return _joined(words)


def _texts() -> sa.Select[Any]:
    """Return a span's columns, each as one text, all in the same order."""
    columns = {
        "ids": _listed(_OURS.id),  # the table holds an event once per destination
        "at_us": _listed(us_of(_OURS.occurred_at)),
        "minors": _listed(sa.func.coalesce(_OURS.value_minor, NOT_TOLD)),
        "words": sa.func.aggregate_strings(_words(), BETWEEN_ROWS),
    }
    named: list[sa.Label[str]] = [one.label(name) for name, one in columns.items()]
    same_event = sa.and_(
        _TOLD.endpoint == _OURS.endpoint,
        _TOLD.kind == _OURS.kind,
        _TOLD.event_id == _OURS.event_id,
    )
    return (
        sa.select()
        .add_columns(*named)
        .select_from(deliveries.outerjoin(mirror_events, same_event))
        .where(
            _OURS.destination == sa.bindparam("to"),
            sa.bindparam("first") <= _OURS.id,
            sa.bindparam("end") > _OURS.id,
            sa.bindparam("since") <= us_of(_OURS.occurred_at),
            sa.bindparam("until") > us_of(_OURS.occurred_at),
        )
    )


def _listed(number: sa.ColumnElement[int]) -> sa.ColumnElement[str]:
    return sa.func.aggregate_strings(sa.cast(number, sa.Text), ",")


TEXTS = _texts()
