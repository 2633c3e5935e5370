"""A webhook that was turned away is explained in a sentence that helps."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from forwarder.core.event import Notice
from forwarder.core.source import Options
from forwarder.pipeline.diagnose import why_refused
from forwarder.pipeline.receive import Endpoint
from forwarder.samples import SIGNED_AT, TEST_SECRETS, load
from forwarder.sources import SOURCES
from tests.sources.golden import GENUINE


def endpoint(source: str, *secrets: str, name: str = "my-shop") -> Endpoint:
    return Endpoint(
        name=name,
        source_name=source,
        source=SOURCES[source],
        secrets=secrets or [TEST_SECRETS[source]],
        destination="main",
        options=Options(shop=name),
    )


def why(
    source: str, notice: Notice, *secrets: str, others: Sequence[Endpoint] = ()
) -> str:
    return why_refused(endpoint(source, *secrets), others, notice, SIGNED_AT)


ORDER = load("shopify", "orders-paid")


def with_body(body: bytes, source: str = "shopify") -> Notice:
    """A webhook signed over its own body, of which another one came."""
    return replace(load(source, "orders-paid"), body=body)


def test_a_shopify_webhook_with_another_key_names_the_two_keys() -> None:
    told = why("shopify", ORDER, "the client secret of an app")

    assert "Settings > Notifications > Webhooks" in told
    assert "the app's client secret" in told


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(json.loads(ORDER.body)).encode(),
        json.dumps(json.loads(ORDER.body), separators=(",", ":")).encode(),
        ORDER.body + b"\n",
        ORDER.body.replace(b"\n", b"\r\n"),
    ],
)
def test_a_body_written_anew_is_told_from_a_wrong_secret(body: bytes) -> None:
    compact = json.dumps(json.loads(ORDER.body), separators=(",", ":")).encode()
    for original in (ORDER.body, compact):
        signed = SOURCES["shopify"].sign(
            replace(ORDER, body=original), TEST_SECRETS["shopify"], SIGNED_AT
        )
        if original == body or (original == ORDER.body and b"\n" not in body[:-1]):
            continue
        came = replace(signed, body=body)

        assert "the body was written anew on its way" in why("shopify", came)


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("shopify-example-secret ", "begins or ends in a space"),
        ('"shopify-example-secret"', "stands in quotes"),
        ("SHOPIFY-EXAMPLE-SECRET", "is in capitals"),
    ],
)
def test_a_secret_that_was_copied_badly_is_told(secret: str, words: str) -> None:
    told = why("shopify", ORDER, secret)

    assert words in told
    assert secret.strip() not in told


def test_a_secret_without_its_beginning_is_told() -> None:
    notice = load("stripe", "checkout-session-completed")

    assert "lacks its beginning, whsec_" in why(
        "stripe", notice, TEST_SECRETS["stripe"].removeprefix("whsec_")
    )


def test_the_secret_of_another_endpoint_is_told() -> None:
    other = endpoint("shopify", name="second-shop")
    told = why("shopify", ORDER, "something else", others=[other])

    assert "signed with the secret of [endpoints.second-shop]" in told


def test_the_webhook_of_another_platform_is_told() -> None:
    told = why("woocommerce", ORDER)

    assert "comes from Shopify, but this endpoint is set up for woocommerce" in told


def test_a_webhook_without_signature_is_told() -> None:
    bare = replace(ORDER, headers={"content-type": "application/json"})

    assert "it is not signed: no header x-shopify-hmac-sha256" in why("shopify", bare)


def test_a_clock_that_is_off_is_told() -> None:
    late = SIGNED_AT + timedelta(hours=2)
    notice = load("stripe", "checkout-session-completed")
    told = why_refused(endpoint("stripe"), [], notice, late)

    assert "the secret is right, one of the two clocks is not" in told


def test_a_secret_that_was_renewed_meanwhile_is_told() -> None:
    assert why("shopify", ORDER).startswith("it is genuine now")


@pytest.mark.parametrize(("source", "case"), GENUINE)
def test_no_notice_makes_it_raise_and_no_secret_is_shown(
    source: str, case: str
) -> None:
    notice = load(source, case)
    flipped = replace(notice, body=notice.body + b"x", path_secret="wrong")
    told = why(source, flipped, "another-secret-entirely")

    assert told
    assert "another-secret-entirely" not in told
    assert TEST_SECRETS[source] not in told
    assert "@" not in told


def test_a_huge_body_is_not_tried_in_every_form() -> None:
    huge = replace(ORDER, body=b'{"a": "' + b"x" * 2_000_000 + b'"}')

    assert "does not match" in why("shopify", huge)
