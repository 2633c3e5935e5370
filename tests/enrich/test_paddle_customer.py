"""The customer of a Paddle sale is looked up."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from forwarder.core.delivery import Deferred
from forwarder.core.event import Event, Kind, Person
from forwarder.core.source import Options
from forwarder.enrich import look_up

KEY = "pdl_live_apikey_example_only"
CUSTOMER = "https://api.paddle.com/customers/ctm_01a"
ADDRESS = f"{CUSTOMER}/addresses/add_01b"
EVENT = Event(
    event_id="e",
    kind=Kind.CHECKOUT,
    occurred_at=datetime(2026, 11, 1, tzinfo=UTC),
    person=Person(external_id=("ctm_01a",), click_id="dj0"),
    enrich="paddle_customer",
    enrich_ref="ctm_01a add_01b",
)
AINO = {"id": "ctm_01a", "email": "aino@readers.example.com", "name": "Aino Korpi"}
OULU = {"city": "Oulu", "region": None, "postal_code": "90100", "country_code": "FI"}


class FakePaddle(BaseAdapter):
    """Answers by address; keeps what it was asked with which key."""

    def __init__(self, answers: Mapping[str, tuple[int, object]]) -> None:
        super().__init__()
        self.answers = answers
        self.asked: list[tuple[str, object]] = []

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        self.asked.append((request.url or "", request.headers["Authorization"]))
        status, data = self.answers.get(request.url or "", (404, None))
        reply = requests.Response()
        reply.status_code = status
        raw = json.dumps({"data": data}).encode()
        reply.raw = HTTPResponse(io.BytesIO(raw), preload_content=False)
        return reply

    def close(self) -> None:
        """Close nothing."""


def ask(
    paddle: FakePaddle, event: Event = EVENT, key: str = KEY
) -> Event | Deferred | str:
    with requests.Session() as session:
        session.mount("https://", paddle)
        options = Options(shop="s", api_key=key)
        return look_up("paddle", options, session)(event)


def test_the_customer_and_the_address_join_the_event() -> None:
    paddle = FakePaddle({CUSTOMER: (200, AINO), ADDRESS: (200, OULU)})

    assert replace(
        EVENT,
        enrich=None,
        enrich_ref=None,
        person=Person(
            email=("aino@readers.example.com",),
            first_name=("Aino",),
            last_name=("Korpi",),
            city=("Oulu",),
            postal_code=("90100",),
            country=("FI",),
            external_id=("ctm_01a",),
            click_id="dj0",
        ),
    ) == ask(paddle)
    assert {f"Bearer {KEY}".encode()} == {key for _, key in paddle.asked}


def test_without_an_address_only_the_customer_is_asked_for() -> None:
    paddle = FakePaddle({CUSTOMER: (200, {**AINO, "locale": "fi"})})
    found = ask(paddle, replace(EVENT, enrich_ref="ctm_01a"))

    assert isinstance(found, Event)
    assert "fi" == found.language
    assert [CUSTOMER] == [url for url, _ in paddle.asked]


def test_an_address_that_is_not_there_is_left_out() -> None:
    found = ask(FakePaddle({CUSTOMER: (200, AINO)}))

    assert isinstance(found, Event)
    assert ("aino@readers.example.com",) == found.person.email
    assert found.warnings[0].startswith("no address: ")


@pytest.mark.parametrize("failing", [CUSTOMER, ADDRESS])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_paddle_is_asked_again_later(failing: str, status: int) -> None:
    answers = {CUSTOMER: (200, AINO), ADDRESS: (200, OULU), failing: (status, None)}

    assert isinstance(ask(FakePaddle(answers)), Deferred)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404])
def test_a_refusal_is_told_in_a_sentence_without_the_key(status: int) -> None:
    found = ask(FakePaddle({CUSTOMER: (status, None)}))

    assert isinstance(found, str)
    assert found.startswith("customer not fetched: ")
    assert KEY not in found


@pytest.mark.parametrize("ref", [None, "", "add_01b", "ctm_01a/../x", "ctm_01a add_"])
def test_an_unusable_id_is_not_asked_for(ref: str | None) -> None:
    paddle = FakePaddle({})

    assert "customer not fetched: the customer has no usable id" == ask(
        paddle, replace(EVENT, enrich_ref=ref)
    )
    assert [] == paddle.asked


def test_a_key_of_the_sandbox_asks_there() -> None:
    paddle = FakePaddle({})
    ask(paddle, key="pdl_sdbx_apikey_example_only")

    assert "https://sandbox-api.paddle.com/customers/ctm_01a" == paddle.asked[0][0]
