"""What the platform says of conversions by their source, for the KPI board."""

from datetime import date
from typing import Final, NamedTuple

import sqlalchemy as sa

from forwarder.core.snapshots import TAG_SOURCE, Windows, read_windows
from forwarder.store.conversions import CONVERSIONS
from forwarder.store.engine import Store
from forwarder.store.schema_report import snapshot_days

SERVER_SOURCE: Final = "CONVERSIONS_API"


class BySource(NamedTuple):
    """The conversions that tag and server told, and by which rules."""

    tag: int
    server: int
    windows: Windows


def tag_and_server(store: Store, first: date, last: date) -> BySource | None:
    """Return the conversions that tag and server told over a range of days.

    The latest number of each day, by the rules that were pulled last. None where no
    report by source was pulled.
    """
    of = snapshot_days.c
    within = sa.and_(
        of.on_day.between(f"{first}", f"{last}"),
        of.source.in_((TAG_SOURCE, SERVER_SOURCE)),
        of.kind.in_([kind.value for kind in CONVERSIONS]),
    )
    newest = (
        sa.select(of.definitions)
        .where(within)
        .order_by(of.confirmed_at.desc(), of.id.desc())
        .limit(1)
    )
    latest = (
        sa.select(sa.func.max(of.id))
        .where(within, of.definitions == newest.scalar_subquery())
        .group_by(of.destination, of.source, of.on_day, of.kind)
    )
    query = (
        sa.select(of.source, of.definitions, sa.func.sum(of.n_conversions))
        .where(of.id.in_(latest))
        .group_by(of.source, of.definitions)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    if not rows:
        return None
    found = {source: int(n) for source, _, n in rows}
    return BySource(
        tag=found.get(TAG_SOURCE, 0),
        server=found.get(SERVER_SOURCE, 0),
        windows=read_windows(rows[0].definitions),
    )
