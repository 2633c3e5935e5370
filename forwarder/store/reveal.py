"""Open what is sealed of one delivery, for a person who may see it and said why.

Who calls this writes the audit entry first: nothing here does.
"""

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from forwarder.core.event import Event, Notice
from forwarder.store.claimed import open_event
from forwarder.store.engine import Store
from forwarder.store.quarantine import open_notice
from forwarder.store.schema import bodies, deliveries, notices

_EVENT = (
    sa.select(
        deliveries.c.destination,
        deliveries.c.kind,
        deliveries.c.event_id,
        deliveries.c.notice_id,
        bodies.c.sealed.label("body"),
    )
    .outerjoin(bodies, bodies.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.id == sa.bindparam("delivery"))
)
_NOTICE = sa.select(notices).where(notices.c.id == sa.bindparam("notice"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A delivery in clear. None: cleared, erased, or no data key opens it any more."""

    event: Event | None = field(repr=False)
    notice: Notice | None = field(repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it is left."""
        return self.event is None and self.notice is None


def open_delivery(store: Store, delivery_id: int) -> Opened:
    """Return the event as it was read and the request it came in, in clear."""
    with store.read() as connection:
        row = connection.execute(_EVENT, {"delivery": delivery_id}).first()
        sealed = None
        if row is not None:
            sealed = connection.execute(_NOTICE, {"notice": row.notice_id}).first()
    return Opened(
        event=None if row is None else open_event(store, row),
        notice=_notice(store, sealed),
    )


def _notice(store: Store, row: sa.Row[*tuple[Any, ...]] | None) -> Notice | None:
    return None if row is None else open_notice(store, row)
