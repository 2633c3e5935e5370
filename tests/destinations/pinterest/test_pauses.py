"""How long Pinterest wants to be left alone, in each form it may say so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.destinations.pinterest.pauses import pause_s, spent_pause_s

NOW = "Fri, 20 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "7.5"}, 7.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "86400"}, 3600.0),
        ({"retry-after": "9" * 12}, 3600.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "NaN"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT", "date": NOW}, 30.0),
        ({"retry-after": "Fri, 20 Nov 2026 09:00:00 GMT", "date": NOW}, 1.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:00 GMT", "date": NOW}, 3600.0),
        ({"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "Fri, 99 Nov 2026 10:00:30 GMT", "date": NOW}, None),
        ({"retry-after": "7", "x-ratelimit-reset": "58"}, 7.0),
        ({"retry-after": "soon", "x-ratelimit-reset": "58"}, 58.0),
        ({"x-ratelimit-reset": "58"}, 58.0),
        ({"x-ratelimit-reset": "58, 58;w=60"}, 58.0),
        ({"x-ratelimit-reset": "garbage"}, None),
    ],
)
def test_the_first_readable_header_counts(
    headers: dict[str, str], expected: float | None
) -> None:
    assert expected == pause_s(headers)


@pytest.mark.parametrize(
    ("remaining", "expected"),
    [("0", 58.0), ("0, 0;w=60", 58.0), ("1", None), ("119999", None), ("", None)],
)
def test_the_last_request_allowed_ends_in_a_pause(
    remaining: str, expected: float | None
) -> None:
    headers = {"x-ratelimit-remaining": remaining, "x-ratelimit-reset": "58"}

    assert expected == spent_pause_s(headers)


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "date", "x-ratelimit-reset"]), st.text()
    )
)
def test_no_header_raises(headers: dict[str, str]) -> None:
    found = pause_s(headers)

    assert found is None or 1.0 <= found <= 3600.0
