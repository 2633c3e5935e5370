import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from forwarder.core.delivery import Delivered, Refused
from forwarder.core.event import Kind
from forwarder.pipeline.drain import Desk, drain
from forwarder.pipeline.jobs import Workshop, work
from forwarder.store import log, notice_log, open_store
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from tests.store.shop import an_event, take
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import NOWHERE, Doors, an_order

EVENTS = "/api/v1/events"
DELIVERIES = "/api/v1/deliveries"
REPLAYS = "/api/v1/replays"


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    yield Doors(store)
    store.close()


@pytest.fixture
def client(doors: Doors) -> FlaskClient:
    return doors.app.test_client()


@pytest.fixture
def writer(doors: Doors) -> Mapping[str, str]:
    return doors.key("events:write")


@pytest.fixture
def reader(doors: Doors) -> Mapping[str, str]:
    return doors.key("read")


@pytest.fixture
def operator(doors: Doors) -> Mapping[str, str]:
    return doors.key("operate")


def own(number: int = 1, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    event = {
        "event_id": f"order-{number}",
        "kind": "checkout",
        "occurred_at": "2026-11-21T11:59:00Z",
        "person": {"email": "ada@example.org"},
        "order": {"id": str(number), "value": "12.34", "currency": "EUR"},
    }
    return {**event, **changes}


def told(reply: TestResponse) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(reply.data)
    return answer


def worked(doors: Doors) -> None:
    """Do what the jobs ask for."""
    desk = Desk(store=doors.store, worker="w", clock=doors.clock, jitter=lambda: 0.5)
    shop = Workshop(desk=desk, endpoints={}, destinations=[doors.destination])
    work(shop, doors.clock() + timedelta(seconds=5))


def words(doors: Doors) -> list[tuple[str | None, str, str]]:
    lines = log.list_deliveries(doors.store, Filter(), 1000).lines
    return [(one.order_id, one.status.value, one.reason) for one in reversed(lines)]


def test_one_event_is_stored_and_sent_on(
    doors: Doors, client: FlaskClient, writer: Mapping[str, str]
) -> None:
    reply = client.post(EVENTS, json=own(), headers=writer)

    assert (
        200,
        {
            "accepted": 1,
            "duplicates": 0,
            "notice": 1,
            "results": [{"event_id": "order-1", "status": "accepted"}],
        },
    ) == (reply.status_code, told(reply))
    assert [("1", "pending", "")] == words(doors)
    assert ["main"] == doors.nudged
    line = log.list_deliveries(doors.store, Filter()).lines[0]
    assert ("api", "api", 1234) == (line.source, line.endpoint, line.value_minor)


def test_the_same_request_again_stores_nothing(
    doors: Doors, client: FlaskClient, writer: Mapping[str, str]
) -> None:
    client.post(EVENTS, json=own(), headers=writer)
    reply = client.post(EVENTS, json=own(), headers=writer)

    answer = told(reply)
    assert (200, 0, 1) == (reply.status_code, answer["accepted"], answer["duplicates"])
    assert ["duplicate"] == [one["status"] for one in answer["results"]]
    assert 1 == len(words(doors))


def test_each_event_has_its_own_result(
    doors: Doors, client: FlaskClient, writer: Mapping[str, str]
) -> None:
    client.post(EVENTS, json=own(1), headers=writer)
    bad = own(2, kind="purchase", oops=1)
    events = [own(1), bad, own(3), own(3), own(3, kind="signup")]
    reply = client.post(EVENTS, json={"events": events}, headers=writer)

    answer = told(reply)
    assert 422 == reply.status_code
    assert [
        "duplicate",
        "invalid",
        "accepted",
        "duplicate",
        "accepted",
    ] == [one["status"] for one in answer["results"]]
    assert {"kind", "oops"} == set(answer["results"][1]["errors"])
    assert (2, 2) == (answer["accepted"], answer["duplicates"])
    assert ["1", "3", "3"] == [order_id for order_id, *_ in words(doors)]


def test_the_bad_ones_are_stored_nowhere(
    doors: Doors, client: FlaskClient, writer: Mapping[str, str]
) -> None:
    bad: list[object] = [{}, None, 7, own(person={}), own(occurred_at="yesterday")]
    reply = client.post(EVENTS, json={"events": bad}, headers=writer)

    assert 422 == reply.status_code
    assert {"invalid"} == {one["status"] for one in told(reply)["results"]}
    assert ([], [], []) == (
        words(doors),
        notice_log.list_notices(doors.store, None),
        doors.nudged,
    )


def test_errors_name_fields_and_never_values(
    client: FlaskClient, writer: Mapping[str, str]
) -> None:
    person = {"email": "ada@example.org", "ada@example.org": "x"}
    reply = client.post(
        EVENTS, json=own(person=person, kind="ada@example.org"), headers=writer
    )

    assert 422 == reply.status_code
    assert "ada@" not in reply.text


def test_a_thousand_events_fit_and_one_more_does_not(
    doors: Doors, client: FlaskClient, writer: Mapping[str, str]
) -> None:
    events = [own(number) for number in range(1001)]
    over = client.post(EVENTS, json={"events": events}, headers=writer)
    assert (422, []) == (over.status_code, words(doors))

    reply = client.post(EVENTS, json={"events": events[:1000]}, headers=writer)
    assert (200, 1000) == (reply.status_code, told(reply)["accepted"])
    assert 1000 == len(words(doors))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff", 400),
        (b'{"a": NaN}', 400),
        (b'"\\ud800"', 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"7", 422),
        (b"null", 422),
        (b'{"events": []}', 422),
        (b'{"events": {}}', 422),
        (b'{"events": null}', 422),
        (b'{"events": [' + b"[" * 200 + b"]" * 200 + b"]}", 422),
        (b"x" * (2 * 1024 * 1024 + 1), 413),
    ],
)
def test_a_body_that_is_no_event_is_told(
    client: FlaskClient, writer: Mapping[str, str], body: bytes, status: int
) -> None:
    assert status == client.post(EVENTS, data=body, headers=writer).status_code


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "refund"}, "not_mapped"),
        ({"consent": {"denied": True}}, "consent"),
        ({"test": True}, "test_order"),
        ({"consent": {"opt_out": True}}, ""),
    ],
)
def test_what_must_not_be_sent_is_kept_with_its_reason(
    doors: Doors,
    client: FlaskClient,
    writer: Mapping[str, str],
    change: dict[str, Any],
    word: str,
) -> None:
    reply = client.post(EVENTS, json=own(**change), headers=writer)

    assert (200, 1) == (reply.status_code, told(reply)["accepted"])
    assert [("1", "skipped" if word else "pending", word)] == words(doors)


def test_of_several_destinations_one_is_named(
    doors: Doors, client: FlaskClient, writer: Mapping[str, str]
) -> None:
    doors.add_destination("main:test")

    assert 422 == client.post(EVENTS, json=own(), headers=writer).status_code
    wrong = client.post(f"{EVENTS}?destination=x", json=own(), headers=writer)
    assert 422 == wrong.status_code
    right = client.post(f"{EVENTS}?destination=main:test", json=own(), headers=writer)
    assert (200, ["main:test"]) == (right.status_code, doors.nudged)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("post", EVENTS, {"events:write"}),
        ("get", DELIVERIES, {"read", "operate"}),
        ("get", f"{DELIVERIES}/1", {"read", "operate"}),
        ("post", REPLAYS, {"operate"}),
    ],
)
def test_every_route_asks_for_its_scope(
    doors: Doors, client: FlaskClient, method: str, path: str, allowed: set[str]
) -> None:
    for scope in ("events:write", "read", "operate"):
        status = client.open(path, method=method, headers=doors.key(scope)).status_code
        assert (scope in allowed) == (status not in {401, 403})
    for header in ("", "Bearer", "Bearer wrong", "Basic fwd_read_key", "fwd_read_key"):
        headers = {"Authorization": header}
        reply = client.open(path, method=method, headers=headers)
        assert 401 == reply.status_code
    assert 401 == client.open(path, method=method).status_code


def sent(doors: Doors, outcome: Delivered | Refused) -> None:
    doors.destination.says = outcome
    desk = Desk(store=doors.store, worker="w", clock=doors.clock, jitter=lambda: 0.5)
    drain(doors.destination, desk)


def test_the_log_is_read_page_by_page(
    doors: Doors, client: FlaskClient, reader: Mapping[str, str]
) -> None:
    take(doors.store, *(an_event(number) for number in range(5)), at=NOW)
    first = told(client.get(f"{DELIVERIES}?limit=3", headers=reader))
    rest = told(client.get(f"{DELIVERIES}?cursor={first['next']}", headers=reader))

    assert ["4", "3", "2"] == [line["order_id"] for line in first["items"]]
    assert (["1", "0"], None) == (
        [line["order_id"] for line in rest["items"]],
        rest["next"],
    )


@pytest.mark.parametrize(
    ("query", "n_found"),
    [
        ("status=pending", 1),
        ("status=delivered", 0),
        ("source=shopify", 1),
        ("endpoint=my-shop", 1),
        ("endpoint=", 1),
        ("kind=signup", 0),
        ("order=1", 1),
        ("event_id=shopify:my-shop:1:checkout", 1),
        ("reason=too_old", 0),
        ("attempts=0&test=no", 1),
        ("attempts=1", 0),
        ("test=yes", 0),
        ("destination=main", 1),
        ("since=2026-11-21", 1),
        ("since=2026-11-21T12:00:01Z", 0),
        ("until=2026-11-21T14:00:01%2B02:00", 1),
        ("until=2026-11-21T12:00:00", 0),
    ],
)
def test_filters_are_those_of_the_command_line(
    doors: Doors,
    client: FlaskClient,
    reader: Mapping[str, str],
    query: str,
    n_found: int,
) -> None:
    take(doors.store, an_event(1), at=NOW)
    reply = client.get(f"{DELIVERIES}?{query}", headers=reader)

    assert (200, n_found) == (reply.status_code, len(told(reply)["items"]))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=sent", "status"),
        ("since=yesterday", "since"),
        ("since=0001-01-01T00:00%2B14:00", "since"),
        ("until=9999-12-31T23:59-10:00", "until"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("cursor=0", "cursor"),
        ("cursor=9223372036854775808", "cursor"),
        ("source=%00", "source"),
        ("order=" + "x" * 4097, "order"),
        ("attempts=-1", "attempts"),
        ("test=maybe", "test"),
        ("colour=red", "colour"),
    ],
)
def test_a_filter_that_cannot_be_used_is_named(
    client: FlaskClient,
    operator: Mapping[str, str],
    query: str,
    field: str,
) -> None:
    for reply in (
        client.get(f"{DELIVERIES}?{query}", headers=operator),
        client.post(f"{REPLAYS}?{query}", headers=operator),
    ):
        assert (422, [field]) == (reply.status_code, list(told(reply)["errors"]))


def test_a_delivery_tells_its_whole_story(
    doors: Doors, client: FlaskClient, reader: Mapping[str, str]
) -> None:
    take(doors.store, an_event(1), at=NOW)
    sent(doors, Delivered())
    number = log.list_deliveries(doors.store, Filter()).lines[0].id
    story = told(client.get(f"{DELIVERIES}/{number}", headers=reader))

    assert ("delivered", "29.35", "EUR") == (
        story["status"],
        story["value"],
        story["currency"],
    )
    assert [("delivered", 200, 1, "auto")] == [
        (one["outcome"], one["http_status"], one["batch_size"], one["mode"])
        for one in story["history"]
    ]
    assert "checkout" == story["payload"]["event_name"]


@pytest.mark.parametrize("number", ["0", "99", str(2**63), "9" * 40])
def test_a_delivery_that_is_not_there_is_not_found(
    client: FlaskClient, reader: Mapping[str, str], number: str
) -> None:
    reply = client.get(f"{DELIVERIES}/{number}", headers=reader)

    assert (404, {"error": "no such delivery"}) == (reply.status_code, told(reply))


@pytest.mark.parametrize("word", ["1", "true", "True"])
def test_a_dry_run_only_counts(
    doors: Doors, client: FlaskClient, operator: Mapping[str, str], word: str
) -> None:
    take(doors.store, an_event(1), at=NOW)
    sent(doors, Refused("invalid"))
    answer = told(client.post(f"{REPLAYS}?dry_run={word}", headers=operator))

    assert (1, 0) == (answer["plans"][0]["n_ready"], answer["n_set_back"])
    assert [("1", "refused", "invalid")] == words(doors)
    assert [] == doors.nudged


def test_a_replay_sets_back_what_its_filter_finds(
    doors: Doors, client: FlaskClient, operator: Mapping[str, str]
) -> None:
    take(doors.store, an_event(1), at=NOW)
    sent(doors, Refused("invalid"))
    take(doors.store, an_event(2, Kind.SIGNUP, NOW), at=NOW)
    sent(doors, Delivered())
    reply = client.post(f"{REPLAYS}?status=refused", headers=operator)

    answer = told(reply)
    assert (202, 0, 1) == (
        reply.status_code,
        answer["n_set_back"],
        answer["job"]["planned"],
    )
    assert ["main"] == doors.nudged
    worked(doors)
    assert [("1", "pending", ""), ("2", "delivered", "")] == words(doors)
    shown = told(client.get(f"{REPLAYS}/{answer['job']['id']}", headers=operator))
    assert ("done", 1, {"status": "refused"}, "key:operate") == (
        shown["state"],
        shown["done"],
        shown["filter"],
        shown["who"],
    )


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("?dry_run=perhaps", b""),
        ("?rate=0", b""),
        ("?limit=5", b""),
        ("", b'{"status": "refused"}'),
    ],
)
def test_a_replay_that_is_not_clear_is_not_run(
    doors: Doors,
    client: FlaskClient,
    operator: Mapping[str, str],
    query: str,
    body: bytes,
) -> None:
    take(doors.store, an_event(1, at=NOW), at=NOW)
    sent(doors, Delivered())
    reply = client.post(f"{REPLAYS}{query}", data=body, headers=operator)

    assert 422 == reply.status_code
    assert [("1", "delivered", "")] == words(doors)


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", EVENTS), ("get", DELIVERIES), ("get", f"{DELIVERIES}/1")],
)
def test_with_the_database_down_one_is_asked_to_come_again(
    method: str, path: str
) -> None:
    store = open_store(NOWHERE, [DATA_KEY], "web")
    client = Doors(store).app.test_client()
    headers = {"Authorization": "Bearer x"}
    reply = client.open(path, method=method, headers=headers)

    assert (503, "30") == (reply.status_code, reply.headers["Retry-After"])
    store.close()


def document() -> dict[str, Any]:
    text = files("forwarder.web").joinpath("openapi.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_description_is_served_to_everybody(client: FlaskClient) -> None:
    reply = client.get("/api/v1/openapi.json")

    assert (200, "application/json") == (reply.status_code, reply.mimetype)
    assert "3.1.0" == told(reply)["openapi"]
    assert document() == told(reply)


def test_the_description_names_exactly_the_routes_there_are(doors: Doors) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in doors.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/api/", "/hooks/"))
    }
    described = {
        (path, method)
        for path, item in document()["paths"].items()
        for method in item
        if method != "parameters"
    }

    assert routes == described


def test_every_reference_of_the_description_leads_somewhere() -> None:
    found = document()
    names = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(found))

    assert set(names) <= set(found["components"]["schemas"])
    assert set(found["components"]["schemas"]) == set(names)
    for schema in found["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def check(name: str, answer: object) -> None:
    found = document()
    schema = {"$ref": f"#/components/schemas/{name}", "components": found["components"]}
    Draft202012Validator(schema).validate(answer)


def test_the_answers_are_as_described(
    doors: Doors, client: FlaskClient, operator: Mapping[str, str]
) -> None:
    events = {"events": [own(1), own(2, kind="x")]}
    stored = client.post(EVENTS, json=events, headers=doors.key("events:write"))
    check("Stored", told(stored))
    check("Event", own(1))
    sent(doors, Delivered())
    check("Page", told(client.get(DELIVERIES, headers=operator)))
    check("Story", told(client.get(f"{DELIVERIES}/1", headers=operator)))
    check("Error", told(client.get(f"{DELIVERIES}/99", headers=operator)))
    check("Errors", told(client.get(f"{DELIVERIES}?limit=0", headers=operator)))
    check("Replayed", told(client.post(REPLAYS, headers=operator)))
    order = an_order()
    headers = dict(order.headers)
    taken = client.post("/hooks/shopify", data=order.body, headers=headers)
    check("Taken", told(taken))


def test_the_description_knows_every_word() -> None:
    found = document()["components"]["schemas"]

    assert [kind.value for kind in Kind] == found["Kind"]["enum"]
