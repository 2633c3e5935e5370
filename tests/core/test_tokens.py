import base64
import json
from dataclasses import replace

import pytest

from forwarder.core import tokens
from forwarder.core.event import Forged, Notice

SECRET = 'b&a "r" + ü'


def with_headers(**headers: str) -> Notice:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Notice(headers=named, body=b"{}")


def basic(pair: str) -> str:
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    "notice",
    [
        with_headers(authorization="Bearer s3cret"),
        with_headers(authorization="bearer   s3cret "),
        with_headers(authorization=basic("anybody:s3cret")),
        with_headers(x_webhook_token="s3cret"),
        with_headers(x_webhook_token="s3cret", authorization="Bearer theirs"),
    ],
    ids=lambda notice: ascii(dict(notice.headers))[:70],
)
def test_a_secret_may_come_in_any_of_three_headers(notice: Notice) -> None:
    tokens.verify_header(notice, "s3cret")


@pytest.mark.parametrize(
    "notice",
    [
        with_headers(),
        with_headers(authorization=""),
        with_headers(authorization="s3cret"),
        with_headers(authorization="Token s3cret"),
        with_headers(authorization="Bearer"),
        with_headers(authorization="Bearer S3cret"),
        with_headers(authorization="Bearer s3cret\ud800"),
        with_headers(authorization="Bearer " + "x" * 10_240),
        with_headers(authorization=basic("s3cret")),
        with_headers(authorization=basic("s3cret:")),
        with_headers(authorization="Basic s3cret="),
        with_headers(authorization="Basic /w=="),
        with_headers(authorization="Basic é"),
        with_headers(x_webhook_token="", authorization="Bearer s3cret"),
    ],
    ids=lambda notice: ascii(dict(notice.headers))[:70],
)
def test_any_other_header_is_forged(notice: Notice) -> None:
    with pytest.raises(Forged):
        tokens.verify_header(notice, "s3cret")


def test_without_a_header_the_address_may_end_in_the_secret() -> None:
    tokens.verify_header(replace(with_headers(), path_secret="s3cret"), "s3cret")
    wrong = with_headers(authorization="Bearer wrong")

    for notice in (replace(wrong, path_secret="s3cret"), with_headers()):
        with pytest.raises(Forged):
            tokens.verify_header(notice, "s3cret")


@pytest.mark.parametrize("shown", [None, "", "x"])
def test_an_empty_secret_matches_nothing(shown: str | None) -> None:
    with pytest.raises(Forged):
        tokens.verify_shown(shown, "")


def test_a_password_may_hold_a_colon() -> None:
    tokens.verify_header(with_headers(authorization=basic("u:a:b")), "a:b")


@pytest.mark.parametrize(
    "notice",
    [
        with_headers(),
        with_headers(authorization=basic("u:old")),
        with_headers(x_webhook_token="old"),
    ],
    ids=["none", "basic", "token"],
)
def test_a_new_secret_goes_where_the_old_one_was(notice: Notice) -> None:
    renewed = tokens.with_token(notice, "new")

    tokens.verify_header(renewed, "new")
    assert set(renewed.headers) == set(notice.headers) or not notice.headers


def test_no_header_with_a_secret_is_left() -> None:
    notice = with_headers(authorization="Bearer a", x_webhook_token="b", x_topic="c")

    assert {"x-topic": "c"} == tokens.without_token(notice).headers


@pytest.mark.parametrize(
    "body",
    [
        b"word=old",
        b"a=1&word=old&b=2",
        b"a=1&word=&b=2",
        b'{"word":"old","a":1}',
        b'  {"a": {"b": 1}, "word" : "o\\"l\\\\d" }',
    ],
)
def test_a_word_is_replaced_where_it_is_found(body: bytes) -> None:
    replaced = tokens.with_word(Notice(headers={}, body=body), "word", SECRET).body

    assert SECRET == tokens.in_body(replaced, "word")
    assert b"old" not in replaced


def test_every_field_of_that_name_is_replaced() -> None:
    notice = Notice(headers={}, body=b"word=old&word=older&words=kept&aword=kept")

    assert (
        b"word=new&word=new&words=kept&aword=kept"
        == tokens.with_word(notice, "word", "new").body
    )


@pytest.mark.parametrize(
    "body", [b"", b"words=1", b"{}", b'{"word": 5}', b'{"word":"\\x"}', b"{'word':'a'}"]
)
def test_a_body_without_the_word_shows_none(body: bytes) -> None:
    assert tokens.in_body(body, "word") is None


def test_text_that_a_buyer_wrote_is_no_field() -> None:
    body = json.dumps({"note": '"word":"mine"', "word": "ours"}).encode()

    assert "ours" == tokens.in_body(body, "word")
