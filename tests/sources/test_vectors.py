"""Every published or generated signature, through the adapter that will meet it."""

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from forwarder.core.event import Forged, Notice, Stale
from forwarder.core.source import Options
from forwarder.sources import SOURCES
from tests.shared import vectors

VECTORS = vectors()
NAMES = {"svix": "standard_webhooks", "standard-webhooks": "standard_webhooks"}
OURS_IS_WIDER = {"paddle-node-6s-late"}  # 5 s there, 300 s here
UNSIGNED = {"woocommerce-ping"}  # let through, and ignored
OPTIONS = Options(shop="s", legacy_signatures=True)

pytestmark = pytest.mark.usefixtures("shared")


def source_of(vector: dict[str, Any]) -> str:
    scheme = vector["scheme"]
    return NAMES.get(scheme, scheme.partition("-")[0])


def notice_of(vector: dict[str, Any]) -> Notice:
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    return Notice(
        headers=headers, body=vector["body"].encode(), url=vector["url"] or ""
    )


def now_of(vector: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(vector["now"] or 1_793_534_400, UTC)


def verify(vector: dict[str, Any], notice: Notice, options: Options = OPTIONS) -> None:
    source = SOURCES[source_of(vector)]
    source.verify(notice, vector["secret"], now_of(vector), options)


def ids(vector: dict[str, Any]) -> str:
    return str(vector["id"])


VALID = [v for v in VECTORS if v["valid"]]


@pytest.mark.parametrize("vector", VECTORS, ids=ids)
def test_a_vector_ends_as_it_says(vector: dict[str, Any]) -> None:
    if vector["valid"] or vector["id"] in OURS_IS_WIDER | UNSIGNED:
        verify(vector, notice_of(vector))
    else:
        with pytest.raises((Forged, Stale)):
            verify(vector, notice_of(vector))


@pytest.mark.parametrize("vector", VALID, ids=ids)
def test_every_flipped_bit_of_a_body_is_refused(vector: dict[str, Any]) -> None:
    notice = notice_of(vector)
    for at in range(len(notice.body) * 8):
        flipped = bytearray(notice.body)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(Forged):
            verify(vector, replace(notice, body=bytes(flipped)))


@pytest.mark.parametrize("vector", VALID, ids=ids)
def test_every_flipped_bit_of_a_signing_header_is_refused(
    vector: dict[str, Any],
) -> None:
    notice = notice_of(vector)
    signing = [n for n in notice.headers if "sign" in n or "hmac" in n]
    signing += [n for n in notice.headers if n.endswith(("-id", "timestamp"))]
    told = {"x-shopify-webhook-id", "x-wc-webhook-id", "x-wc-webhook-delivery-id"}
    for name in {*signing} - told - {"x-hubspot-signature-version"}:
        value = notice.headers[name]
        ignored = value.find("v0=")  # no signature of any kind
        for at in range((len(value) if ignored < 0 else ignored) * 8):
            flipped = bytearray(value.encode())
            flipped[at // 8] ^= 1 << at % 8
            headers = {**notice.headers, name: flipped.decode("latin-1")}
            with pytest.raises((Forged, Stale)):
                verify(vector, replace(notice, headers=headers))


@pytest.mark.parametrize("vector", [v for v in VALID if v["url"]], ids=ids)
def test_an_address_that_is_signed_must_be_the_one_called(
    vector: dict[str, Any],
) -> None:
    elsewhere = replace(notice_of(vector), url="https://www.example.com/webhook_url")

    with pytest.raises(Forged):
        verify(vector, elsewhere)


@pytest.mark.parametrize(
    "vector",
    [v for v in VALID if v["scheme"] in {"hubspot-v1", "hubspot-v2", "absent"}],
    ids=ids,
)
def test_what_signs_no_time_is_taken_only_where_the_operator_allows_it(
    vector: dict[str, Any],
) -> None:
    with pytest.raises(Forged, match="legacy_signatures"):
        verify(vector, notice_of(vector), Options(shop="s"))


def test_squarespace_signed_with_the_key_as_text_is_refused() -> None:
    (vector,) = (v for v in VECTORS if v["id"] == "squarespace")
    notice = notice_of(vector)
    wrong = hmac.new(vector["secret"].encode(), notice.body, hashlib.sha256).hexdigest()

    with pytest.raises(Forged):
        verify(vector, replace(notice, headers={"squarespace-signature": wrong}))
