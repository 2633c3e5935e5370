"""Traps of Tally that its samples do not show."""

import json
from dataclasses import replace

from forwarder.core.event import Event, Kind
from forwarder.core.source import Options
from forwarder.samples import load
from forwarder.sources import tally

PLAIN = Options(shop="s")


def event_of(fields: list[dict[str, object]] | None, options: Options = PLAIN) -> Event:
    notice = load("tally", "form-response")
    data = json.loads(notice.body)
    data["data"]["fields"] = fields
    body = json.dumps(data).encode()
    (found,) = tally.parse(replace(notice, body=body), options).events
    return found


def field(type_: str, label: str | None, value: object) -> dict[str, object]:
    return {"key": "question_x", "label": label, "type": type_, "value": value}


def test_a_form_counts_as_what_the_endpoint_says() -> None:
    found = event_of(None, replace(PLAIN, form_kind=Kind.SIGNUP))

    assert "tally:s:rEx900100:signup" == found.event_id


def test_the_type_tells_an_address_whatever_the_label() -> None:
    found = event_of([field("INPUT_EMAIL", "Wohin?", "a@readers.example.com")])

    assert ("a@readers.example.com",) == found.person.email


def test_an_answer_counts_more_than_a_hidden_field_above_it() -> None:
    found = event_of(
        [
            field("HIDDEN_FIELDS", "email", "hidden@readers.example.com"),
            field("INPUT_EMAIL", None, "typed@readers.example.com"),
        ]
    )

    assert ("typed@readers.example.com",) == found.person.email


def test_only_a_hidden_field_hands_along_reserved_names() -> None:
    found = event_of([field("INPUT_TEXT", "pin_event_id", "a visitor wrote this")])

    assert "tally:s:rEx900100:lead" == found.event_id
