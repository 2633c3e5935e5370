"""One person is found in every form that something of them is kept in, and goes."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from forwarder.core.delivery import (
    Answer,
    Delivered,
    Destination,
    NoticeStatus,
    Status,
)
from forwarder.core.event import Event, Kind, Notice, Person
from forwarder.core.source import Options
from forwarder.destinations import PLAIN, build_destination
from forwarder.pipeline.drain import Desk, drain
from forwarder.pipeline.erase import Eraser, Receipt, Subject, carry_out, note
from forwarder.pipeline.receive import Endpoint, receive
from forwarder.pipeline.traces import Traces
from forwarder.samples import TEST_SECRETS, fresh, load
from forwarder.sources import SOURCES
from forwarder.store import Store, audit, log, notice_log, open_store, outbox
from forwarder.store.inbox import accept
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from forwarder.store.outbox import Settled
from forwarder.store.schema import bodies, notices, payloads
from forwarder.store.settling import Verdict
from tests.pipeline.conftest import KEY
from tests.store.shop import NOW, an_arrival, an_event

ADA = "ada1@example.org"


@dataclass(slots=True)
class Taker:
    """Hashes as Pinterest's destination does, and takes everything."""

    inner: Destination = field(
        default_factory=lambda: build_destination(
            "main", PLAIN, drop_reserved_domains=False
        )
    )

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self.inner, name)

    def send(self, batch: Sequence[bytes]) -> Iterator[Answer]:
        yield Answer(
            outcomes=(Delivered("for ada1@example.org"),) * len(batch),
            n_events=len(batch),
            http_status=200,
        )


TAKER = Taker()


def endpoint(name: str, source: str = "shopify", country: str = "") -> Endpoint:
    return Endpoint(
        name=name,
        source_name=source,
        source=SOURCES[source],
        secrets=[TEST_SECRETS[source]],
        destination="main",
        options=Options(shop=name, country=country),
    )


ENDPOINTS = {
    "my-shop": endpoint("my-shop", country="DE"),
    "other": endpoint("other"),
}


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    opened = open_store(database_url, [KEY])
    upgrade(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables, made once: that takes longer than a test."""
    path = tmp_path_factory.mktemp("erase") / "empty.db"
    made = open_store(f"sqlite:///{path}", [KEY])
    upgrade(made)
    made.close()
    return path


@pytest.fixture
def one_store(empty_file: Path, tmp_path: Path) -> Iterator[Store]:
    path = shutil.copy(empty_file, tmp_path / "forwarder.db")
    opened = open_store(f"sqlite:///{path}", [KEY])
    yield opened
    opened.close()


def eraser(store: Store) -> Eraser:
    return Eraser(store=store, destinations=(TAKER,), endpoints=ENDPOINTS)


def send(store: Store) -> None:
    desk = Desk(store=store, worker="w", clock=lambda: NOW, jitter=lambda: 0.0)
    drain(TAKER, desk)  # type: ignore[arg-type]


def take(
    store: Store,
    event: Event,
    *,
    body: bytes = b"{}",
    at: str = "my-shop",
    key: str = "",
) -> None:
    arrival = an_arrival(event, body=body, key=key)
    accept(store, replace(arrival, endpoint=at))


def erase(store: Store, **subject: Any) -> Receipt:  # noqa: ANN401
    names = {name: subject.pop(name) for name in ("endpoint",) if name in subject}
    person = Person(**{name: (text,) for name, text in subject.items()})
    wanted = Subject(person=person, **names)
    one = eraser(store)
    return one.erase(wanted, one.find(wanted), NOW)


def count(store: Store, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(*where)
    with store.read() as connection:
        return connection.execute(query).scalar_one()


def left(store: Store) -> tuple[int, int, int]:
    """Events, payloads and webhooks that are still kept."""
    is_kept = notices.c.sealed.is_not(None)
    return count(store, bodies), count(store, payloads), count(store, notices, is_kept)


def test_somebody_who_was_sent_is_taken_out_and_the_log_stays(store: Store) -> None:
    take(store, an_event(1))
    take(store, an_event(2))
    send(store)

    receipt = erase(store, email=" ADA1@Example.org")

    assert (1, 1, 1) == left(store)
    lines = log.list_deliveries(store, Filter(order_id="1")).lines
    assert [(Status.DELIVERED, "")] == [(one.status, one.message) for one in lines]
    assert (1, 1, 1, 1, 0) == (
        receipt.n_deliveries,
        receipt.n_events,
        receipt.n_payloads,
        receipt.n_notices,
        receipt.n_skipped,
    )


@pytest.mark.parametrize("told", ["+49 30 901820-44", "0049 30 90182044"])
def test_a_whole_number_is_found_where_a_shop_without_country_wrote_a_national_one(
    one_store: Store, told: str
) -> None:
    person = Person(phone=("030 90182044",), email=("else@shop.test",))
    body = b'{"customer": {"phone": "(030) 901 820 44"}}'
    event = replace(an_event(1), person=person)
    take(one_store, event, body=body, at="other")
    nobody_of_de = {"other": ENDPOINTS["other"]}
    one = Eraser(store=one_store, destinations=(TAKER,), endpoints=nobody_of_de)

    found = one.find(Subject(person=Person(phone=(told,))))
    assert ((1,), (1,)) == (found.deliveries, found.notices)
    other = one.find(Subject(person=Person(phone=("+49 30 90182045",))))
    assert ((), ()) == (other.deliveries, other.notices)


def test_a_number_of_another_country_is_not_that_of_a_shop_with_one(
    one_store: Store,
) -> None:
    person = Person(phone=("030 90182044",), email=("else@shop.test",))
    take(one_store, replace(an_event(1), person=person, region="DE"))

    assert 0 == erase(one_store, phone="+43 30 90182044").n_deliveries
    assert 1 == erase(one_store, phone="+49 30 90182044").n_deliveries


def test_what_was_not_sent_yet_never_is(store: Store) -> None:
    take(store, an_event(1))

    receipt = erase(store, email=ADA)
    send(store)

    lines = log.list_deliveries(store, Filter()).lines
    assert [(Status.SKIPPED, "erased")] == [(one.status, one.reason) for one in lines]
    assert (1, 0) == (receipt.n_skipped, receipt.n_held)
    assert (0, 0, 0) == left(store)


def test_a_repeat_of_the_webhook_brings_nobody_back(store: Store) -> None:
    take(store, an_event(1), key="first")
    erase(store, email=ADA)

    take(store, an_event(1), key="first")
    take(store, an_event(1), key="another topic of the same order")

    assert 0 == count(store, bodies)
    assert 1 == len(log.list_deliveries(store, Filter()).lines)


def test_what_a_worker_holds_waits_for_the_next_round(store: Store) -> None:
    take(store, an_event(1))
    claim = outbox.claim(store, "main", "w1", 1, NOW)
    assert claim is not None

    first = erase(store, email=ADA)
    later = eraser(store)
    wanted = Subject(person=Person(email=(ADA,)))
    lapsed = NOW + timedelta(seconds=61)
    second = later.erase(wanted, later.find(wanted), lapsed)
    done = Verdict(status=Status.DELIVERED, outcome="delivered")
    came_late = [Settled(row=row, verdict=done) for row in claim.rows]
    late = outbox.settle(store, claim, came_late, None, lapsed)

    assert (1, 0) == (first.n_held, first.n_skipped)
    assert (0, 1) == (second.n_held, second.n_skipped)
    assert 0 == late
    assert (1, 1) == (
        first.with_more(second).n_skipped,
        first.with_more(second).n_notices,
    )


@pytest.mark.parametrize(
    ("person", "asked"),
    [
        (Person(email=("Ada@Example.org ",)), {"email": "ada@example.org"}),
        (
            Person(email=(sha256(b"ada@example.org").hexdigest(),)),
            {"email": "ada@example.org"},
        ),
        (
            Person(email=("ada@example.org",)),
            {"email": sha256(b"ada@example.org").hexdigest()},
        ),
        (Person(email=("Ada <ada@example.org>",)), {"email": "ada@example.org"}),
        (Person(phone=("030 23125 417",)), {"phone": "+49 30 23125417"}),
        (Person(phone=("+49 (0)30 23125-417",)), {"phone": "00493023125417"}),
        (Person(phone=("+493023125417",)), {"phone": "030 / 23125417"}),
        (Person(external_id=("C-17",)), {"external_id": "C-17"}),
        (Person(email=("nobody@localhost",)), {"email": "nobody@localhost"}),
    ],
)
def test_every_spelling_is_the_same_person(
    one_store: Store, person: Person, asked: dict[str, str]
) -> None:
    with_mail = replace(person, ip="198.51.100.7", user_agent="UA/1")
    take(one_store, replace(an_event(1), person=with_mail, region="DE"))
    take(one_store, replace(an_event(2), person=Person(email=("b@example.org",))))

    assert 1 == erase(one_store, **asked).n_deliveries
    assert 1 == count(one_store, bodies)


def test_somebody_is_found_by_the_hash_alone(store: Store) -> None:
    """After `keep_person_h` only what was sent tells of anybody."""
    take(store, an_event(1))
    take(store, replace(an_event(2), person=Person(email=(ADA,))))
    send(store)
    with store.write() as connection:
        connection.execute(sa.delete(bodies))

    assert 2 == erase(store, email=ADA).n_payloads
    assert 0 == count(store, payloads)


def test_a_customer_number_is_no_other_number(one_store: Store) -> None:
    same = Person(email=("b@example.org",), postal_code=("10115",))
    take(one_store, replace(an_event(1), person=same), body=b'{"total": 10115}')
    send(one_store)

    assert 0 == erase(one_store, external_id="10115").n_deliveries
    assert (1, 1, 1) == left(one_store)


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        (b'{"note": "call ada@example.org"}', {"email": "ada@example.org"}),
        (rb'{"a": [{"b": "ada\u0040example.org"}]}', {"email": "ada@example.org"}),
        (b"data%5Bemail%5D=Ada%40example.org", {"email": "ada@example.org"}),
        (b'{"url": "/t?m=ada%40example.org"}', {"email": "ada@example.org"}),
        (b'payload={"email":"ada@example.org"}', {"email": "ada@example.org"}),
        (b'{"x": "{\\"y\\": \\"ada@example.org\\"}"}', {"email": "ada@example.org"}),
        (b"no JSON: ada@example.org", {"email": "ada@example.org"}),
        (b'{"em": "%s"}' % sha256(b"ada@example.org").hexdigest().encode(), None),
        (b'{"tel": "030 23125417"}', {"phone": "+49 30 23125 417"}),
        (b'{"tel": 493023125417}', {"phone": "+49 30 23125 417"}),
        (b'{"customer": {"id": 6100900100}}', {"external_id": "6100900100"}),
        (b"user_id=6100900100", {"external_id": "6100900100"}),
    ],
)
def test_a_webhook_that_became_no_event_is_searched(
    one_store: Store, body: bytes, asked: dict[str, str] | None
) -> None:
    held = replace(
        an_arrival(an_event(1), body=body),
        status=NoticeStatus.QUARANTINED,
        events=(),
        skips=(),
    )
    accept(one_store, held)
    assert (
        0 == erase(one_store, email="bob@example.org", phone="030 99887766").n_notices
    )

    receipt = erase(one_store, **({"email": "ada@example.org"} | (asked or {})))

    assert 1 == receipt.n_notices
    line = notice_log.list_notices(one_store, None)[0]
    assert (NoticeStatus.IGNORED, "erased", False) == (
        line.status,
        line.reason,
        line.is_kept,
    )


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff\xfe\x00", b"", b"%%%=&="])
def test_a_body_of_nonsense_is_searched_without_harm(body: bytes) -> None:
    traces = Traces(Person(email=(ADA,)), [TAKER], [])  # type: ignore[list-item]

    assert not traces.are_in_notice(Notice(headers={}, body=body))


def samples_with_email() -> list[tuple[str, str]]:
    found = {
        "shopify": "orders-paid",
        "woocommerce": "order-created",
        "stripe": "checkout-session-completed",
        "kit": "subscriber-activated",
        "mailerlite": "subscriber-active",
        "mailchimp": "subscribe",
        "standard_webhooks": "checkout",
    }
    return sorted(found.items())


@pytest.mark.parametrize(("source", "case"), samples_with_email())
def test_the_person_of_a_real_webhook_is_found_in_all_of_it(
    one_store: Store, source: str, case: str
) -> None:
    shop = endpoint("my-shop", source)
    secret = TEST_SECRETS[source]
    notice = fresh(source, case, secret, NOW, 314159)
    receive(shop, notice, one_store, NOW)
    receive(shop, fresh(source, case, secret, NOW, 271828), one_store, NOW)
    events = SOURCES[source].parse(notice, shop.options).events
    email = events[0].person.email[0]

    receipt = erase(one_store, email=email)

    assert 1 == receipt.n_notices
    assert receipt.n_deliveries >= 1
    assert 1 == count(one_store, notices, notices.c.sealed.is_not(None))


def redact(case: str, serial: int = 314159) -> Notice:
    return fresh("shopify", case, TEST_SECRETS["shopify"], NOW, serial)


def test_a_shops_request_is_carried_out_and_noted(store: Store) -> None:
    order = redact("orders-paid")
    receive(ENDPOINTS["my-shop"], order, store, NOW)
    receive(ENDPOINTS["other"], order, store, NOW)  # another shop's customer
    receive(ENDPOINTS["my-shop"], redact("customers-redact"), store, NOW)
    waiting = log.list_deliveries(store, Filter(kind=Kind.ERASE.value)).lines

    n_done = carry_out(eraser(store), lambda: NOW)

    assert ["erase_requested"] == [one.reason for one in waiting]
    assert (1, 0) == (n_done, carry_out(eraser(store), lambda: NOW))
    lines = {(one.endpoint, one.kind): one for one in _lines(store)}
    assert ("skipped", "erased") == _word(lines["my-shop", "checkout"])
    assert ("skipped", "erased") == _word(lines["my-shop", "erase"])
    assert ("pending", "") == _word(lines["other", "checkout"])
    assert (1, 0, 1) == left(store)
    entry = audit.entries(store, audit.Wanted(action="erase")).entries[0]
    assert entry.subject.startswith("hmac-sha256:")
    assert "at my-shop: deliveries 1, webhooks 2, not sent 1" in entry.detail
    assert not any(text in str(entry) for text in ("mara", "buyers", "6100"))


def _lines(store: Store) -> Sequence[log.Line]:
    return log.list_deliveries(store, Filter()).lines


def _word(line: log.Line) -> tuple[str, str]:
    return line.status.value, line.reason


def test_a_request_waits_while_the_person_is_on_the_way(store: Store) -> None:
    receive(ENDPOINTS["my-shop"], redact("orders-paid"), store, NOW)
    outbox.claim(store, "main", "w1", 1, NOW)
    receive(ENDPOINTS["my-shop"], redact("customers-redact"), store, NOW)

    first = carry_out(eraser(store), lambda: NOW)
    second = carry_out(eraser(store), lambda: NOW + timedelta(seconds=61))

    assert (0, 1) == (first, second)
    assert 0 == count(store, bodies)


def test_a_whole_shop_is_erased_when_it_asks(store: Store) -> None:
    for serial in range(314150, 314154):
        receive(ENDPOINTS["my-shop"], redact("orders-paid", serial), store, NOW)
    receive(ENDPOINTS["other"], redact("orders-paid"), store, NOW)
    receive(ENDPOINTS["my-shop"], redact("shop-redact"), store, NOW)

    assert 1 == carry_out(eraser(store), lambda: NOW)

    assert (1, 0, 1) == left(store)
    assert {"other"} == {one.endpoint for one in _lines(store) if one.reason == ""}


def test_a_redaction_that_names_nobody_is_no_redaction_of_all(one_store: Store) -> None:
    receive(ENDPOINTS["my-shop"], redact("orders-paid"), one_store, NOW)
    sample = load("shopify", "customers-redact")
    empty = replace(sample, body=b'{"shop_id": 954000, "customer": {}}')
    signed = SOURCES["shopify"].sign(empty, TEST_SECRETS["shopify"], NOW)

    receipt = receive(ENDPOINTS["my-shop"], signed, one_store, NOW)
    carry_out(eraser(one_store), lambda: NOW)

    assert 1 == receipt.quarantined
    assert 1 == count(one_store, bodies)


def test_what_no_key_opens_is_counted(one_store: Store) -> None:
    take(one_store, an_event(1))
    with one_store.write() as connection:
        connection.execute(sa.update(bodies).values(sealed=b"x" * 60))
        connection.execute(sa.update(notices).values(sealed=b"x" * 60))

    assert 2 == erase(one_store, email=ADA).n_unreadable


def test_a_receipt_names_nobody_and_can_be_made_again(one_store: Store) -> None:
    take(one_store, an_event(1))
    first, again = erase(one_store, email=ADA), erase(one_store, email=ADA.upper())
    other = erase(one_store, email="bob@example.org")
    note(one_store, "anna", first)

    assert first.subject == again.subject != other.subject
    assert (("email",), 0) == (again.known_by, again.n_deliveries)
    assert "example" not in str(first)
    assert audit.verify(one_store).broken_at is None
