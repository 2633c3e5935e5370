"""The customer of a Paddle transaction or subscription, named in it by id only.

Keys of the sandbox hold `_sdbx_` and are asked about there; older keys do not tell and
are taken for live ones.
Source: https://developer.paddle.com/api-reference/customers (read 2026-11-22)
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import requests

from forwarder.core import reading as read
from forwarder.core.delivery import Deferred
from forwarder.core.event import Event, Person
from forwarder.core.names import parted
from forwarder.enrich.asking import Api, ask

BASE_URL: Final = "https://api.paddle.com"
SANDBOX_URL: Final = "https://sandbox-api.paddle.com"
PADDLE: Final = Api(
    name="Paddle",
    lacking="customer not fetched",
    never={
        401: "Paddle does not know the API key",
        403: "the API key may not read customers or addresses, or is of the other mode",
        404: "Paddle does not know the customer",
    },
)

Json = Mapping[str, object]

_IDS = re.compile(r"(ctm_[a-z0-9]{1,64})(?: (add_[a-z0-9]{1,64}))?")


def look_up(
    event: Event, api_key: str, session: requests.Session, base_url: str = ""
) -> Event | Deferred | str:
    """Return the event with its customer, or why not now, or why never.

    An address that cannot be had is left out with a warning. Never raises; the key is
    never shown.
    """
    ids = _IDS.fullmatch(event.enrich_ref or "")
    if ids is None:
        return "customer not fetched: the customer has no usable id"
    host = base_url or (SANDBOX_URL if "_sdbx_" in api_key else BASE_URL)
    url = f"{host}/customers/{ids[1]}"
    customer = ask(PADDLE, session, url, api_key)
    if not isinstance(customer, dict):
        return customer
    address: dict[str, object] | Deferred | str = {}
    if ids[2] is not None:
        address = ask(PADDLE, session, f"{url}/addresses/{ids[2]}", api_key)
    if isinstance(address, Deferred):
        return address
    if isinstance(address, str):
        event = replace(event, warnings=(*event.warnings, f"no address: {address}"))
        address = {}
    return _joined(event, read.record(customer.get("data")), address)


def _joined(event: Event, customer: Json, answer: Json) -> Event:
    address = read.record(answer.get("data"))
    language = event.language or read.text(customer.get("locale"))
    person = _person(event.person, customer, address)
    return replace(
        event, person=person, language=language, enrich=None, enrich_ref=None
    )


def _person(known: Person, customer: Json, address: Json) -> Person:
    first_name, last_name = parted(customer.get("name"))
    return replace(
        known,
        email=read.one(customer.get("email")),
        first_name=first_name,
        last_name=last_name,
        city=read.one(address.get("city")),
        state=read.one(address.get("region")),
        postal_code=read.one(address.get("postal_code")),
        country=read.one(address.get("country_code")),
    )
