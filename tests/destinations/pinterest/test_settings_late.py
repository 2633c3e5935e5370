from datetime import timedelta

from forwarder.destinations.pinterest.settings import read_settings

PLAIN = {"ad_account_id": "1", "token": "t"}


def test_late_events_go_out_unless_they_are_not_wanted() -> None:
    sent = read_settings(PLAIN).max_age
    kept = read_settings({**PLAIN, "late_policy": "skip"}).max_age

    assert timedelta(days=7) - timedelta(minutes=10) == sent
    assert timedelta(hours=1) == kept
