"""Settings that could never send are refused when the destination is built."""

from typing import Any

import pytest

from forwarder.destinations.pinterest import PinterestSettings
from forwarder.destinations.pinterest.settings import read_settings
from tests.destinations.pinterest.people import settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ad_account_id", "act_1"),
        ("ad_account_id", "1" * 19),
        ("ad_account_id", "\u0661\u0662"),
        ("token", ""),
        ("token", "a b"),
        ("token", "a\nb"),
        ("base_url", "http://api.example.org/v5"),
        ("base_url", "https://user@api.example.org/v5"),
        ("base_url", "https://api.example.org/v5?x=1"),
        ("base_url", "https://[::1"),
        ("base_url", "ftp://api.example.org"),
        ("max_batch", 0),
        ("max_batch", 1001),
        ("rate_per_minute", 0),
        ("max_event_age_h", 0),
    ],
)
def test_a_setting_that_cannot_be_is_named_without_its_value(
    name: str,
    value: Any,  # noqa: ANN401
) -> None:
    with pytest.raises(ValueError, match=name) as caught:
        settings(**{name: value})

    assert not value or str(value) not in str(caught.value)


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8080/v5", "http://[::1]:1/v5"])
def test_a_sandbox_on_this_machine_needs_no_tls(base_url: str) -> None:
    assert base_url == settings(base_url=base_url).base_url


def test_words_of_others_are_left_alone() -> None:
    told = {"platform": "pinterest", "late_policy": "send", "paused": False}

    found = read_settings({"ad_account_id": "1", "token": "pina_x", **told})

    assert isinstance(found, PinterestSettings)
    assert "pina_x" not in repr(found)


def test_the_test_mode_keeps_reserved_domains_and_ten_a_second() -> None:
    live = settings(drop_reserved_domains=True)
    test = settings(drop_reserved_domains=True, test_mode=True)

    assert (True, 5000) == (live.rules.drop_reserved, live.requests_per_minute)
    assert (False, 600) == (test.rules.drop_reserved, test.requests_per_minute)
