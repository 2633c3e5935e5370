"""Every route of the whole application says who may call it, and keeps to it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from config.settings import load
from forwarder import app as door
from forwarder.sources import SOURCES
from forwarder.store import Store, access
from forwarder.store.access import ROLES, SCOPES, ApiKey
from forwarder.web.api import SCOPE_INCLUDES
from forwarder.web.desk import EXTENSION
from forwarder.web.headers import strict
from forwarder.web.rules import ANYONE, RULE
from tests.web.console_desk import DATA_KEY, PASSWORD, token_in

SETTINGS = f"""
[service]
public_url = "https://events.example.com"
database_url = "sqlite:///forwarder.db"
data_keys = ["{DATA_KEY}"]
[destinations.main]
platform = "pinterest"
ad_account_id = "549755885175"
token = "no-token"
base_url = "http://127.0.0.1:9/v5"
[endpoints.my-shop]
source = "shopify"
secrets = ["{"s" * 32}"]
destination = "main"
"""
# What is open to anyone. Another one needs a proof of its own, and a line here.
OPEN = {
    "root",  # leads to the console
    "hooks.handshake",
    "hooks.secret_handshake",  # knows the secret in the address
    "hooks.take",  # the signature
    "vitals.alive",
    "vitals.ready",
    "vitals.metrics",  # numbers only
    "api.get_openapi",
    "collect.take",  # asks for an allowed origin
    "collect.script",
    "console.login",
    "console.post_login",  # the password
    "console.theme.post_theme",  # keeps a word in a cookie
}
HTTPS = "https://events.example.com"
HARMLESS = {"GET", "HEAD", "OPTIONS"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application as the server gets it, on a database of its own."""
    folder = tmp_path_factory.mktemp("rules")
    file = folder / "forwarder.toml"
    file.write_text(SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door.telemetry, "setup", lambda *_: None)
        patch.setattr(door.slow, "watch", lambda: None)
        env = {"FORWARDER_CONFIG": str(file), "FORWARDER_DATA_DIR": str(folder)}
        made = door.create_app(load(env, Path(file), sources=SOURCES))
    store = store_of(made)
    for role in ROLES:
        user = access.User(name=role, role=role, created_at=store.now())
        access.add_user(store, user, PASSWORD)
    for scope in SCOPES:
        key = ApiKey(name=scope, scope=scope, created_at=store.now())
        access.add_api_key(store, key, f"key of {scope}")
    yield made
    store.close()


def store_of(app: Flask) -> Store:
    store: Store = app.extensions[EXTENSION].store
    return store


@pytest.fixture(scope="module")
def browsers(whole: Flask) -> dict[str, tuple[FlaskClient, str]]:
    """A browser logged in as each role, with the token of its forms."""
    found = {}
    for role in ROLES:
        client = whole.test_client()
        token = token_in(get(client, "/console/login").text)
        form = {"name": role, "password": PASSWORD, "token": token}
        answer = client.post("/console/login", data=form, base_url=HTTPS)
        assert 303 == answer.status_code
        found[role] = (client, token_in(get(client, "/console/deliveries").text))
    return found


def get(client: FlaskClient, path: str) -> TestResponse:
    return client.get(path, base_url=HTTPS)


def routes(app: Flask, prefix: str = "/") -> list[tuple[Rule, str]]:
    """Every route with its rule, without the folders of static files."""
    return [
        (rule, getattr(app.view_functions[rule.endpoint], RULE, ""))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(prefix) and not rule.endpoint.endswith("static")
    ]


def calls(app: Flask, prefix: str) -> Iterator[tuple[str, str, str]]:
    """Each path to call, its method and its rule; made-up words for its parts."""
    adapter = app.url_map.bind("events.example.com")
    for rule, who in routes(app, prefix):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            for dummy in (1, "x"):
                values = dict.fromkeys(rule.arguments, dummy)
                try:
                    yield adapter.build(rule.endpoint, values, method), method, who
                    break
                except ValueError:
                    continue


def test_every_route_declares_who_may_call_it(whole: Flask) -> None:
    known = {ANYONE, *ROLES, *SCOPES}

    assert [] == [rule.rule for rule, who in routes(whole) if who not in known]


def test_what_is_open_to_anyone_is_written_down(whole: Flask) -> None:
    assert OPEN == {rule.endpoint for rule, who in routes(whole) if who == ANYONE}


def test_every_page_of_the_console_wants_a_role_and_every_api_route_a_scope(
    whole: Flask,
) -> None:
    for prefix, words in (("/console", ROLES), ("/api", SCOPES)):
        asked = [who for _, who in routes(whole, prefix) if who != ANYONE]
        assert asked
        assert set(asked) <= set(words)


def test_a_stranger_gets_into_no_page(whole: Flask) -> None:
    client = whole.test_client()
    for path, method, who in calls(whole, "/console"):
        if who == ANYONE:
            continue
        answer = client.open(path, method=method, base_url=HTTPS)
        is_sent_away = answer.status_code == 303 and "/console/login" in answer.location
        assert is_sent_away or answer.status_code == 401, (method, path)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_no_more_than_it_may(
    role: str, whole: Flask, browsers: dict[str, tuple[FlaskClient, str]]
) -> None:
    client, token = browsers[role]
    for path, method, who in calls(whole, "/console"):
        if who == ANYONE or path == "/console/logout":
            continue
        form = None if method in HARMLESS else {"token": token}
        answer = client.open(path, method=method, data=form, base_url=HTTPS)
        may = ROLES.index(role) >= ROLES.index(who)
        assert may == (answer.status_code != 403), (method, path)


def test_a_form_without_its_token_does_nothing_anywhere(
    whole: Flask, browsers: dict[str, tuple[FlaskClient, str]]
) -> None:
    client, _ = browsers["admin"]
    changing = [call for call in calls(whole, "/console") if call[1] not in HARMLESS]

    assert len(changing) >= 3
    for path, method, _ in changing:
        for form in ({}, {"token": ""}, {"token": "forged"}):
            answer = client.open(path, method=method, data=form, base_url=HTTPS)
            assert 400 == answer.status_code, (method, path)
        answer = client.open(
            path, method=method, headers={"X-CSRF-Token": "no"}, base_url=HTTPS
        )
        assert 400 == answer.status_code, (method, path)


@pytest.mark.parametrize("scope", ["", *SCOPES])
def test_a_key_opens_what_its_scope_says_and_no_more(scope: str, whole: Flask) -> None:
    client = whole.test_client()
    headers = {"Authorization": f"Bearer key of {scope}"} if scope else {}
    for path, method, who in calls(whole, "/api"):
        if who == ANYONE:
            continue
        status = client.open(path, method=method, headers=headers).status_code
        may = bool(scope) and who in SCOPE_INCLUDES[scope]
        expected = {401} if not scope else {403}
        assert may != (status in expected), (method, path, status)


def test_an_expired_key_opens_nothing(whole: Flask) -> None:
    store = store_of(whole)
    now = store.now()
    for name, ends in (("old", now), ("new", now + timedelta(days=1))):
        key = ApiKey(name=name, scope="read", created_at=now, expires_at=ends)
        access.add_api_key(store, key, f"fwd_{name}")
    client = whole.test_client()

    for name, status in (("old", 401), ("new", 200)):
        headers = {"Authorization": f"Bearer fwd_{name}"}
        answer = client.get("/api/v1/deliveries", headers=headers)
        assert status == answer.status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/healthz"),
        ("GET", "/metrics"),
        ("GET", "/nowhere"),
        ("GET", "/hooks/my-shop"),
        ("POST", "/hooks/my-shop"),
        ("POST", "/hooks/nobody"),
        ("GET", "/api/v1/deliveries"),
        ("GET", "/console/login"),
        ("PUT", "/healthz"),
    ],
)
def test_every_answer_carries_the_strict_headers(
    method: str, path: str, whole: Flask
) -> None:
    headers = whole.test_client().open(path, method=method).headers

    assert "nosniff" == headers["X-Content-Type-Options"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "no-referrer" == headers["Referrer-Policy"]
    assert "max-age=31536000" == headers["Strict-Transport-Security"]
    assert "no-store" == headers["Cache-Control"]


def test_the_cookie_is_bound_to_this_host_and_https(whole: Flask) -> None:
    answer = get(whole.test_client(), "/console/login")

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-forwarder_session=")
    for word in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert word in cookie


def test_without_https_no_browser_is_told_to_stay_there() -> None:
    assert "Strict-Transport-Security" not in strict("http://127.0.0.1:8000")
