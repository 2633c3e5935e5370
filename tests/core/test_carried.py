import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.carried import carried

PAGE = "https://shop.example/p"


def test_names_are_compared_without_case_and_separators() -> None:
    found = carried(
        {
            "PIN-Event ID": "e-1",
            "PINEVENTID": "e-2",
            "_epik": "first",
            "epik": "second",
            "Pin_IP": "203.0.113.9",
            "pinUa": "Mozilla/5.0",
            "pin_url": PAGE,
        }
    )

    assert ("e-1", "first", "203.0.113.9", "Mozilla/5.0", PAGE) == (
        found.event_id,
        found.click_id,
        found.ip,
        found.user_agent,
        found.page_url,
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{PAGE}?EPIK=a&epik=b", "a"),
        (f"{PAGE}?_epik=c", "c"),
        ("/p?x=1&Epik=d", "d"),
        (f"{PAGE}?epik=", None),
        (f"{PAGE}?epik=%00", None),
        (PAGE, None),
        ("//[oops?epik=x", None),
        (None, None),
    ],
)
def test_the_click_id_is_found_in_the_landing_page(
    url: str | None, expected: str | None
) -> None:
    assert expected == carried(landing_url=url).click_id


def test_a_field_goes_before_the_landing_page() -> None:
    assert "field" == carried({"epik": "field"}, landing_url=f"{PAGE}?epik=q").click_id


def test_ids_that_are_too_long_are_left_out_and_named() -> None:
    found = carried({"epik": "x" * 1025, "pin_event_id": "y" * 257})

    assert found.click_id is None
    assert found.event_id is None
    assert 2 == len(found.warnings)
    assert "x" * 1024 == carried({"epik": "x" * 1024}).click_id


def test_campaign_fields_join_the_page_unless_they_are_there() -> None:
    fields = {"utm_source": "pinterest", "utm_campaign": "a b", "pcid": "c1"}
    found = carried(fields, landing_url=f"{PAGE}?utm_source=x#top")

    assert f"{PAGE}?utm_source=x&utm_campaign=a+b&pcid=c1#top" == found.page_url


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "/relative", "ftp://x.example", "https://[oops"]
)
def test_only_web_addresses_are_pages(url: str) -> None:
    assert carried({"pin_url": url}).page_url is None


@pytest.mark.parametrize(
    ("fields", "opt_out", "denied"),
    [
        ({}, False, False),
        ({"pin_opt_out": "true"}, True, False),
        ({"pin_opt_out": True}, True, False),
        ({"pin_opt_out": "0"}, False, False),
        ({"pin_consent": "Denied"}, False, True),
        ({"pin_consent": "granted"}, False, False),
    ],
)
def test_consent_is_what_the_shop_says(
    fields: dict[str, object], *, opt_out: bool, denied: bool
) -> None:
    found = carried(fields).consent

    assert (opt_out, denied) == (found.opt_out, found.denied)


@given(st.dictionaries(st.text(), st.text() | st.integers()), st.text())
def test_nothing_that_is_carried_raises(fields: dict[str, object], url: str) -> None:
    assert carried(fields, landing_url=f"https://{url}") is not None


def test_what_is_carried_does_not_show_itself() -> None:
    shown = repr(carried({"epik": "secret", "pin_ip": "203.0.113.9"}))

    assert "secret" not in shown
    assert "203.0.113.9" not in shown


TOKEN = "pc1AAECAwQFBgcICQoLDA0OD76fw-c"


@pytest.mark.parametrize(
    ("fields", "landing_url", "token"),
    [
        ({"_PCID": TOKEN}, None, TOKEN),
        ({"pc-id": TOKEN}, "https://shop.example/", TOKEN),
        ({"pcid": "c900100"}, None, None),
        ({}, f"https://shop.example/?a=1&pcid={TOKEN}", TOKEN),
        ({}, f"https://shop.example/?click={TOKEN}#top", TOKEN),
        ({}, f"https://shop.example/?pcid={TOKEN}x", None),
    ],
)
def test_the_token_of_a_link_is_carried(
    fields: dict[str, object], landing_url: str | None, token: str | None
) -> None:
    assert token == carried(fields, landing_url=landing_url).click_token
