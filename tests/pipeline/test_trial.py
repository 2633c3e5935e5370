"""A sample sent here is genuine, and can never become an order that counts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from config.settings import PLACEHOLDER, load
from forwarder import wiring
from forwarder.core.delivery import Destination, Encoded, Skipped
from forwarder.core.event import LOCAL_KINDS, Notice
from forwarder.core.source import Options
from forwarder.destinations import DESTINATIONS
from forwarder.pipeline.drain import drain
from forwarder.pipeline.receive import Endpoint
from forwarder.pipeline.trial import try_out
from forwarder.samples import TEST_SECRETS, sendable
from forwarder.sources import SOURCES
from forwarder.store import Store, notice_log, outbox
from forwarder.store.ledger import ledger_total
from forwarder.store.migrate import upgrade
from forwarder.wiring import Wired
from tests.pipeline.stand_in import Bench
from tests.workers.conftest import SETTINGS

PLACE = {
    "platform": "pinterest",
    "ad_account_id": "549755885175",
    "token": "no-real-token",
    "base_url": "http://127.0.0.1:9/v5",
}


@pytest.fixture(scope="module")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    """An installation with every source; nothing leaves it."""
    folder = tmp_path_factory.mktemp("trial")
    text = SETTINGS.partition("[endpoints.my-shop]")[0]
    for source in sorted(SOURCES):
        secret = TEST_SECRETS[source].replace('"', '\\"')
        text += f'[endpoints.{source.replace("_", "-")}]\nsource = "{source}"\n'
        text += f'secrets = ["{secret}"]\ndestination = "main"\n'
    file = folder / "forwarder.toml"
    file.write_text(text)
    env = {"FORWARDER_DATA_DIR": str(folder)}
    url = f"sqlite:///{folder / 'trial.db'}"
    made = wiring.wire(load({**env, "FORWARDER_DATABASE_URL": url}, file), "worker")
    upgrade(made.store)
    yield made
    made.store.close()


def place(*, test_mode: bool) -> Destination:
    return DESTINATIONS["pinterest"]("main", {**PLACE, "test_mode": test_mode})


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_each_sample_of_a_source_is_genuine_and_a_test(
    source: str, wired: Wired
) -> None:
    name, store, now = source.replace("_", "-"), wired.store, wired.store.now()
    cases = sendable(source)
    tried = [wiring.sample(wired, name, case, now) for case in cases]

    assert cases
    for case, sample in zip(cases, tried, strict=True):
        assert isinstance(sample, Notice), (case, sample)
        receipt = try_out(wired.endpoints[name], sample, store, now)
        assert receipt.accepted, case
        assert 0 == receipt.quarantined
    live, testing = place(test_mode=False), place(test_mode=True)
    claim = outbox.claim(store, "main", "w", 1000, now + timedelta(seconds=1))
    assert claim is not None
    for one in claim.rows:
        event = one.event
        assert event is not None
        assert event.event_id.startswith("test:")
        assert event.kind not in LOCAL_KINDS
        assert (True, None, None) == (event.is_test, event.enrich, event.click_token)
        assert Skipped("test_order") == live.encode(event)
        assert isinstance(testing.encode(event), Encoded) or not event.person.email
    day = timedelta(days=1)
    counted = ledger_total(store, [name], now - day, now + day)
    assert [0] * len(counted) == [one.n for one in counted]


def test_what_a_shop_must_not_send_as_a_test_has_no_sample() -> None:
    assert () == sendable("declared")
    for case in (
        "shop-redact",
        "customers-redact",
        "orders-cancelled",
        "refunds-create",
    ):
        assert case not in sendable("shopify")


def test_a_secret_that_is_not_set_or_unfit_is_told(wired: Wired) -> None:
    for secret, words in (
        (
            f"{PLACEHOLDER}signing-secret",
            "set the secret of [endpoints.squarespace] first",
        ),
        ("no hex at all", "the secret of this endpoint is not hex text"),
    ):
        endpoint = replace(wired.endpoints["squarespace"], secrets=[secret])
        other = replace(wired, endpoints={"squarespace": endpoint})
        told = wiring.sample(other, "squarespace", "order-create", wired.store.now())

        assert isinstance(told, str)
        assert told.startswith(words)


def test_a_sample_that_is_not_understood_is_not_kept_to_be_read_again(
    store: Store, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Endpoint(
        name="my-shop",
        source_name="tally",
        source=SOURCES["tally"],
        secrets=["s"],
        destination="main",
        options=Options(shop="my-shop"),
    )
    now = bench.clock.now
    body = b'{"eventId": "e", "eventType": "FORM_RESPONSE", "data": {}}'
    sample = SOURCES["tally"].sign(Notice(headers={}, body=body), "s", now)
    first = try_out(endpoint, sample, store, now)
    monkeypatch.setattr(SOURCES["tally"], "parse", lambda *_: 1 // 0)
    again = replace(sample, body=body.replace(b'"e"', b'"f"'))
    again = SOURCES["tally"].sign(again, "s", now)
    second = try_out(endpoint, again, store, now)

    assert (1, 0, 1, 0) == (
        first.ignored,
        first.quarantined,
        second.ignored,
        second.quarantined,
    )
    reasons = [one.reason for one in notice_log.list_notices(store, None)]
    assert "the adapter failed: ZeroDivisionError" == reasons[0]
    assert reasons[1].startswith("the sample is not understood: ")
    assert 0 == drain(bench.destination, bench.desk())
