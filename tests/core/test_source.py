from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.event import (
    LOCAL_KINDS,
    Kind,
    Notice,
    Person,
    Secret,
)
from forwarder.core.source import EVENT_ID_MAX_CHARS, Options, event_id


def test_an_event_id_is_made_of_its_parts() -> None:
    options = Options(shop="my-shop")

    found = event_id(options, "shopify", "1001", Kind.CHECKOUT)

    assert "shopify:my-shop:1001:checkout" == found


def test_an_endpoint_may_choose_another_form() -> None:
    options = Options(shop="my-shop", event_id="{order_id}-{kind}")

    assert "1001-signup" == event_id(options, "kit", "1001", Kind.SIGNUP)


@given(order_id=st.text(max_size=600), other=st.text(max_size=600))
def test_an_event_id_is_short_stable_and_its_own(order_id: str, other: str) -> None:
    options = Options(shop="s")

    found = [event_id(options, "a", text, Kind.LEAD) for text in (order_id, other)]

    assert EVENT_ID_MAX_CHARS >= max(map(len, found))
    assert found[0] == event_id(options, "a", order_id, Kind.LEAD)
    assert (order_id == other) == (found[0] == found[1])


def test_the_longest_plain_event_id_is_kept_as_it_is() -> None:
    options = Options(shop="s", event_id="{order_id}")

    assert "x" * 256 == event_id(options, "a", "x" * 256, Kind.LEAD)
    long = event_id(options, "a", "x" * 257, Kind.LEAD)
    assert (256, "x" * 191 + ":") == (len(long), long[:192])


def test_nobody_and_no_secret_shows_itself() -> None:
    person = Person(email=("ada@example.org",), ip="198.51.100.7")
    notice = Notice(headers={"a": "b"}, body=b"ada@example.org", path_secret="hidden")

    assert "Person(email, ip)" == repr(person)
    assert "Notice(1 headers, 15 bytes)" == repr(notice)
    assert ("Secret('***')", "hidden") == (
        repr(Secret("hidden")),
        str(Secret("hidden")),
    )


def test_what_is_only_kept_is_no_conversion() -> None:
    words = {"cancel", "dispute", "erase", "refund", "renewal"}

    assert words == {kind.value for kind in LOCAL_KINDS}
