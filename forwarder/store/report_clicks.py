"""What the click log knows of a month's conversions: their way, age and devices."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from forwarder.core.delivery import Status
from forwarder.core.event import Kind
from forwarder.core.mirror import Device, TagState
from forwarder.store.engine import Store
from forwarder.store.schema import MICROSECOND, deliveries, to_us, us_of
from forwarder.store.schema_clicks import (
    CODE_TIER,
    click_joins,
    clicks,
    link_audits,
)
from forwarder.store.schema_report import mirror_events

LATE = timedelta(days=7)  # from here browsers have forgotten cookies set by scripts
TOKEN_TIER = 1
UNKNOWN_HOPS = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickedCell:
    """Accepted conversions that followed a click of ours and have all this in common.

    Units: `hops` redirects between the Pin and the page, None where the link was never
    audited; `is_late` more than 7 days after the click. `n_tag` the tag took as well,
    `n_tokenless` had lost the click's token on the way; of `n_placed` both devices are
    known, and of those `n_moved` were bought on another kind of device.
    """

    kind: Kind
    device: Device
    hops: int | None
    is_late: bool
    n: int
    n_tag: int
    n_tokenless: int
    n_placed: int
    n_moved: int


def clicked_cells(
    store: Store, destination: str, since: datetime, until: datetime
) -> list[ClickedCell]:
    """Return the conversions of the period that followed a click, by its way."""
    given = {"to": destination, "since": to_us(since), "until": to_us(until)}
    with store.read() as connection:
        hops = _hops_by_link(connection)
        rows = connection.execute(_CELLS, given).all()
    return [
        ClickedCell(
            kind=Kind(row.kind),
            device=Device(row.device),
            hops=0 if row.is_landing else hops.get(row.slug),
            is_late=bool(row.is_late),
            **{name: int(row._mapping[name]) for name in _SUMS},  # noqa: SLF001  row's
        )
        for row in rows
    ]


def hops_of_deliveries(
    connection: sa.Connection, given: dict[str, object]
) -> dict[int, int]:
    """Return over how many redirects each delivery of a period came, where known."""
    hops = _hops_by_link(connection)
    if not hops and connection.execute(_ANY_LANDING).first() is None:
        return {}
    return {
        row.delivery_id: 0 if row.is_landing else hops[row.slug]
        for row in connection.execute(_WAYS, given)
        if row.is_landing or row.slug in hops
    }


def _hops_by_link(connection: sa.Connection) -> dict[str, int]:
    """Return how many redirects the last audit of each link went through."""
    return {
        row.slug: sum(
            hop["location"] is not None for hop in json.loads(row.told)["hops"]
        )
        for row in connection.execute(_AUDITS)
    }


_OF, _JOIN = deliveries.c, click_joins.c
_AT_US = us_of(_OF.occurred_at)
_CLICKED_US = us_of(_JOIN.clicked_at)
_HERE = (
    _OF.destination == sa.bindparam("to"),
    sa.bindparam("since") <= _AT_US,
    sa.bindparam("until") > _AT_US,
    _JOIN.tier < CODE_TIER,  # a discount code is no click
)
_LAST = (
    sa.select(sa.func.max(link_audits.c.id))
    .where(link_audits.c.slug.is_not(None), link_audits.c.told.is_not(None))
    .group_by(link_audits.c.slug)
)
_AUDITS = sa.select(link_audits.c.slug, link_audits.c.told).where(
    link_audits.c.id.in_(_LAST)
)
_ANY_LANDING = sa.select(clicks.c.id).where(clicks.c.is_landing).limit(1)


def _of_click(column: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """Return what is known of the click a join names; NULL once it was cleared."""
    return (
        sa.select(column)
        .where(clicks.c.at == _JOIN.clicked_at, clicks.c.slug == _JOIN.slug)
        .order_by(clicks.c.id)
        .limit(1)
        .correlate(click_joins)
        .scalar_subquery()
    )


def _told(
    column: sa.ColumnElement[Any], is_same: sa.ColumnElement[bool]
) -> sa.ScalarSelect[Any]:
    """Return what a browser told of the same event or order; an alive tag first."""
    theirs = mirror_events.c
    return (
        sa.select(column)
        .where(theirs.endpoint == _OF.endpoint, theirs.kind == _OF.kind, is_same)
        .order_by(sa.case((theirs.tag == TagState.ALIVE.value, 0), else_=1), theirs.id)
        .limit(1)
        .correlate(deliveries)
        .scalar_subquery()
    )


def _word(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    theirs = mirror_events.c
    return sa.func.coalesce(
        _told(column, theirs.event_id == _OF.event_id),
        _told(column, theirs.order_id == _OF.order_id),
    )


def _one(is_so: sa.ColumnElement[bool]) -> sa.Case[int]:
    return sa.case((is_so, 1), else_=0)


def _cells() -> sa.Select[Any]:
    row = (
        sa.select(
            _OF.kind,
            _JOIN.slug,
            sa.func.coalesce(_of_click(clicks.c.device), Device.UNKNOWN.value).label(
                "device"
            ),
            sa.func.coalesce(_of_click(clicks.c.is_landing), sa.false()).label(
                "is_landing"
            ),
            _one(_AT_US - _CLICKED_US > LATE // MICROSECOND).label("is_late"),
            _one(_word(mirror_events.c.tag) == TagState.ALIVE.value).label("by_tag"),
            _one(_JOIN.tier > TOKEN_TIER).label("is_tokenless"),
            sa.func.coalesce(_word(mirror_events.c.device), Device.UNKNOWN.value).label(
                "bought_on"
            ),
        )
        .select_from(
            click_joins.join(deliveries, deliveries.c.id == click_joins.c.delivery_id)
        )
        .where(*_HERE, _OF.status == Status.DELIVERED.value)
        .subquery()
    )
    of, unknown = row.c, Device.UNKNOWN.value
    is_placed = sa.and_(of.device != unknown, of.bought_on != unknown)
    groups = (of.kind, of.slug, of.device, of.is_landing, of.is_late)
    sums = {
        "n": sa.func.count(),
        "n_tag": sa.func.sum(of.by_tag),
        "n_tokenless": sa.func.sum(of.is_tokenless),
        "n_placed": sa.func.sum(_one(is_placed)),
        "n_moved": sa.func.sum(_one(sa.and_(is_placed, of.device != of.bought_on))),
    }
    return (
        sa.select(*groups, *(told.label(name) for name, told in sums.items()))
        .group_by(*groups)
        .order_by(*groups)
    )


_SUMS = ("n", "n_tag", "n_tokenless", "n_placed", "n_moved")
_CELLS = _cells()
_WAYS = (
    sa.select(
        _JOIN.delivery_id,
        _JOIN.slug,
        sa.func.coalesce(_of_click(clicks.c.is_landing), sa.false()).label(
            "is_landing"
        ),
    )
    .select_from(
        click_joins.join(deliveries, deliveries.c.id == click_joins.c.delivery_id)
    )
    .where(*_HERE)
)
