"""The customer of a Paddle transaction or subscription, named in it by id only.

Source: https://developer.paddle.com/api-reference/customers (read 2026-11-22)
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import requests

from forwarder.accounts import caller
from forwarder.asking import Api, NoAnswer
from forwarder.core import reading as read
from forwarder.core.delivery import Deferred
from forwarder.core.event import Event, Person
from forwarder.core.names import parted
from forwarder.core.source import Options

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


def fill(event: Event, options: Options, session: requests.Session) -> Event:
    """Return the event with its customer. Raises: NoAnswer.

    An address that will never be had is left out with a warning.
    """
    ids = _IDS.fullmatch(event.enrich_ref or "")
    if ids is None:
        raise NoAnswer("customer not fetched: the customer has no usable id")
    account = caller("paddle", PADDLE, options, session)
    customer = account.get(f"/customers/{ids[1]}").under("data")
    address: Json = {}
    if ids[2] is not None:
        try:
            address = account.get(f"/customers/{ids[1]}/addresses/{ids[2]}").under(
                "data"
            )
        except NoAnswer as none:
            if isinstance(none.outcome, Deferred):
                raise
            doubt = f"no address: {none.outcome}"
            event = replace(event, warnings=(*event.warnings, doubt))
    return _joined(event, customer, address)


def _joined(event: Event, customer: Json, address: Json) -> Event:
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
