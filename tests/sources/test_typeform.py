"""Traps of Typeform that its samples do not show."""

import json
from dataclasses import replace

import pytest

from forwarder.core.event import Event, Kind
from forwarder.core.source import Options
from forwarder.samples import load
from forwarder.sources import typeform

PLAIN = Options(shop="s")


def event_of(case: str, options: Options = PLAIN, **changes: object) -> Event:
    notice = load("typeform", case)
    data = json.loads(notice.body)
    data["form_response"].update(changes)
    body = json.dumps(data).encode()
    (found,) = typeform.parse(replace(notice, body=body), options).events
    return found


def test_a_form_counts_as_what_the_endpoint_says() -> None:
    found = event_of("form-response", replace(PLAIN, form_kind=Kind.SIGNUP))

    assert Kind.SIGNUP == found.kind
    assert "typeform:s:7d1fe0aa5b6c900100:signup" == found.event_id


@pytest.mark.parametrize("missing", [None, [], {}, "nothing"])
def test_answers_hidden_fields_and_definition_may_be_missing(missing: object) -> None:
    found = event_of(
        "form-response", answers=missing, hidden=missing, definition=missing
    )

    assert () == found.person.email


def test_a_second_delivery_of_one_response_is_the_same_event() -> None:
    notice = load("typeform", "form-response")
    again = replace(notice, body=notice.body.replace(b"01KEXAMPLE", b"01KAGAINXX"))
    ids = {typeform.parse(each, PLAIN).events[0].event_id for each in (notice, again)}

    assert typeform.delivery_key(notice) != typeform.delivery_key(again)
    assert 1 == len(ids)


def test_an_answer_counts_more_than_a_hidden_field() -> None:
    found = event_of("form-response", hidden={"email": "other@readers.example.com"})

    assert ("sadia.900100@readers.example.com",) == found.person.email
