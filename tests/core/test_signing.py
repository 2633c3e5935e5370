"""The one verifier, in every family that a platform uses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forwarder.core.event import Forged, Notice, Stale
from forwarder.core.signing import Scheme, sign, verify, verify_path_secret
from tests.shared import vectors

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
WHSEC = "whsec_ZXhhbXBsZS1vbmx5LW5vdC1hLXJlYWwtc2VjcmV0IQ=="

SCHEMES = {
    "shopify": Scheme(header="x-shopify-hmac-sha256", digest="base64"),
    "woocommerce": Scheme(header="x-wc-webhook-signature", digest="base64"),
    "tally": Scheme(header="tally-signature", digest="base64"),
    "typeform": Scheme(
        header="typeform-signature", digest="base64", signature_prefix="sha256="
    ),
    "lemonsqueezy": Scheme(header="x-signature"),
    "mailerlite": Scheme(header="signature"),
    "squarespace": Scheme(header="squarespace-signature", key="hex"),
    "stripe": Scheme(
        header="stripe-signature",
        signed="{time}.{body}",
        separator=",",
        signature_prefix="v1=",
        time_prefix="t=",
    ),
    "paddle": Scheme(
        header="paddle-signature",
        signed="{time}:{body}",
        separator=";",
        signature_prefix="h1=",
        time_prefix="ts=",
    ),
    "standard-webhooks": Scheme(
        header="webhook-signature",
        signed="{id}.{time}.{body}",
        key="whsec",
        digest="base64",
        separator=" ",
        signature_prefix="v1,",
        time_header="webhook-timestamp",
        id_header="webhook-id",
    ),
    "klaviyo": Scheme(
        header="klaviyo-signature",
        signed="{body}{time}",
        time_header="klaviyo-timestamp",
        time_unit="http",
    ),
    "ghost": Scheme(
        header="x-ghost-signature",
        signed="{body}{time}",
        separator=",",
        signature_prefix="sha256=",
        time_prefix="t=",
        time_unit="ms",
    ),
    "segment": Scheme(header="x-signature", algorithm="sha1"),
}
SCHEMES["kit"] = replace(SCHEMES["stripe"], header="x-kit-signature")
SCHEMES["bigcommerce"] = replace(SCHEMES["standard-webhooks"], key="text")
SCHEMES["svix"] = replace(
    SCHEMES["standard-webhooks"],
    header="svix-signature",
    time_header="svix-timestamp",
    id_header="svix-id",
)
SECRETS = {
    "squarespace": "00112233445566778899AABBCCDDEEFF",
    "standard-webhooks": WHSEC,
    "svix": WHSEC,
}
TIMED = sorted(n for n, s in SCHEMES.items() if s.time_prefix or s.time_header)


def secret_of(name: str) -> str:
    return SECRETS.get(name, "an example secret")


def signed(name: str, body: bytes = b'{"a": 1}') -> Notice:
    return sign(SCHEMES[name], Notice(headers={}, body=body), secret_of(name), NOW)


def check(name: str, notice: Notice, now: datetime = NOW) -> None:
    verify(SCHEMES[name], notice, secret_of(name), now, 300)


@pytest.mark.parametrize("name", SCHEMES)
@given(body=st.binary())
def test_what_is_signed_is_verified(name: str, body: bytes) -> None:
    check(name, signed(name, body))


@pytest.mark.parametrize("name", SCHEMES)
@given(data=st.data())
def test_a_flipped_bit_in_body_or_header_is_forged(
    name: str, data: st.DataObject
) -> None:
    notice = signed(name)
    part = data.draw(st.sampled_from(["body", *sorted(notice.headers)]))
    text = notice.body if part == "body" else notice.headers[part].encode()
    at = data.draw(st.integers(0, len(text) * 8 - 1))
    flipped = bytearray(text)
    flipped[at // 8] ^= 1 << at % 8
    if part == "body":
        spoilt = replace(notice, body=bytes(flipped))
    else:
        headers = {**notice.headers, part: flipped.decode("latin-1")}
        spoilt = replace(notice, headers=headers)

    with pytest.raises(Forged):
        check(name, spoilt)


@pytest.mark.parametrize("name", SCHEMES)
@given(value=st.text(max_size=40) | st.text("tv10=,;. sha256", max_size=40))
def test_no_header_raises_but_forged(name: str, value: str) -> None:
    notice = signed(name)
    for header in notice.headers:
        spoilt = replace(notice, headers={**notice.headers, header: value})
        with pytest.raises((Forged, Stale)):
            check(name, spoilt)


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("sign_of_it", [-1, 1])
def test_a_right_signature_grows_stale_on_both_sides(
    name: str, sign_of_it: int
) -> None:
    check(name, signed(name), NOW + sign_of_it * timedelta(seconds=300))
    with pytest.raises(Stale):
        check(name, signed(name), NOW + sign_of_it * timedelta(seconds=301))


@pytest.mark.parametrize("name", TIMED)
def test_a_forged_and_stale_notice_is_forged(name: str) -> None:
    spoilt = replace(signed(name), body=b"other")

    with pytest.raises(Forged):
        check(name, spoilt, NOW + timedelta(days=1))


def test_one_of_several_signatures_is_enough() -> None:
    notice = signed("stripe")
    value = notice.headers["stripe-signature"]
    several = value.replace(",v1=", f",v0={'0' * 64},v1={'1' * 64},v1=")

    check("stripe", replace(notice, headers={"stripe-signature": several}))


def test_signatures_of_unknown_versions_are_passed_over() -> None:
    notice = signed("standard-webhooks")
    headers = dict(notice.headers)
    headers["webhook-signature"] = f"v1a,AAAA v2, {headers['webhook-signature']}"

    check("standard-webhooks", replace(notice, headers=headers))


def test_an_old_signature_scheme_alone_is_forged() -> None:
    notice = signed("stripe")
    only_v0 = notice.headers["stripe-signature"].replace("v1=", "v0=")

    with pytest.raises(Forged):
        check("stripe", replace(notice, headers={"stripe-signature": only_v0}))


def test_an_upper_case_digest_is_forged() -> None:
    notice = signed("mailerlite")
    upper = {"signature": notice.headers["signature"].upper()}

    with pytest.raises(Forged):
        check("mailerlite", replace(notice, headers=upper))


def test_a_hex_key_used_as_text_is_forged() -> None:
    as_text = replace(SCHEMES["squarespace"], key="text")
    bare = Notice(headers={}, body=b"{}")
    notice = sign(as_text, bare, secret_of("squarespace"), NOW)

    with pytest.raises(Forged):
        check("squarespace", notice)


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("squarespace", "not hex"),
        ("standard-webhooks", "whsec_not base64!"),
        ("standard-webhooks", "whsec_ünïcode"),
        ("shopify", ""),
    ],
)
def test_an_unusable_secret_verifies_nothing(name: str, secret: str) -> None:
    with pytest.raises(Forged):
        verify(SCHEMES[name], signed(name), secret, NOW, 300)


def test_a_secret_without_its_padding_is_the_same_secret() -> None:
    verify(
        SCHEMES["standard-webhooks"],
        signed("standard-webhooks"),
        WHSEC.rstrip("="),
        NOW,
        300,
    )


def test_a_path_secret_is_compared_whole() -> None:
    notice = Notice(headers={}, body=b"", path_secret="a-long-secret")

    verify_path_secret(notice, "a-long-secret")
    for wrong in ("", "a-long-secre", "a-long-secret "):
        with pytest.raises(Forged):
            verify_path_secret(notice, wrong)


def test_an_empty_path_secret_never_matches() -> None:
    with pytest.raises(Forged):
        verify_path_secret(Notice(headers={}, body=b""), "")


VECTORS = [one for one in vectors() if one["scheme"] in {*SCHEMES, "absent"}]


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_a_vector_gets_its_verdict_and_fails_with_a_flipped_bit(
    vector: dict[str, Any],
) -> None:
    scheme, secret = SCHEMES[vector["scheme"]], vector["secret"]
    notice = Notice(
        headers={name.lower(): text for name, text in vector["headers"].items()},
        body=vector["body"].encode(),
    )
    now = datetime.fromtimestamp(vector["now"] or 0, UTC)
    tolerance_s = 5 if vector["scheme"] == "paddle" else 300
    if not vector["valid"]:
        with pytest.raises((Forged, Stale)):
            verify(scheme, notice, secret, now, tolerance_s)
        return
    verify(scheme, notice, secret, now, tolerance_s)
    for at in range(len(notice.body)):
        flipped = bytearray(notice.body)
        flipped[at] ^= 1
        spoilt = replace(notice, body=bytes(flipped))
        with pytest.raises(Forged):
            verify(scheme, spoilt, secret, now, tolerance_s)
