"""What came along leaves byte for byte, and the token once, at the end."""

import random  # noqa: TID251  with a seed

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.clicks.merge import QUERY_MAX_CHARS, merge, values_in
from forwarder.core.links import UtmPolicy

TO = "https://shop.example.com/spring"
TOKEN = "pc1AAECAwQFBgcICQoLDA0OD76fw-c"
# All that may stand in a query by RFC 3986, and what browsers send besides.
LETTERS = "abcXYZ019-._~!$'()*+,;:@/?[]|{}\"<>^`\\"


def led(to: str, incoming: str, policy: UtmPolicy = UtmPolicy.INCOMING_WINS) -> str:
    return merge(to, incoming, policy=policy, param="pcid", token=TOKEN).url


def test_every_segment_comes_along_byte_for_byte_and_one_token() -> None:
    query = "utm_source=pinterest&utm_campaign=a%20b&epik=dj0y-_~%3D"

    assert f"{TO}?{query}&pcid={TOKEN}" == led(TO, query)


def test_five_thousand_random_queries_survive() -> None:
    dice = random.Random(20261122)  # noqa: S311
    for _ in range(5_000):
        segments = [
            f"k{n}{a_text(dice)}={a_text(dice)}" for n in range(dice.randrange(1, 9))
        ]
        query = "&".join(segments)

        assert f"{TO}?{query}&pcid={TOKEN}" == led(TO, query)


def a_text(dice: random.Random) -> str:
    parts = [
        dice.choice(LETTERS) if dice.random() < 0.8 else f"%{dice.randrange(256):02X}"
        for _ in range(dice.randrange(12))
    ]
    return "".join(parts)


@given(st.text(max_size=60))
def test_no_header_can_be_smuggled_in(text: str) -> None:
    url = led(TO, text.encode("utf-8", "replace").decode("latin-1"))

    assert url.isascii()
    assert url.isprintable()
    assert " " not in url


@pytest.mark.parametrize(
    ("to", "incoming", "policy", "query"),
    [
        ("?a=1#top", "b=2", UtmPolicy.INCOMING_WINS, f"?a=1&b=2&pcid={TOKEN}#top"),
        ("?utm_source=l&x=1", "utm_source=i", UtmPolicy.INCOMING_WINS,
         f"?x=1&utm_source=i&pcid={TOKEN}"),
        ("?utm_source=l", "utm_source=i&y=2", UtmPolicy.LINK_WINS,
         f"?utm_source=l&y=2&pcid={TOKEN}"),
        ("?utm_source=l&utm_term=t", "utm_source=i", UtmPolicy.FILL_MISSING,
         f"?utm_source=i&pcid={TOKEN}"),
        ("?utm_source=l&utm_term=t", "z=1", UtmPolicy.FILL_MISSING,
         f"?utm_source=l&utm_term=t&z=1&pcid={TOKEN}"),
        ("?epik=old", "epik=new", UtmPolicy.LINK_WINS, f"?epik=new&pcid={TOKEN}"),
        ("?utm%5Fsource=l", "utm_source=i", UtmPolicy.INCOMING_WINS,
         f"?utm_source=i&pcid={TOKEN}"),
        ("?pcid=a", "pcid=b&src=ig&qr=1&pf_x=1&a=1&a=1", UtmPolicy.INCOMING_WINS,
         f"?a=1&a=1&pcid={TOKEN}"),
        ("", "a&&b=", UtmPolicy.INCOMING_WINS, f"?a&&b=&pcid={TOKEN}"),
        ("", "utm_campaign=caf\xc3\xa9", UtmPolicy.INCOMING_WINS,
         f"?utm_campaign=caf%C3%A9&pcid={TOKEN}"),
        ("", "redir_url=https://evil.example", UtmPolicy.INCOMING_WINS,
         f"?redir_url=https://evil.example&pcid={TOKEN}"),
    ],
)  # fmt: skip
def test_the_sides_are_settled_by_the_policy(
    to: str, incoming: str, policy: UtmPolicy, query: str
) -> None:
    assert TO + query == led(TO + to, incoming, policy)


def test_a_query_that_is_too_long_is_left_out() -> None:
    merged = merge(
        f"{TO}?a=1",
        "b=" + "x" * QUERY_MAX_CHARS,
        policy=UtmPolicy.INCOMING_WINS,
        param="pcid",
        token=TOKEN,
    )

    assert (f"{TO}?a=1&pcid={TOKEN}", True) == (merged.url, merged.is_oversize)


def test_a_value_is_read_by_its_decoded_name() -> None:
    wanted = frozenset({"epik", "qr"})

    assert {"epik": "dj0="} == values_in("a=1&ep%69k=dj0%3D&epik=2", wanted)
    assert {} == values_in("", wanted)
