from collections.abc import Iterator, Sequence

import pytest
import sqlalchemy as sa

from forwarder.store import Store, open_store, outbox, reseal, seal
from forwarder.store.erase import kept_notices
from forwarder.store.identity import click_identity
from forwarder.store.migrate import upgrade
from forwarder.store.reseal import Place, count_by_key, step
from forwarder.store.schema import bodies, notices, payloads
from forwarder.store.schema_clicks import clicks
from forwarder.store.seal import Sealer, Unopenable
from tests.store.conftest import KEY
from tests.store.shop import NOW, an_event, take
from tests.store.test_retention import deliver, held

NEW = "bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmU"
LOST = "bG9zdGxvc3Rsb3N0bG9zdGxvc3Rsb3N0bG9zdGxvc3Q"
OLD_ID, NEW_ID, LOST_ID = (Sealer([one]).key_ids[0] for one in (KEY, NEW, LOST))


class Keys:
    """Data keys in a file that somebody may change."""

    def __init__(self, *keys: str) -> None:
        self.keys: Sequence[str] = keys
        self.is_changed = False
        self.n_looks = 0

    def change(self, *keys: str) -> None:
        self.keys, self.is_changed = keys, True

    def __call__(self) -> Sequence[str] | None:
        self.n_looks += 1
        if not self.is_changed:
            return None
        self.is_changed = False
        return self.keys


@pytest.fixture
def two_keys(database_url: str) -> Iterator[tuple[Store, Store]]:
    """A database as seen by who seals with the old key, and by who seals anew."""
    old = open_store(database_url, [KEY])
    upgrade(old)
    new = open_store(database_url, [NEW, KEY])
    yield old, new
    old.close()
    new.close()


def go_through(store: Store, place: Place | None = None) -> tuple[int, int]:
    n_sealed = n_stuck = 0
    at: Place | None = Place() if place is None else place
    while at is not None:
        done = step(store, at, NOW)
        n_sealed += done.n_sealed
        n_stuck += done.n_stuck
        at = done.place
    return n_sealed, n_stuck


def test_everything_is_sealed_anew_and_still_opens(
    two_keys: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = two_keys
    monkeypatch.setattr(reseal, "WINDOW", 3)
    for number in range(4):
        deliver(old, number)
    take(old, *(an_event(number) for number in range(10, 15)))
    held(old)
    before = dict(count_by_key(old))

    n_sealed, n_stuck = go_through(new)

    assert {OLD_ID: 19} == before  # 6 webhooks, 9 events, 4 payloads
    assert (19, 0) == (n_sealed, n_stuck)
    assert {NEW_ID: 19} == count_by_key(new)
    assert (0, 0) == go_through(new)
    only_new = Store(new.engine, Sealer([NEW]))
    claim = outbox.claim(only_new, "main", "w", 10, NOW)
    assert claim is not None
    assert {f"ada{n}@example.org" for n in range(10, 15)} == {
        row.event.person.email[0] for row in claim.rows if row.event is not None
    }
    found = list(kept_notices(only_new, None))
    assert [True] * 6 == [one.notice is not None for one in found]


def test_a_pass_that_was_cut_off_goes_on(two_keys: tuple[Store, Store]) -> None:
    old, new = two_keys
    for number in range(3):
        deliver(old, number)

    first = step(new, Place(), NOW)

    assert (3, Place(0, 3)) == (first.n_sealed, first.place)
    assert (6, 0) == go_through(new)  # begun again: the webhooks are done


def test_what_is_changed_meanwhile_is_left(
    two_keys: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = two_keys
    take(old, an_event(1))
    write = reseal._write  # noqa: SLF001

    def cleared_first(store: Store, *others: object) -> None:
        with store.write() as connection:
            connection.execute(sa.update(notices).values(sealed=None))
        write(store, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(reseal, "_write", cleared_first)
    step(new, Place(), NOW)

    with new.read() as connection:
        assert connection.execute(sa.select(notices.c.sealed)).scalar() is None


def test_what_no_key_opens_is_counted_and_left(two_keys: tuple[Store, Store]) -> None:
    old, new = two_keys
    take(old, an_event(1))
    take(Store(old.engine, Sealer([LOST])), an_event(2))

    assert (2, 2) == go_through(new)
    assert {NEW_ID: 2, LOST_ID: 2} == count_by_key(new)


def test_numbers_far_apart_are_no_long_way(two_keys: tuple[Store, Store]) -> None:
    old, new = two_keys
    take(old, an_event(1), an_event(2))
    with old.write() as connection:
        connection.execute(sa.update(notices).values(id=10_000_000))

    steps = 0
    place: Place | None = Place()
    while place is not None:
        place = step(new, place, NOW).place
        steps += 1

    assert {NEW_ID: 3} == count_by_key(new)
    assert 6 == steps  # two tables with rows, and the end of each of the four


def test_cleared_values_are_no_values(two_keys: tuple[Store, Store]) -> None:
    old, new = two_keys
    deliver(old, 1)
    with old.write() as connection:
        connection.execute(sa.update(notices).values(sealed=None))
        connection.execute(sa.update(payloads).values(sealed=None))
        connection.execute(sa.delete(bodies))

    assert (0, 0) == go_through(new)
    assert {} == count_by_key(new)


def test_a_new_key_is_taken_while_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "LOOK_EVERY_S", 0.0)
    keys = Keys(KEY)
    sealer = Sealer([KEY], keys)
    before = sealer.seal(b"first", "row", NOW)

    keys.change(NEW, KEY)
    after = sealer.seal(b"second", "row", NOW)

    assert (NEW_ID, OLD_ID) == sealer.key_ids
    assert [OLD_ID, NEW_ID] == [one[:4].hex() for one in (before, after)]
    assert b"first" == sealer.open(before, "row")
    keys.change(NEW)
    assert (NEW_ID,) == sealer.key_ids
    with pytest.raises(Unopenable):
        sealer.open(before, "row")


def test_a_key_that_another_process_knows_already_is_asked_for_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seal, "URGENT_AFTER_S", 0.0)
    keys = Keys(KEY)
    sealer = Sealer([KEY], keys)
    keys.change(NEW, KEY)

    assert b"x" == sealer.open(Sealer([NEW]).seal(b"x", "row", NOW), "row")
    assert 1 == keys.n_looks


def test_settings_are_not_read_for_each_value() -> None:
    keys = Keys(KEY)
    sealer = Sealer([KEY], keys)

    for _ in range(100):
        sealer.seal(b"x", "row", NOW)
        with pytest.raises(Unopenable):
            sealer.open(Sealer([LOST]).seal(b"x", "row", NOW), "row")

    assert keys.n_looks <= 1


def test_what_a_click_brought_is_sealed_anew(two_keys: tuple[Store, Store]) -> None:
    old, new = two_keys
    row = dict.fromkeys((column.name for column in clicks.columns), None)
    texts = dict.fromkeys(("slug", "kind", "device", "label"), "")
    flags = dict.fromkeys(("is_repeat", "is_oversize", "is_qr", "is_landing"), False)
    sealed = old.sealer.seal(b"epik", click_identity("ab12"), NOW)
    told = {"id": "ab12", "at": NOW, "arm": 0, "sealed": sealed}
    with old.write() as connection:
        connection.execute(sa.insert(clicks), row | texts | flags | told)

    assert (1, 0) == go_through(new)
    with new.read() as connection:
        fresh = connection.execute(sa.select(clicks.c.sealed)).scalar_one()
    assert b"epik" == Sealer([NEW]).open(bytes(fresh), click_identity("ab12"))
