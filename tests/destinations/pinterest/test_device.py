"""What leaves in clear is looked at: addresses, browsers, click ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.destinations.pinterest import device
from forwarder.destinations.pinterest.texts import Drop
from tests.destinations.pinterest.people import BROWSER


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8.8.8.8", "8.8.8.8"),
        (" 8.8.8.8 ", "8.8.8.8"),
        ("8.8.8.8:443", "8.8.8.8"),
        ("10.0.0.1, 8.8.8.8, 9.9.9.9", "8.8.8.8"),
        ("unknown, 8.8.8.8", "8.8.8.8"),
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 8.8.8.8", "203.0.113.9"),
        ("192.88.98.1", "192.88.98.1"),
        ("2001:4860:4860:0:0:0:0:8888", "2001:4860:4860::8888"),
        ("[2001:4860:4860::8888]:443", "2001:4860:4860::8888"),
        ("::ffff:8.8.8.8", "8.8.8.8"),
    ],
)
def test_the_first_public_address_is_sent(text: str, expected: str) -> None:
    assert expected == device.ip(text, drop_reserved=False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("0.0.0.0", "ip_not_public"),  # noqa: S104
        ("127.0.0.1", "ip_not_public"),
        ("10.0.0.1", "ip_not_public"),
        ("192.168.1.1", "ip_not_public"),
        ("169.254.1.1", "ip_not_public"),
        ("100.64.0.1", "ip_not_public"),
        ("224.0.0.1", "ip_not_public"),
        ("240.0.0.1", "ip_not_public"),
        ("255.255.255.255", "ip_not_public"),
        ("::1", "ip_not_public"),
        ("fe80::1", "ip_not_public"),
        ("fe80::1%eth0", "not_an_ip_address"),
        ("8.8.8", "not_an_ip_address"),
        ("8.8.8.256", "not_an_ip_address"),
        ("08.8.8.8", "not_an_ip_address"),
        ("8.8.8.8\n9.9.9.9", "not_an_ip_address"),
        ("garbage", "not_an_ip_address"),
        ("1," * 2000, "too_long"),
    ],
)
def test_addresses_of_nobody_are_dropped(text: str, reason: str) -> None:
    assert Drop(reason) == device.ip(text, drop_reserved=False)


@pytest.mark.parametrize("text", ["203.0.113.9", "2001:db8::1", "198.51.100.7:80"])
def test_addresses_for_documentation_are_dropped_in_live_sending(text: str) -> None:
    assert Drop("ip_for_documentation") == device.ip(text, drop_reserved=True)


@given(st.ip_addresses(v=4).map(str))
def test_the_short_way_for_ipv4_agrees_with_the_long_one(text: str) -> None:
    # A port sends the same address the long way.
    expected = device.ip(f"{text}:80", drop_reserved=True)

    assert expected == device.ip(text, drop_reserved=True)


@pytest.mark.parametrize(
    "text",
    [
        BROWSER,
        f" {BROWSER} ",
        "Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 21) Chrome/120.0 Mobile",
        "Mozilla/5.0 (Linux; Android 14) [Pinterest/Android] Chrome/130.0",
    ],
)
def test_browsers_speak_for_people(text: str) -> None:
    assert text.strip() == device.user_agent(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("Other", "junk"),
        ("null", "junk"),
        ("Mozilla/5.0 (compatible; Pinterestbot/1.0)", "not_a_browser"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "not_a_browser"),
        ("Pinterest/0.2 (+https://www.pinterest.com/bot.html)", "not_a_browser"),
        ("curl/8.5.0", "not_a_browser"),
        ("python-requests/2.34", "not_a_browser"),
        ("WooCommerce/9.4 Hookshot (WordPress/6.7)", "not_a_browser"),
        ("Mozilla/5.0 HeadlessChrome/130.0", "not_a_browser"),
        ("Mozilla/5.0\x00", "control_character"),
        ("Mozilla \ud800", "control_character"),
        ("M" * 3000, "too_long"),
    ],
)
def test_programs_and_silence_are_dropped(text: str, reason: str) -> None:
    assert Drop(reason) == device.user_agent(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" dj0yJnU9x ", "dj0yJnU9x"),
        ("", Drop("empty")),
        ("undefined", Drop("junk")),
        ("x" * 1025, Drop("too_long")),
        ("dj0\n", "dj0"),
        ("dj\n0", Drop("control_character")),
    ],
)
def test_click_ids_leave_as_they_came(text: str, expected: str | Drop) -> None:
    assert expected == device.click_id(text)


@given(st.text(max_size=60))
def test_what_was_chosen_is_chosen_again(text: str) -> None:
    for read in (
        lambda one: device.ip(one, drop_reserved=False),
        device.user_agent,
        device.click_id,
    ):
        chosen = read(text)

        assert isinstance(chosen, Drop) or chosen == read(chosen)
