"""Finished reports stay as they are; months are counted inside the database."""

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from forwarder.core.event import Kind
from forwarder.store import Store
from forwarder.store.report_inputs import began_at, late_counts
from forwarder.store.report_versions import (
    Version,
    find_version,
    form_of,
    keep_version,
    latest_contents,
    list_heads,
)
from forwarder.store.schema import deliveries
from tests.store.shop import NOW, an_event, take

FIRST = Version(
    destination="main",
    month="2026-10",
    stamp="provisional",
    inputs="a" * 64,
    made_at=NOW,
    content=b"[1]",
    page="<p>October</p>",
)


def test_a_version_of_the_same_inputs_is_kept_once_and_unchanged(store: Store) -> None:
    first = keep_version(store, FIRST)
    same = keep_version(store, replace(FIRST, page="changed", content=b"[2]"))

    assert first == same
    assert [first] == [head.id for head in list_heads(store, "main")]
    found = find_version(store, first)
    assert found is not None
    assert replace(FIRST, forms={}) == found[1]


def test_other_inputs_and_the_final_stamp_make_new_versions(store: Store) -> None:
    final = replace(FIRST, stamp="final")
    other = replace(FIRST, inputs="b" * 64)
    made = (FIRST, other, final, replace(FIRST, month="2026-09"))
    ids = [keep_version(store, version) for version in made]

    assert ids[2::-1] == [one.id for one in list_heads(store, "main", "2026-10")]
    assert [*ids[2::-1], ids[3]] == [one.id for one in list_heads(store, "main")]
    assert [] == list_heads(store, "second")
    assert find_version(store, 99) is None


def test_the_other_forms_are_kept_with_it(store: Store) -> None:
    version_id = keep_version(store, replace(FIRST, forms={"md": "# Oktober, größer"}))

    assert "# Oktober, größer" == form_of(store, version_id, "md")
    assert form_of(store, version_id, "csv") is None


def test_history_is_the_last_version_of_each_month_before(store: Store) -> None:
    for number, month in enumerate(("2026-08", "2026-09", "2026-09", "2026-10")):
        keep_version(
            store,
            replace(FIRST, month=month, inputs=str(number), content=b"%d" % number),
        )

    assert {"2026-08": b"0", "2026-09": b"2"} == latest_contents(
        store, "main", "2026-10"
    )


def test_the_log_begins_with_its_oldest_event(store: Store) -> None:
    assert began_at(store, "main") is None

    take(store, an_event(1), an_event(2, at=NOW - timedelta(days=9)))

    assert NOW - timedelta(days=9) == began_at(store, "main")


def test_what_was_sent_over_an_hour_late_is_counted(store: Store) -> None:
    a_test = replace(an_event(4), is_test=True)
    take(store, an_event(1), an_event(2), an_event(3), a_test)
    with store.write() as connection:
        for number, minutes in ((1, 59), (2, 61), (4, 61)):
            connection.execute(
                sa.update(deliveries)
                .where(deliveries.c.order_id == str(number))
                .values(status="delivered", settled_at=NOW + timedelta(minutes=minutes))
            )

    day = timedelta(days=1)
    assert {Kind.CHECKOUT: (1, 2)} == late_counts(store, "main", NOW - day, NOW + day)
