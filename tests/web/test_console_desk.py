"""Settings, users and keys: what the pages show, what they change, and who may."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from config.shown import Ahead, Change, Shown
from forwarder.store import access, audit
from forwarder.store.access import ApiKey, User
from forwarder.store.audit import Wanted
from forwarder.web.desk import EXTENSION
from forwarder.web.sheet import Sheet
from tests.web.console_desk import NOW, PASSWORD, Desktop, token_in

LogIn = Callable[[str], FlaskClient]


@dataclass
class Admin:
    """An administrator's browser, and a second one of somebody else."""

    desktop: Desktop
    client: FlaskClient

    def post(self, path: str, **form: str) -> TestResponse:
        token = token_in(self.client.get("/console/").text)
        return self.client.post(
            path, data={**form, "token": token}, follow_redirects=True
        )

    def add(self, name: str, role: str = "viewer") -> str:
        """Let somebody in by the page; return the password it shows."""
        page = self.post("/console/users/add", name=name, role=role)
        assert 200 == page.status_code, page.text
        return shown_once(page.text)

    def said(self) -> list[tuple[str, str, str]]:
        trail = audit.entries(self.desktop.store, Wanted(who="admin"))
        found = [(one.action, one.subject, one.detail) for one in trail.entries]
        return [one for one in found if one[0] != "logged in"]


def shown_once(page: str) -> str:
    return page.partition('class="made"><code>')[2].partition("<")[0]


@pytest.fixture
def admin(desktop: Desktop, log_in: LogIn) -> Admin:
    return Admin(desktop, log_in("admin"))


def may_log_in(desktop: Desktop, name: str, password: str) -> bool:
    return access.log_in(desktop.store, name, password, desktop.clock()) is not None


def other(desktop: Desktop, name: str, password: str) -> FlaskClient:
    """Log somebody else in, in a browser of their own."""
    client = desktop.app.test_client()
    token = token_in(client.get("/console/login").text)
    form = {"name": name, "password": password, "token": token}
    assert 303 == client.post("/console/login", data=form).status_code
    return client


def test_a_user_is_let_in_with_a_password_that_is_shown_once(admin: Admin) -> None:
    password = admin.add("ada", "operator")

    assert may_log_in(admin.desktop, "ada", password)
    assert 16 <= len(password)
    assert [("user added", "ada", "role operator")] == admin.said()
    page = admin.client.get("/console/users").text
    assert ">ada</a>" in page
    assert password not in page
    twin = admin.client.get("/console/users.json").get_json()["users"]
    assert [("ada", "operator", None)] == [
        (one["name"], one["role"], one["disabled_at"])
        for one in twin
        if one["name"] != "admin"
    ]


def test_a_role_counts_from_the_next_page_on(admin: Admin) -> None:
    ada = other(admin.desktop, "ada", admin.add("ada", "viewer"))
    assert 403 == ada.get("/console/settings").status_code
    page = admin.post("/console/users/role", name="ada", role="operator")

    assert "ada is operator now." in page.text
    assert 200 == ada.get("/console/settings").status_code
    assert ("role changed", "ada", "role operator") == admin.said()[0]


def test_who_is_shut_out_is_out_at_once_and_comes_back(admin: Admin) -> None:
    password = admin.add("ada")
    ada = other(admin.desktop, "ada", password)
    page = admin.post("/console/users/disable", name="ada")

    assert "ada is out" in page.text
    assert 303 == ada.get("/console/").status_code
    assert not may_log_in(admin.desktop, "ada", password)
    assert 409 == admin.post("/console/users/disable", name="ada").status_code
    again = admin.post("/console/users/enable", name="ada")
    assert "may log in again" in again.text
    assert may_log_in(admin.desktop, "ada", password)
    assert 409 == admin.post("/console/users/enable", name="ada").status_code
    assert ["user enabled", "user disabled", "user added"] == [
        action for action, _, _ in admin.said()
    ]


def test_a_new_password_ends_the_old_one_and_its_sessions(admin: Admin) -> None:
    old = admin.add("ada")
    ada = other(admin.desktop, "ada", old)
    new = shown_once(admin.post("/console/users/password", name="ada").text)

    assert new != old
    assert 303 == ada.get("/console/").status_code
    assert may_log_in(admin.desktop, "ada", new)
    assert not may_log_in(admin.desktop, "ada", old)


def test_a_removed_user_is_gone_and_what_they_did_stays(admin: Admin) -> None:
    admin.add("ada")
    page = admin.post("/console/users/remove", name="ada")

    assert "ada is no user any more." in page.text
    assert 404 == admin.client.get("/console/users/one?name=ada").status_code
    for path in ("role", "password", "remove"):
        form = {"name": "ada", "role": "admin"}
        assert 404 == admin.post(f"/console/users/{path}", **form).status_code
    assert ("user removed", "ada", "") == admin.said()[0]


@pytest.mark.parametrize("path", ["role", "password", "disable", "remove"])
def test_nobody_locks_oneself_out(path: str, admin: Admin) -> None:
    answer = admin.post(f"/console/users/{path}", name="admin", role="viewer")

    assert 409 == answer.status_code
    assert "administrator" in answer.text or "account" in answer.text
    assert 200 == admin.client.get("/console/users").status_code
    assert [] == admin.said()


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("users/add", {"name": "ada", "role": "king"}),
        ("users/add", {"name": " ", "role": "viewer"}),
        ("users/add", {"name": "a\u0085b", "role": "viewer"}),
        ("users/add", {"name": "a" * 65, "role": "viewer"}),
        ("users/role", {"name": "ada"}),
        ("users/keys/add", {"name": "k", "scope": "all"}),
        ("users/keys/add", {"name": "k", "scope": "read", "expires_days": "0"}),
        ("account/password", {"current": PASSWORD, "new": "short"}),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(
    path: str, form: dict[str, str], admin: Admin
) -> None:
    assert 422 == admin.post(f"/console/{path}", **form).status_code
    assert ["admin"] == [one.name for one in access.list_users(admin.desktop.store)]
    assert [] == list(access.list_api_keys(admin.desktop.store))
    assert [] == admin.said()


def test_two_administrators_who_add_the_same_name_make_one_user(admin: Admin) -> None:
    password = admin.add("ada")
    answer = admin.post("/console/users/add", name="ada", role="admin")

    assert 409 == answer.status_code
    assert may_log_in(admin.desktop, "ada", password)


def test_a_key_is_shown_once_opens_its_scope_and_is_revoked(admin: Admin) -> None:
    form = {"name": "shop", "scope": "read", "expires_days": "30"}
    key = shown_once(admin.post("/console/users/keys/add", **form).text)
    store = admin.desktop.store
    found = access.find_api_key(store, key, NOW)

    assert found is not None
    assert ("read", NOW + timedelta(days=30)) == (found.scope, found.expires_at)
    assert access.find_api_key(store, key, NOW + timedelta(days=30)) is None
    page = admin.client.get("/console/users").text
    assert key not in page
    assert "Revoke shop" in page
    assert 409 == admin.post("/console/users/keys/add", **form).status_code
    gone = admin.post("/console/users/keys/remove", name="shop")
    assert "opens nothing any more" in gone.text
    assert access.find_api_key(store, key, NOW) is None
    assert 404 == admin.post("/console/users/keys/remove", name="shop").status_code
    assert [
        ("api-key removed", "shop", ""),
        ("api-key added", "shop", "scope read"),
    ] == (admin.said())


def test_an_expired_key_says_so(admin: Admin) -> None:
    key = ApiKey(name="old", scope="read", created_at=NOW, expires_at=NOW)
    access.add_api_key(admin.desktop.store, key, "fwd_old")

    assert "expired" in admin.client.get("/console/users").text
    twin = admin.client.get("/console/users.json").get_json()["api_keys"]
    assert [("old", True)] == [(one["name"], one["is_expired"]) for one in twin]


def test_names_are_escaped_wherever_they_stand(admin: Admin) -> None:
    name = '<img src=x onerror="alert(1)">'
    admin.add(name)
    admin.post("/console/users/keys/add", name=name, scope="read")

    for path in ("users", "audit"):
        assert "<img src=x" not in admin.client.get(f"/console/{path}").text
    page = admin.client.get("/console/users/one", query_string={"name": name})
    assert (200, False) == (page.status_code, "<img src=x" in page.text)


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_administrators_see_who_may_come_in(role: str, log_in: LogIn) -> None:
    client = log_in(role)
    bar = client.get("/console/").text.partition('class="places"')[2]

    for path in ("users", "users.json", "users/one?name=viewer"):
        assert 403 == client.get(f"/console/{path}").status_code
    assert "/console/users" not in bar
    assert ("/console/settings" in bar) == (role == "operator")


def test_everybody_changes_their_own_password_with_the_current_one(
    desktop: Desktop, log_in: LogIn
) -> None:
    client = log_in("viewer")
    elsewhere = other(desktop, "viewer", PASSWORD)
    viewer = Admin(desktop, client)
    new = "a much better password"
    wrong = viewer.post("/console/account/password", current="wrong", new=new)
    assert 403 == wrong.status_code
    page = viewer.post("/console/account/password", current=PASSWORD, new=new)

    assert "Your password is changed." in page.text
    assert may_log_in(desktop, "viewer", new)
    assert 200 == client.get("/console/account").status_code
    assert 303 == elsewhere.get("/console/").status_code
    assert "viewer" == client.get("/console/account.json").get_json()["name"]


ROW = Shown(
    table="service",
    key="keep_person_h",
    value="48",
    default="72",
    is_default=False,
    is_secret=False,
    origin="settings file",
    variable="FORWARDER_KEEP_PERSON_H",
    unit="hours",
    limits="at least 1, at most 2,160",
    help="How long `it` stays.",
)
UNTOUCHED = replace(ROW, key="web_threads", is_default=True, origin="default")


def with_sheet(desktop: Desktop, sheet: Sheet) -> None:
    desk = desktop.app.extensions[EXTENSION]
    desktop.app.extensions[EXTENSION] = replace(desk, sheet=sheet)


def test_settings_show_value_default_unit_and_origin(
    desktop: Desktop, log_in: LogIn
) -> None:
    doubts = ("`public_url` is http.",)
    with_sheet(
        desktop, Sheet(rows=(ROW, UNTOUCHED), file="forwarder.toml", doubts=doubts)
    )
    client = log_in("operator")
    page = client.get("/console/settings").text
    twin = client.get("/console/settings.json").get_json()

    plain = re.sub(r"<[^>]+>", "", page)
    for words in (
        "[service]",
        "keep_person_h",
        "How long it stays. At least 1, at most 2,160.",
        "Environment: FORWARDER_KEEP_PERSON_H",
        "48 hours",
        "72",
        "settings file",
        "1 setting is as it came",
        "public_url is http.",
    ):
        assert words in plain
    assert "A restart would fail" not in page
    assert ["keep_person_h", "web_threads"] == [one["key"] for one in twin["items"]]
    assert {"changes": [], "faults": []} == twin["after_restart"]


def test_settings_show_what_a_restart_would_change_or_what_would_stop_it(
    desktop: Desktop, log_in: LogIn
) -> None:
    change = Change(table="service", key="keep_person_h", now="48", then="24")
    with_sheet(desktop, Sheet(rows=(ROW,), ahead=lambda: Ahead(changes=(change,))))
    client = log_in("operator")
    page = client.get("/console/settings").text
    assert "<del><code>48</code></del>" in page
    assert "<ins><code>24</code></ins>" in page
    with_sheet(desktop, Sheet(rows=(ROW,), ahead=lambda: Ahead(faults=("x is bad",))))

    assert "A restart would fail." in client.get("/console/settings").text
    twin = client.get("/console/settings.json").get_json()
    assert ["x is bad"] == twin["after_restart"]["faults"]


def test_a_service_without_settings_says_what_is_next(
    desktop: Desktop, log_in: LogIn
) -> None:
    assert "forwarder init" in log_in("operator").get("/console/settings").text
    assert desktop.store.is_writing


def test_a_user_who_was_shut_out_before_may_be_made_so(desktop: Desktop) -> None:
    out = User(name="eve", role="viewer", created_at=NOW, disabled_at=NOW)
    access.add_user(desktop.store, out, PASSWORD)

    assert [out] == list(access.list_users(desktop.store))
    assert not may_log_in(desktop, "eve", PASSWORD)
