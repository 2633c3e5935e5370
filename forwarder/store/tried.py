"""Find deliveries by what was tried: the platform's answer, the request, the batch."""

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.schema import attempts, deliveries, delivery_attempts

NO_ANSWER = "none"
RARE_REQUESTS = 1_000  # so many at most, or this many events: found in 30 ms
RARE_EVENTS = 20_000


def by_request(batch: int | None, request_id: str | None) -> sa.ColumnElement[bool]:
    """Find the deliveries of requests by our number or the platform's; None is any."""
    given = {attempts.c.id: batch, attempts.c.request_id: request_id}
    chosen = [column == value for column, value in given.items() if value is not None]
    return _of(*chosen)


def by_answer(http: str) -> sa.ColumnElement[bool]:
    """Find the deliveries that were once answered so, from the requests on.

    Limits: takes as long as there are such requests.
    """
    return _of(_is_answered(http))


def by_answer_among(http: str) -> sa.ColumnElement[bool]:
    """Find the same, looking at each row that the rest of the query leaves: 2 µs."""
    return (
        sa.exists()
        .where(
            delivery_attempts.c.delivery_id == deliveries.c.id,
            attempts.c.id == delivery_attempts.c.attempt_id,
            _is_answered(http),
        )
        .correlate(deliveries)
    )


def is_rare(store: Store, http: str) -> bool:
    """Say whether so few were answered so that all of them can be found at once."""
    found = sa.select(attempts.c.n_events).where(_is_answered(http))
    some = found.limit(RARE_REQUESTS + 1).subquery()
    n_requests = sa.func.count()
    n_events = sa.func.coalesce(sa.func.sum(some.c.n_events), 0)
    with store.read() as connection:
        row = connection.execute(sa.select(n_requests, n_events)).one()
    return bool(row[0] <= RARE_REQUESTS and row[1] <= RARE_EVENTS)


def _of(*chosen: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    requests = sa.select(attempts.c.id).where(*chosen)
    found = sa.select(delivery_attempts.c.delivery_id)
    return deliveries.c.id.in_(
        found.where(delivery_attempts.c.attempt_id.in_(requests))
    )


def _is_answered(http: str) -> sa.ColumnElement[bool]:
    """Shape: a code such as 429, a class such as 4xx, or `none`."""
    status = attempts.c.http_status
    if http == NO_ANSWER:
        return status.is_(None)
    if http.endswith("xx"):
        lowest = int(http[0]) * 100
        return status.between(lowest, lowest + 99)
    return status == int(http)
