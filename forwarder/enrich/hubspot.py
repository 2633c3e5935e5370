"""The contact or deal that a HubSpot notice names by its id only.

Source: https://developers.hubspot.com/docs/api/crm (read 2026-11-22)
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import requests

from forwarder.accounts import caller
from forwarder.asking import Api, Caller, NoAnswer
from forwarder.core import reading as read
from forwarder.core.carried import carried
from forwarder.core.choices import filled
from forwarder.core.event import Event, Order
from forwarder.core.money import money
from forwarder.core.people import usual
from forwarder.core.source import Options

PERSON: Final = (
    "email",
    "phone",
    "mobilephone",
    "firstname",
    "lastname",
    "city",
    "state",
    "zip",
    "country",
)
# Reserved names as contact properties, whose names HubSpot writes in lower case.
CARRIED: Final = (
    "pin_event_id",
    "epik",
    "pcid",
    "pin_ip",
    "pin_ua",
    "pin_url",
    "pin_opt_out",
    "pin_consent",
)
DEAL: Final = ("amount", "deal_currency_code", "closedate", *CARRIED)
HUBSPOT: Final = Api(
    name="HubSpot",
    lacking="not looked up",
    never={
        401: "HubSpot does not know the access token",
        403: "the access token may not read contacts or deals",
        404: "HubSpot does not know it any more",
    },
)

Json = Mapping[str, object]

_REF = re.compile(r"(contacts|deals)/([0-9]{1,32})")


def fill(event: Event, options: Options, session: requests.Session) -> Event:
    """Return the event with its contact and the deal's amount. Raises: NoAnswer."""
    ref = _REF.fullmatch(event.enrich_ref or "")
    if ref is None:
        raise NoAnswer("not looked up: the notice has no usable id")
    account = caller("hubspot", HUBSPOT, options, session)
    if ref[1] == "deals":
        return _deal(event, options, account, ref[2])
    told = _contact(account, ref[2])
    full = replace(event, person=usual(told, ref[2]))
    return filled(full, options, carried(told))


def _deal(event: Event, options: Options, account: Caller, deal_id: str) -> Event:
    params = {"properties": ",".join(DEAL), "associations": "contacts"}
    answer = account.get(f"/crm/v3/objects/deals/{deal_id}", params)
    told = answer.under("properties")
    people = read.at(answer.data, "associations", "contacts", "results")
    ids = read.texts(*(row.get("id") for row in read.records(people)))
    contact = _contact(account, ids[0]) if ids and ids[0].isdigit() else {}
    value = money(told.get("amount"), told.get("deal_currency_code"))
    full = replace(
        event,
        person=usual(contact, *ids[:1]),
        order=Order(id=deal_id, value=value),
        warnings=(*event.warnings, *(() if ids else ("the deal has no contact",))),
    )
    return filled(full, options, carried(told, contact))


def _contact(account: Caller, contact_id: str) -> Json:
    params = {"properties": ",".join((*PERSON, *CARRIED))}
    return account.get(f"/crm/v3/objects/contacts/{contact_id}", params).under(
        "properties"
    )
