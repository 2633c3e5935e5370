"""What changed in the log since somebody last looked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from forwarder.store.engine import Store
from forwarder.store.log import PAGE_MAX, Filter, Line, conditions, list_deliveries
from forwarder.store.schema import deliveries

BEHIND = 200  # numbers that may still be on their way behind a higher one


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How many deliveries of a filter came after a number, and the newest number."""

    n_new: int
    newest_id: int


def newest_id(store: Store) -> int:
    """Return the highest number of a delivery; 0 where there is none."""
    with store.read() as connection:
        found = connection.execute(sa.select(sa.func.max(deliveries.c.id))).scalar()
    return 0 if found is None else int(found)


def news(store: Store, wanted: Filter, after_id: int) -> News:
    """Return what came after a number. Reads no row that was there before it.

    Who asks again with the number of the answer reads each row once.
    """
    newest = newest_id(store)
    if newest <= after_id:
        return News(n_new=0, newest_id=after_id)
    fresh = replace(wanted, after_id=after_id, before_id=newest + 1)
    query = sa.select(sa.func.count()).where(*conditions(fresh))
    with store.read() as connection:
        n_new = connection.execute(query.select_from(deliveries)).scalar_one()
    return News(n_new=n_new, newest_id=newest)


def by_number(store: Store, ids: Sequence[int]) -> Sequence[Line]:
    """Return these deliveries as they are now, newest first; unknown ones are left out.

    Limits: the first 1,000 numbers.
    """
    return list_deliveries(store, Filter(ids=tuple(ids[:PAGE_MAX])), PAGE_MAX).lines


class Follower:
    """Gives each delivery of a filter once, in the order of their numbers.

    PostgreSQL hands numbers out before it commits, so that a lower one may come to
    light after a higher one: the last numbers are looked at again.
    """

    def __init__(self, store: Store, wanted: Filter, after_id: int) -> None:
        """Begin behind a number."""
        self._store = store
        self._wanted = wanted
        self._first_id = after_id
        self._seen: set[int] = set()
        self.reached_id = after_id

    def catch_up(self) -> Iterator[Line]:
        """Give what is there by now and was not given before. Raises: StoreDown."""
        newest = newest_id(self._store)
        after_id = max(self._first_id, self.reached_id - BEHIND)
        while True:
            part = replace(self._wanted, after_id=after_id, before_id=newest + 1)
            page = list_deliveries(self._store, part, PAGE_MAX)
            for line in page.lines:
                if line.id not in self._seen:
                    self._seen.add(line.id)
                    yield line
            if page.next_id is None:
                break
            after_id = page.next_id
        self.reached_id = max(self.reached_id, newest)
        self._seen = {one for one in self._seen if one > self.reached_id - BEHIND}
