"""`/api/v1/links` and `/api/v1/link-audits`, as openapi.json says."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from forwarder.core.links import ClickClass
from forwarder.store import audit, clicks, link_audits, open_store
from forwarder.store.migrate import upgrade
from forwarder.web.desk import EXTENSION
from tests.clicks.following import TO
from tests.clicks.test_spool import a_click
from tests.web.console_desk import DATA_KEY, NOW
from tests.web.doors import Doors
from tests.web.test_api import check

LINKS, AUDITS = "/api/v1/links", "/api/v1/link-audits"


@pytest.fixture
def doors(sqlite_url: str) -> Iterator[Doors]:
    store = open_store(sqlite_url, [DATA_KEY], "web")
    upgrade(store)
    made = Doors(store)
    desk = made.app.extensions[EXTENSION]
    made.app.extensions[EXTENSION] = replace(desk, link_hosts=("shop.example.com",))
    yield made
    store.close()


@pytest.fixture
def client(doors: Doors) -> FlaskClient:
    """A client that may operate."""
    made = doors.app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = doors.key("operate")["Authorization"]
    return made


def made(client: FlaskClient, slug: str = "spring", **more: object) -> Any:  # noqa: ANN401
    reply = client.post(LINKS, json={"slug": slug, "to": TO, **more})

    assert 201 == reply.status_code, reply.text
    return reply.get_json()


def test_a_link_is_made_changed_paused_and_listed(
    doors: Doors, client: FlaskClient
) -> None:
    arms = [f"{weight}={TO}/{weight}?utm_id=x" for weight in (1, 2)]
    link = made(client, campaign="c1", arms=arms)
    change = {"code": "ADA10", "campaign": None}
    changed = client.patch(f"{LINKS}/spring", json=change).get_json()
    paused = client.post(f"{LINKS}/spring/pause").get_json()
    client.post(f"{LINKS}/spring/resume")
    machines = (ClickClass.RATE, ClickClass.BOT_UA, ClickClass.BOT_UA)
    came = [a_click(n, kind=kind) for n, kind in enumerate(machines, 2)]
    clicks.keep(doors.store, [a_click(1), *came])
    listed = client.get(LINKS).get_json()
    shown = client.get(f"{LINKS}/spring").get_json()
    qr = client.get(f"{LINKS}/spring/qr.svg")

    assert ("https://events.example.com/go/spring", "c1", 2) == (
        link["url"], link["campaign"], len(link["arms"]),
    )  # fmt: skip
    assert ("ADA10", None, TO) == tuple(
        changed[name] for name in ("code", "campaign", "to")
    )
    assert link["arms"] == changed["arms"]
    assert (True, False) == (paused["paused"], shown["paused"])
    assert (1, 3) == (shown["clicks"]["human"], shown["clicks"]["bot"])
    assert {"bot_ua": 2, "empty_ua": 0, "rate": 1} == shown["bots"]
    assert [shown] == listed["items"]
    assert ("image/svg+xml", True) == (qr.mimetype, b"<svg" in qr.data)
    check("Link", link)
    check("Links", listed)
    told = [one.who for one in audit.entries(doors.store, audit.Wanted()).entries]
    assert ["key:operate"] * 4 == told


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"slug": "spring", "to": TO}, "slug"),
        ({"slug": "a b", "to": TO}, "slug"),
        ({"slug": "x"}, "to"),
        ({"slug": "x", "to": "javascript:alert(1)"}, "to"),
        ({"slug": "x", "to": "https://evil.example/"}, "to"),
        ({"slug": "x", "to": TO, "expires": "soon"}, "expires"),
        ({"slug": "x", "to": TO, "arms": "1=x"}, "arms"),
        (
            {"slug": "x", "to": TO, "arms": [f"1={TO}?utm_id=a", f"1={TO}?utm_id=A"]},
            "arm",
        ),
        ({"slug": "x", "to": TO, "arms": ["a\0b", "1=x"]}, "arms"),
        ({"slug": "x", "to": TO, "code": "a\0b"}, "code"),
        ({"slug": "x", "to": TO, "colour": "red"}, "colour"),
        ([], ""),
    ],
)
def test_what_makes_no_link_is_told_by_field(
    client: FlaskClient, body: object, field: str
) -> None:
    made(client)
    reply = client.post(LINKS, json=body)

    assert (422, {field}) == (reply.status_code, set(reply.get_json()["errors"]))
    check("Errors", reply.get_json())


def test_an_audit_is_asked_for_and_read(doors: Doors, client: FlaskClient) -> None:
    made(client)
    asked = client.post(AUDITS, json={"slug": "spring"})
    number = asked.get_json()["id"]
    waiting = client.get(f"{AUDITS}/{number}").get_json()
    link_audits.finish(doors.store, number, {"verdict": "red", "hops": []}, NOW)
    done = client.get(f"{AUDITS}/{number}").get_json()
    other = client.post(AUDITS, json={"url": "https://example.com/x"}).get_json()["id"]
    listed = client.get(AUDITS).get_json()
    mine = client.get(f"{AUDITS}?slug=spring").get_json()

    assert 202 == asked.status_code
    assert (None, None) == (waiting["verdict"], waiting["found"])
    assert ("red", "https://events.example.com/go/spring") == (
        done["verdict"], done["url"],
    )  # fmt: skip
    assert [other, number] == [one["id"] for one in listed["items"]]
    assert [number] == [one["id"] for one in mine["items"]]
    check("LinkAudits", listed)
    check("LinkAudit", done)


@pytest.mark.parametrize(
    "body", [{}, {"slug": "none"}, {"url": ""}, {"url": "a\0"}, {"slug": 7}]
)
def test_an_audit_of_nothing_is_refused(client: FlaskClient, body: object) -> None:
    assert 422 == client.post(AUDITS, json=body).status_code


def test_the_funnels_are_told(client: FlaskClient) -> None:
    made(client, campaign="c1")
    found = client.get("/api/v1/link-funnel?since=2026-11-01").get_json()

    assert ("2026-11-01", "2026-11-21") == (found["since"], found["until"])
    assert ["spring"] == [one["name"] for one in found["links"]]
    assert ["c1"] == [one["name"] for one in found["campaigns"]]
    check("Funnels", found)
    assert 422 == client.get("/api/v1/link-funnel?since=x").status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{LINKS}/none"),
        ("GET", f"{LINKS}/%00"),
        ("PATCH", f"{LINKS}/none"),
        ("POST", f"{LINKS}/none/pause"),
        ("GET", f"{LINKS}/none/qr.svg"),
        ("GET", f"{AUDITS}/99"),
        ("GET", f"{AUDITS}/99999999999999999999"),
        ("GET", f"{AUDITS}?slug=none"),
    ],
)
def test_what_is_not_there_is_not_found(
    client: FlaskClient, method: str, path: str
) -> None:
    assert 404 == client.open(path, method=method, json={}).status_code


def test_who_may_only_read_changes_nothing(doors: Doors, client: FlaskClient) -> None:
    made(client)
    key = doors.key("read")
    for path in (LINKS, f"{LINKS}/spring/pause", AUDITS):
        assert 403 == client.post(path, json={}, headers=key).status_code
    assert 200 == client.get(f"{LINKS}/spring", headers=key).status_code
