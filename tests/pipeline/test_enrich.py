from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import sqlalchemy as sa

from forwarder.core.delivery import Deferred
from forwarder.core.event import Event, Item, Money, Order
from forwarder.pipeline.drain import drain
from forwarder.pipeline.enrich import GIVE_UP_AFTER, LookUp, enrich
from forwarder.store import enrichment, outbox
from forwarder.store.schema import bodies, deliveries
from tests.pipeline.stand_in import Bench
from tests.store.shop import an_event, take

THIN = replace(an_event(1), enrich="lines", enrich_ref="cs_1")
LATER = Deferred("server_error", "HTTP 500")


def filled(event: Event) -> Event:
    order = Order(id="1", items=(Item(id="sku"),))
    return replace(event, order=order, enrich=None)


def warned(bench: Bench) -> list[str]:
    """Send what may be sent; return the warnings it left with."""
    drain(bench.destination, bench.desk())
    return list(bench.story().warnings)


def looked_up(bench: Bench, look_up: LookUp | None) -> int:
    return enrich(bench.desk(), {} if look_up is None else {"my-shop": look_up})


def test_a_thin_event_is_not_sent_before_its_look_up(bench: Bench) -> None:
    take(bench.store, THIN)

    assert 0 == drain(bench.destination, bench.desk())
    assert 1 == looked_up(bench, filled)
    assert 1 == drain(bench.destination, bench.desk())
    assert [] == bench.story().warnings


def test_what_was_looked_up_is_what_is_kept(bench: Bench) -> None:
    take(bench.store, THIN)
    looked_up(bench, filled)
    claim = outbox.claim(bench.store, "main", "w1", 10, bench.clock())

    assert claim is not None
    assert [filled(THIN)] == [row.event for row in claim.rows]


def test_nothing_waits_and_nothing_is_done(bench: Bench) -> None:
    take(bench.store, an_event(2))

    assert 0 == looked_up(bench, filled)


def test_an_endpoint_without_key_sends_without_and_says_so(bench: Bench) -> None:
    take(bench.store, THIN)

    assert 1 == looked_up(bench, None)
    assert ["not looked up: no api_key is set"] == warned(bench)


def test_what_never_will_be_found_is_sent_without_and_says_so(bench: Bench) -> None:
    take(bench.store, THIN)

    assert 1 == looked_up(bench, lambda _: "the session is gone")
    assert ["the session is gone"] == warned(bench)


def test_a_look_up_that_fails_now_is_tried_again(bench: Bench) -> None:
    take(bench.store, THIN)

    assert 0 == looked_up(bench, lambda _: LATER)
    assert [("pending", "enriching")] == bench.words()
    assert 0 == looked_up(bench, filled)
    bench.clock.skip(seconds=31)
    assert 1 == looked_up(bench, filled)
    assert [] == warned(bench)


def test_after_twenty_minutes_it_is_sent_without(bench: Bench) -> None:
    take(bench.store, THIN)
    n_tries = 0
    while not looked_up(bench, lambda _: LATER):
        n_tries += 1
        due_at = bench.lines()[0].next_attempt_at
        assert due_at is not None
        assert due_at < bench.lines()[0].received_at + GIVE_UP_AFTER
        bench.clock.now = due_at

    assert 3 == n_tries
    assert ["not looked up in time: server_error"] == warned(bench)
    assert [("delivered", "")] == bench.words()


def test_the_tries_of_a_look_up_cost_the_delivery_none(bench: Bench) -> None:
    take(bench.store, THIN)
    looked_up(bench, lambda _: LATER)
    bench.clock.skip(seconds=31)
    looked_up(bench, filled)
    drain(bench.destination, bench.desk())

    assert 1 == bench.lines()[0].attempts


def test_an_event_that_does_not_open_goes_on_to_be_refused(bench: Bench) -> None:
    take(bench.store, THIN)
    with bench.store.write() as connection:
        connection.execute(sa.update(bodies).values(sealed=b"x"))

    assert 1 == looked_up(bench, filled)
    drain(bench.destination, bench.desk())
    assert [("refused", "not_readable")] == bench.words()


def test_a_look_up_that_raises_stops_no_other(bench: Bench) -> None:
    take(bench.store, THIN, replace(THIN, event_id="2"))

    def look_up(event: Event) -> Event:
        if event.event_id != "2":
            raise KeyError(event.event_id)
        return filled(event)

    assert 2 == looked_up(bench, look_up)
    assert ["the look-up failed: KeyError"] == warned(bench)


def test_who_comes_back_late_changes_nothing(any_bench: Bench) -> None:
    bench = any_bench
    take(bench.store, THIN)
    late = enrichment.claim_thin(bench.store, "w1", 10, bench.clock())[0]
    bench.clock.skip(seconds=61)
    assert 1 == looked_up(bench, lambda _: "found by the second")
    enrichment.put_back(
        bench.store,
        late,
        replace(THIN, enrich=None, warnings=("the first",)),
        bench.clock(),
        due_at=bench.clock() + timedelta(hours=1),
    )

    assert ["found by the second"] == warned(bench)


def test_one_call_takes_a_bounded_number(bench: Bench) -> None:
    take(bench.store, *(replace(THIN, event_id=str(number)) for number in range(60)))
    look_up: Callable[[Event], Event] = filled

    assert [50, 10, 0] == [looked_up(bench, look_up) for _ in range(3)]


def test_what_turns_out_to_be_no_sale_is_skipped_with_its_reason(
    any_bench: Bench,
) -> None:
    bench = any_bench
    take(bench.store, THIN)

    assert 0 == looked_up(bench, lambda e: replace(filled(e), skip="test_order"))
    assert [("skipped", "test_order")] == bench.words()
    assert bench.lines()[0].settled_at is not None
    assert 0 == drain(bench.destination, bench.desk())


def test_the_log_shows_what_was_looked_up(any_bench: Bench) -> None:
    bench = any_bench
    take(bench.store, replace(THIN, order=Order(id="7")))
    happened = THIN.occurred_at - timedelta(minutes=3)
    value = Money(amount=Decimal("59.90"), currency="EUR")

    def look_up(event: Event) -> Event:
        order = Order(id="7", value=value)
        return replace(filled(event), order=order, occurred_at=happened)

    looked_up(bench, look_up)
    line = bench.lines()[0]
    assert happened == line.occurred_at
    with bench.store.read() as connection:
        row = connection.execute(sa.select(deliveries)).one()
    assert (5990, "EUR") == (row.value_minor, row.currency)


def test_an_address_that_was_looked_up_as_an_id_is_not_kept(bench: Bench) -> None:
    take(bench.store, THIN)
    order = Order(id="7", items=(Item(id="anna@readers.example.com"),))
    looked_up(bench, lambda e: replace(filled(e), order=order))
    claim = outbox.claim(bench.store, "main", "w1", 10, bench.clock())

    assert claim is not None
    assert "readers.example.com" not in repr(claim.rows[0].event.order)
