"""How Kajabi's resources belong together, and which event a body tells."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from forwarder.core.event import Event, Kind, Notice, Reading, Unreadable
from forwarder.core.source import Options
from forwarder.samples import SIGNED_AT, load
from forwarder.sources import kajabi

Json = dict[str, Any]
PLAIN = Options(shop="s")


def read(data: object, options: Options = PLAIN) -> Reading:
    body = json.dumps(data).encode()
    return kajabi.parse(Notice(headers={}, body=body, received_at=SIGNED_AT), options)


def edited(case: str, edit: Callable[[Json], object]) -> Event:
    data = json.loads(load("kajabi", case).body)
    edit(data)
    (found,) = read(data).events
    return found


@pytest.mark.parametrize(
    "case", ["purchase", "order-created", "form-submission", "tag-added"]
)
def test_a_body_with_and_without_its_event_name_is_one_event(case: str) -> None:
    named, bare = (
        kajabi.parse(load("kajabi", each), PLAIN) for each in (case, f"{case}-bare")
    )

    assert named == bare


def test_the_buyer_is_the_customer_that_the_purchase_names() -> None:
    def add(data: Json) -> None:
        other = {"id": "1", "type": "customers", "attributes": {"email": "x@y.example"}}
        data["payload"].insert(0, other)

    found = edited("purchase", add)

    assert ("ines.900100@buyers.example.com",) == found.person.email
    assert ("62900100",) == found.person.external_id


@pytest.mark.parametrize("relationships", [None, [], {"customer": None}])
def test_a_missing_relationship_takes_the_only_customer(relationships: object) -> None:
    def cut(data: Json) -> None:
        data["payload"][0]["relationships"] = relationships

    assert edited("purchase", cut).person.email


def test_a_contact_with_two_tags_counts_once() -> None:
    def other_tag(data: Json) -> None:
        data["payload"][1]["id"] = "10"

    (first,) = kajabi.parse(load("kajabi", "tag-added"), PLAIN).events

    assert first.event_id == edited("tag-added", other_tag).event_id


def test_a_form_is_what_the_endpoint_says() -> None:
    options = replace(PLAIN, form_kind=Kind.SIGNUP)
    (found,) = kajabi.parse(load("kajabi", "form-submission"), options).events

    assert (Kind.SIGNUP, "kajabi:s:form-21900100:signup") == (
        found.kind,
        found.event_id,
    )


@pytest.mark.parametrize("data", [{}, {"id": "1", "member_email": "a"}, "x", 5, None])
def test_the_flat_webhooks_of_the_admin_are_held(data: object) -> None:
    with pytest.raises(Unreadable, match="no list of resources"):
        read(data)
