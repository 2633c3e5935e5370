"""The page goes along, what names a person in its address stays here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.destinations.pinterest import page
from forwarder.destinations.pinterest.texts import Drop

SHOP = "https://shop.example.org"


@pytest.mark.parametrize(
    "address",
    [
        SHOP,
        f"{SHOP}/",
        f"{SHOP}/a/b-c_d.html",
        f"{SHOP}/a?epik=dj0yJnU9&utm_source=pinterest",
        f"{SHOP}/a?epik=a%40b&variant=4",
        f"{SHOP}:8443/a?q=linen+shirt&colour=%C3%BCber",
        "http://localhost/a",
        "https://[2001:db8::1]/a",
        "https://müller.example.org/straße",
        "https://www.tiktok.com/@shop",
        f"{SHOP}/a?discount=123456789012&at=1700000000",
        f"{SHOP}/a?utm_medium=email",
    ],
)
def test_addresses_without_people_stay_byte_for_byte(address: str) -> None:
    assert (address, ()) == page.page_url(address)


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("email=a%40b.org&epik=x", "?epik=x"),
        ("epik=x&q=jane@shop.org", "?epik=x"),
        ("q=jane%2540shop.org", ""),
        ("EPIK=x&customer%5Bemail%5D=x", "?EPIK=x"),
        ("phone=123", ""),
        ("billing_phone=123&a=1", "?a=1"),
        ("first_name=Jane&lastname=Doe&a=1", "?a=1"),
        ("x=%2B1+415+555+0132&a=1", "?a=1"),
        ("x=+14155550132", ""),
        ("token=abc&key=def&access_token=1&sig=2", ""),
        ("a=1&&b=2", "?a=1&&b=2"),
        ("utm_term=jane@shop.org&utm_id=7", "?utm_id=7"),
    ],
)
def test_parameters_that_name_people_are_taken_out(query: str, kept: str) -> None:
    assert (f"{SHOP}/a{kept}", bool(kept != f"?{query}")) == (
        page.page_url(f"{SHOP}/a?{query}")[0],
        bool(page.page_url(f"{SHOP}/a?{query}")[1]),
    )


def test_the_parts_taken_out_are_named_without_their_text() -> None:
    address = "https://jane:pw@shop.example.org/u/jane@shop.org/a?email=x@y.org&b=1#t"

    found = page.page_url(address)

    names = ("page_url.user", "page_url.path", "page_url.query", "page_url.fragment")
    assert (f"{SHOP}/?b=1", names) == found


@pytest.mark.parametrize(
    "address",
    [
        "/relative",
        "ftp://shop.example.org/",
        "javascript:alert(1)",
        "https://",
        "https:///a",
        "not a url",
        "https://shop example.org/",
        "https://shop.example.org/a b",
        "https://shop.example.org:99999/",
        "https://[::1",
        "https://-.-/",
        "https://shop.example.org/\x00",
        "https://shop.example.org/\ud800",
        "",
    ],
)
def test_what_is_no_address_is_dropped(address: str) -> None:
    assert (Drop("not_a_url"), ()) == page.page_url(address)


def test_a_novel_is_no_address() -> None:
    assert (Drop("too_long"), ()) == page.page_url(f"{SHOP}/{'a' * 5000}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("en", "en"),
        ("en-US", "en"),
        ("DE_de", "de"),
        ("pt-BR,pt;q=0.9", "pt"),
        (" fr ", "fr"),
        ("english", Drop("language_unknown")),
        ("e", Drop("language_unknown")),
        ("ü", Drop("language_unknown")),
    ],
)
def test_languages_have_two_letters(text: str, expected: str | Drop) -> None:
    assert expected == page.language(text)


@given(st.text() | st.text().map(lambda tail: f"{SHOP}/?{tail}"))
def test_no_address_raises_and_a_cleared_one_stays_clear(text: str) -> None:
    address, _taken = page.page_url(text)

    assert isinstance(address, Drop) or (address, ()) == page.page_url(address)
