from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forwarder.store import Store, audit
from forwarder.store.audit import Wanted, note, verify
from forwarder.store.engine import Store as OpenStore
from forwarder.store.seal import Sealer
from tests.store.conftest import KEY
from tests.store.shop import NOW

OTHER_KEY = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q"


def fill(store: Store, n: int = 3) -> None:
    for number in range(n):
        at = NOW + timedelta(minutes=number)
        note(store, f"user{number % 2}", "replay", f"order {number}", at, "by hand")


def go_round_the_trigger(store: Store, statement: str) -> None:
    """Write as somebody does who owns the file."""
    with store.write() as connection:
        if store.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER audit_no_update")
            connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        else:
            connection.exec_driver_sql("DROP TRIGGER audit_append_only ON audit")
        connection.exec_driver_sql(statement)


def test_entries_come_newest_first_in_pages(store: Store) -> None:
    fill(store, 5)

    first = audit.entries(store, Wanted(), 2)
    second = audit.entries(store, Wanted(before_id=first.next_id), 3)

    assert ["order 4", "order 3"] == [one.subject for one in first.entries]
    assert ["order 2", "order 1", "order 0"] == [one.subject for one in second.entries]
    assert (NOW, "user0", "replay", "by hand") == (
        second.entries[-1].at,
        second.entries[-1].who,
        second.entries[-1].action,
        second.entries[-1].detail,
    )
    assert second.next_id is None


def test_entries_are_found_by_who_what_and_when(store: Store) -> None:
    fill(store, 4)
    note(store, "user0", "erase", "a person", NOW + timedelta(hours=1))

    def found(**wanted: object) -> list[str]:
        trail = audit.entries(store, Wanted(**wanted))  # type: ignore[arg-type]
        return [one.subject for one in trail.entries]

    assert ["a person"] == found(action="erase")
    assert ["order 3", "order 1"] == found(who="user1")
    assert ["a person"] == found(since=NOW + timedelta(minutes=30))
    assert ["order 0"] == found(until=NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'nobody'",
        "DELETE FROM audit",
        "UPDATE audit SET who = who WHERE id = 1",
    ],
)
def test_the_database_itself_refuses_to_change_the_log(
    store: Store, statement: str
) -> None:
    fill(store)

    with (
        pytest.raises(sa.exc.SQLAlchemyError) as caught,
        store.write() as connection,
    ):
        connection.exec_driver_sql(statement)
    assert "append-only" in str(caught.value)
    assert 3 == len(audit.entries(store, Wanted()).entries)


def test_an_untouched_log_is_verified(store: Store) -> None:
    empty = verify(store)
    fill(store)

    found = verify(store)

    assert (0, None, True) == (empty.n_entries, empty.broken_at, empty.is_signed)
    assert (3, None, True, 0) == (
        found.n_entries,
        found.broken_at,
        found.is_signed,
        found.n_unsigned,
    )


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("UPDATE audit SET subject = 'order 9' WHERE id = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE id = 3", 3),
        ("DELETE FROM audit WHERE id = 2", 3),
        ("DELETE FROM audit WHERE id = 1", 2),
    ],
)
def test_a_changed_or_removed_row_is_seen(
    store: Store, statement: str, broken_at: int
) -> None:
    fill(store, 4)

    go_round_the_trigger(store, statement)

    assert broken_at == verify(store).broken_at


def test_a_chain_computed_anew_lacks_the_signature(store: Store) -> None:
    fill(store)
    forger = OpenStore(store.engine, Sealer([OTHER_KEY]))
    note(forger, "mallory", "replay", "order 7", NOW)
    found = verify(store)

    assert (None, 1) == (found.broken_at, found.n_unsigned)
    statement = "UPDATE audit SET seal = (SELECT seal FROM audit AS a WHERE a.id = 1)"
    go_round_the_trigger(store, statement)
    assert not verify(store).is_signed


def test_what_was_cut_off_is_seen_by_a_head_noted_before(store: Store) -> None:
    fill(store)
    head = verify(store).head
    fill(store, 1)
    assert verify(store, head).knows_head

    go_round_the_trigger(store, "DELETE FROM audit WHERE id >= 3")

    assert not verify(store, head).knows_head
    assert verify(store).broken_at is None


def test_entries_of_a_retired_key_are_vouched_for_by_later_ones(store: Store) -> None:
    fill(store)
    later = OpenStore(store.engine, Sealer([OTHER_KEY]))
    assert 3 == verify(later).n_unsigned

    note(later, "anna", "key retired", "old", NOW)

    assert (None, 0, True) == (
        verify(later).broken_at,
        verify(later).n_unsigned,
        verify(later).is_signed,
    )


def test_many_that_write_at_once_make_one_chain(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(40):
            pool.submit(note, store, "w", "replay", str(number), NOW)

    found = verify(store)
    assert (40, None, True) == (found.n_entries, found.broken_at, found.is_signed)


def test_no_address_and_no_line_break_gets_in(store: Store) -> None:
    note(store, "anna", "erase", "ada@example.org", NOW, "for ada@example.org\r\nfake")

    entry = audit.entries(store, Wanted()).entries[0]
    assert "@" not in entry.subject + entry.detail
    assert entry.subject.startswith("sha256:")
    assert "\n" not in entry.detail
    assert entry.detail.endswith(" fake")


def test_the_key_of_the_tests_is_a_key() -> None:
    assert Sealer([KEY, OTHER_KEY]).is_signed(b"x", Sealer([KEY]).sign(b"x", "a"), "a")
