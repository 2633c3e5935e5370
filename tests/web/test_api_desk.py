"""`/api/v1`: overview, quality, settings, sources and webhooks, users and keys."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from forwarder import outside
from forwarder.accounts import caller
from forwarder.core.source import Options
from forwarder.hookups import PLATFORMS, Hookup
from forwarder.store import access, audit, open_store
from forwarder.store.migrate import upgrade
from forwarder.web.desk import EXTENSION
from tests.apis import FakeStripe, running
from tests.web.console_desk import DATA_KEY, NOW, PASSWORD
from tests.web.doors import Doors, an_order
from tests.web.test_api import check

API = "/api/v1"
HOOKS = f"{API}/sources/stripe/webhooks"


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
def admin(doors: Doors) -> Mapping[str, str]:
    return doors.key("admin")


def told(reply: TestResponse) -> Any:  # noqa: ANN401  JSON
    return reply.get_json()


def test_overview_quality_and_sources_are_told_to_who_may_read(
    doors: Doors, client: FlaskClient
) -> None:
    order = an_order()
    client.post("/hooks/shopify", data=order.body, headers=dict(order.headers))
    key = doors.key("read")
    overview = told(client.get(f"{API}/overview", headers=key))
    quality = told(client.get(f"{API}/quality?period=24h", headers=key))
    sources = told(client.get(f"{API}/sources", headers=key))
    source = told(client.get(f"{API}/sources/shopify", headers=key))

    for name, answer in (
        ("Overview", overview),
        ("Quality", quality),
        ("Sources", sources),
        ("Source", source),
    ):
        check(name, answer)
    assert (1, 1) == (overview["webhooks"], quality["funnel"]["webhooks"])
    assert "shopify" in {one["endpoint"] for one in sources["items"]}
    assert ("arrived", "accepted") == (
        source["state"],
        source["last_webhook"]["status"],
    )
    assert 404 == client.get(f"{API}/sources/nobody", headers=key).status_code
    refused = client.get(f"{API}/quality?period=ever", headers=key)
    assert (422, ["period"]) == (refused.status_code, list(told(refused)["errors"]))


def test_settings_are_told_to_who_may_operate(
    doors: Doors, client: FlaskClient
) -> None:
    settings = client.get(f"{API}/settings", headers=doors.key("operate"))

    check("Settings", told(settings))
    assert 403 == client.get(f"{API}/settings", headers=doors.key("read")).status_code


def test_webhooks_are_planned_set_up_and_removed(
    doors: Doors, client: FlaskClient, admin: Mapping[str, str]
) -> None:
    with running(FakeStripe()) as api:
        options = Options(shop="stripe", api_key=api.key, api_url=api.url)
        platform = PLATFORMS["stripe"]
        session = outside.session(allow_private=True, any_port=True)
        hookup = Hookup(
            platform=platform,
            account=caller("stripe", platform.api, options, session),
            url="https://events.example.com/hooks/stripe",
            secret="s" * 32,
        )
        desk = doors.app.extensions[EXTENSION]
        doors.app.extensions[EXTENSION] = replace(desk, hookup=lambda _: hookup)
        plan = told(client.get(HOOKS, headers=admin))
        done = told(client.post(HOOKS, headers=admin))
        again = told(client.post(HOOKS, headers=admin))
        gone = told(client.delete(HOOKS, headers=admin))
        left = api.hooks

    check("HookPlan", plan)
    check("HooksDone", done)
    assert (list(platform.topics), []) == (plan["missing"], plan["there"])
    assert ["whsec_told_once"] == [one["secret"] for one in done["done"]]
    assert (0, [], None) == (again["wanted"], again["done"], again["why"])
    assert [None] == [one["secret"] for one in gone["done"]]
    assert {} == left
    notes = audit.entries(doors.store, audit.Wanted(who="key:admin")).entries
    assert [
        ("webhooks removed", "1 webhooks"),
        ("webhooks registered", "0 webhooks"),
    ] == [(one.action, one.detail) for one in notes[:2]]


def test_webhooks_that_no_api_sets_up_are_told_why(
    doors: Doors, client: FlaskClient, admin: Mapping[str, str]
) -> None:
    for call in (client.get, client.post, client.delete):
        refused = call(HOOKS, headers=admin)
        assert 409 == refused.status_code
        assert "not asked here" in told(refused)["error"]
        absent = call(f"{API}/sources/nobody/webhooks", headers=admin)
        assert 404 == absent.status_code
    assert 403 == client.post(HOOKS, headers=doors.key("operate")).status_code


def test_a_user_comes_changes_and_goes(
    doors: Doors, client: FlaskClient, admin: Mapping[str, str]
) -> None:
    def ask(what: str, **fields: object) -> Any:  # noqa: ANN401  JSON
        return told(client.post(f"{API}/users{what}", json=fields, headers=admin))

    made = ask("", name="anna", role="viewer")
    check("Password", made)
    assert access.log_in(doors.store, "anna", made["password"], NOW) is not None
    assert {"name": "anna", "role": "operator"} == ask(
        "/role", name="anna", role="operator"
    )
    fresh = ask("/password", name="anna")["password"]
    assert access.log_in(doors.store, "anna", made["password"], NOW) is None
    assert {"name": "anna"} == ask("/disable", name="anna")
    assert access.log_in(doors.store, "anna", fresh, NOW) is None
    ask("/enable", name="anna")
    assert access.log_in(doors.store, "anna", fresh, NOW) is not None
    listed = told(client.get(f"{API}/users", headers=admin))
    check("Admitted", listed)
    assert [("anna", "operator")] == [(u["name"], u["role"]) for u in listed["users"]]
    ask("/remove", name="anna")
    assert [] == told(client.get(f"{API}/users", headers=admin))["users"]
    notes = audit.entries(doors.store, audit.Wanted(who="key:admin")).entries
    assert [
        "user removed",
        "user enabled",
        "user disabled",
        "password changed",
        "role changed",
        "user added",
    ] == [one.action for one in notes]


def test_a_key_is_told_once_and_revoked(
    doors: Doors, client: FlaskClient, admin: Mapping[str, str]
) -> None:
    wanted = {"name": "reads", "scope": "read", "expires_days": 3}
    made = client.post(f"{API}/keys", json=wanted, headers=admin)
    check("MadeKey", told(made))
    mine = {"Authorization": f"Bearer {told(made)['key']}"}

    assert (201, "2026-11-24T12:00:00Z") == (made.status_code, told(made)["expires_at"])
    assert 200 == client.get(f"{API}/overview", headers=mine).status_code
    assert 409 == client.post(f"{API}/keys", json=wanted, headers=admin).status_code
    client.post(f"{API}/keys/remove", json={"name": "reads"}, headers=admin)
    assert 401 == client.get(f"{API}/overview", headers=mine).status_code
    assert ["admin"] == [one.name for one in access.list_api_keys(doors.store)]


@pytest.mark.parametrize(
    ("path", "body", "status", "fault"),
    [
        ("users", {"name": "anna"}, 422, "role"),
        ("users", {"name": "", "role": "viewer"}, 422, "name"),
        ("users", {"name": "anna", "role": "king"}, 422, "role"),
        ("users", {"name": "taken", "role": "viewer"}, 409, ""),
        ("users", [1], 422, "_schema"),
        ("users/role", {"name": "nobody", "role": "viewer"}, 404, ""),
        ("users/disable", {"name": "nobody"}, 404, ""),
        ("keys", {"name": "k", "scope": "all"}, 422, "scope"),
        ("keys/remove", {"name": "nobody"}, 404, ""),
    ],
)
def test_what_cannot_be_done_is_told(
    doors: Doors,
    admin: Mapping[str, str],
    path: str,
    body: object,
    status: int,
    fault: str,
) -> None:
    user = access.User(name="taken", role="viewer", created_at=NOW)
    access.add_user(doors.store, user, PASSWORD)
    client = doors.app.test_client()
    reply = client.post(f"{API}/{path}", json=body, headers=admin)

    assert status == reply.status_code
    assert fault in told(reply).get("errors", {"": ""})


def test_a_body_that_is_no_json_is_told(
    client: FlaskClient, admin: Mapping[str, str]
) -> None:
    reply = client.post(f"{API}/users", data="name=anna", headers=admin)

    assert {"errors": {"body": ["Not JSON."]}} == told(reply)
