"""A sale that names its customer by id borrows the person of the sign-up."""

from dataclasses import replace

from forwarder.core.event import KNOWN_BY_ID, Event, Kind
from forwarder.core.source import Options
from forwarder.pipeline.customers import with_customers
from forwarder.pipeline.drain import drain
from forwarder.samples import load
from forwarder.sources import SOURCES
from forwarder.store import outbox
from tests.pipeline.stand_in import Bench
from tests.store.shop import take

OPTIONS = Options(shop="my-paddle")


def told(case: str) -> Event:
    [event] = SOURCES["paddle"].parse(load("paddle", case), OPTIONS).events
    return event


def sale(bench: Bench) -> Event:
    claim = outbox.claim(bench.store, "main", "w", 10, bench.clock())
    assert claim is not None
    rows = with_customers(bench.store, "main", claim.rows)
    [event] = [row.event for row in rows if row.kind == Kind.CHECKOUT.value]
    assert event is not None
    return event


def test_the_sign_up_lends_its_person_to_the_sale(bench: Bench) -> None:
    sign_up, bought = told("customer-created"), told("transaction-completed")
    take(bench.store, sign_up, bought, at=bench.clock())
    found = sale(bench)

    assert () == bought.person.email
    assert bought.enrich_ref == sign_up.event_id
    assert sign_up.person.email == found.person.email != ()
    assert (sign_up.person.first_name, bought.person.external_id) == (
        found.person.first_name,
        found.person.external_id,
    )
    assert [KNOWN_BY_ID] == list(bought.warnings)
    assert () == found.warnings


def test_a_sale_waits_for_a_sign_up_that_comes_behind_it(bench: Bench) -> None:
    bought = replace(told("transaction-completed"), occurred_at=bench.clock())
    take(bench.store, bought, at=bench.clock())
    drain(bench.destination, bench.desk())
    [waiting] = bench.lines()
    sign_up = told("customer-created")
    take(bench.store, sign_up, at=bench.clock())
    bench.clock.skip(seconds=35)

    assert ("pending", "awaits_customer") == (waiting.status.value, waiting.reason)
    assert ([], 0) == (bench.destination.sent, waiting.attempts)
    assert sign_up.person.email == sale(bench).person.email


def test_a_sale_waits_half_a_minute_and_no_longer(bench: Bench) -> None:
    bought = replace(told("transaction-completed"), occurred_at=bench.clock())
    take(bench.store, bought, at=bench.clock())
    drain(bench.destination, bench.desk())
    bench.clock.skip(seconds=35)

    assert 1 == drain(bench.destination, bench.desk())


def test_without_a_sign_up_the_sale_goes_as_it_is_and_says_so(bench: Bench) -> None:
    bought = told("transaction-completed")
    take(bench.store, bought, at=bench.clock())

    assert bought == sale(bench)
