from forwarder.store import Store, mark, outbox
from tests.store.shop import NOW, an_event, take


def test_the_last_claim_only_grows(store: Store) -> None:
    before = mark.last_claim(store)
    take(store, an_event(1), an_event(2))
    first = outbox.claim(store, "main", "w", 1, NOW)
    second = outbox.claim(store, "main", "w", 1, NOW)
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM claims")

    assert first is not None
    assert second is not None
    assert before <= first.id < second.id == mark.last_claim(store)


def test_the_newest_webhook_says_where_the_log_ends(store: Store) -> None:
    assert mark.newest_notice_at(store) is None
    take(store, an_event(1))
    assert NOW == mark.newest_notice_at(store)
