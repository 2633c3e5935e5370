from collections.abc import Callable
from datetime import timedelta
from threading import BoundedSemaphore

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from forwarder.store import access, audit, throttle
from forwarder.store.access import User, add_user, remove_user
from forwarder.store.schema_access import sessions
from forwarder.web.headers import SCRIPTED
from forwarder.web.session import local_path, may
from tests.web.console_desk import NOW, PASSWORD, Desktop, token_in

LogIn = Callable[[str], FlaskClient]
AddUsers = Callable[..., None]
WRONG = "Name or password is wrong."


def enter(client: FlaskClient, name: str, password: str, wanted: str = "") -> str:
    """Post the log-in form; return where it leads, or the page that says why not."""
    token = token_in(client.get("/console/login").text)
    form = {"name": name, "password": password, "token": token, "next": wanted}
    answer = client.post("/console/login", data=form)
    return answer.text if answer.status_code == 401 else answer.headers["Location"]


def test_a_stranger_is_led_to_the_log_in_and_then_where_they_wanted_to_go(
    client: FlaskClient, add_users: AddUsers
) -> None:
    add_users("viewer")
    asked = client.get("/console/deliveries?status=refused")
    page = client.get(asked.headers["Location"]).text

    assert 303 == asked.status_code
    assert 'name="next" value="/console/deliveries?status=refused"' in page
    wanted = "/console/deliveries?status=refused"
    assert wanted == enter(client, "viewer", PASSWORD, wanted)
    assert 200 == client.get(wanted).status_code


@pytest.mark.parametrize(
    "page", ["/console/deliveries.json", "/console/deliveries/1.json"]
)
def test_a_strangers_json_is_answered_401_in_json(
    client: FlaskClient, page: str
) -> None:
    answer = client.get(page)

    assert 401 == answer.status_code
    assert {"error": "log in at /console/login first"} == answer.get_json()


def test_unknown_name_wrong_password_and_locked_name_sound_alike(
    client: FlaskClient, add_users: AddUsers
) -> None:
    add_users("viewer")
    unknown = enter(client, "nobody", PASSWORD)
    wrong = [enter(client, "viewer", f"wrong {n}") for n in range(5)]
    locked = enter(client, "viewer", PASSWORD)
    pages = {page.replace(token_in(page), "") for page in (unknown, *wrong, locked)}

    assert 1 == len(pages)
    assert WRONG in unknown


def test_a_locked_name_is_let_in_after_five_minutes(
    client: FlaskClient, add_users: AddUsers, desktop: Desktop
) -> None:
    add_users("viewer")
    for n in range(5):
        enter(client, "viewer", f"wrong {n}")
    desktop.clock.now += timedelta(minutes=5, seconds=1)

    assert "/console/" == enter(client, "viewer", PASSWORD)


@pytest.mark.parametrize(
    "form", [{}, {"name": "viewer"}, {"name": "v" * 201, "password": "x"}]
)
def test_a_form_with_gaps_is_a_wrong_log_in(
    client: FlaskClient, add_users: AddUsers, form: dict[str, str]
) -> None:
    add_users("viewer")
    token = token_in(client.get("/console/login").text)
    answer = client.post("/console/login", data={**form, "token": token})

    assert 401 == answer.status_code
    assert WRONG in answer.text


def test_a_session_of_before_is_worth_nothing_after_the_log_in(
    client: FlaskClient, add_users: AddUsers
) -> None:
    add_users("viewer")
    before = token_in(client.get("/console/login").text)
    enter(client, "viewer", PASSWORD)
    after = token_in(client.get("/console/deliveries").text)

    assert before
    assert before != after
    assert 400 == client.post("/console/logout", data={"token": before}).status_code


def test_a_session_ends_after_twelve_hours(log_in: LogIn, desktop: Desktop) -> None:
    client = log_in("viewer")
    for hours in range(1, 12):
        desktop.clock.now = NOW + timedelta(hours=hours)
        assert 200 == client.get("/console/deliveries").status_code
    desktop.clock.now = NOW + timedelta(hours=12, seconds=-1)

    assert 200 == client.get("/console/deliveries").status_code
    desktop.clock.now = NOW + timedelta(hours=12)
    assert 303 == client.get("/console/deliveries").status_code
    assert 401 == client.get("/console/deliveries.json").status_code


def test_a_removed_user_is_out_at_once_even_when_the_name_is_given_again(
    log_in: LogIn, desktop: Desktop
) -> None:
    client = log_in("viewer")
    remove_user(desktop.store, "viewer")

    assert 303 == client.get("/console/deliveries").status_code
    later = User(name="viewer", role="admin", created_at=NOW + timedelta(seconds=1))
    add_user(desktop.store, later, PASSWORD)
    assert 303 == client.get("/console/deliveries").status_code


def test_logging_out_ends_the_session(log_in: LogIn) -> None:
    client = log_in("viewer")
    token = token_in(client.get("/console/deliveries").text)
    answer = client.post("/console/logout", data={"token": token})

    assert "/console/login" == answer.headers["Location"]
    assert 303 == client.get("/console/deliveries").status_code


def test_a_session_nobody_uses_ends_after_two_hours(
    log_in: LogIn, desktop: Desktop
) -> None:
    client = log_in("viewer")
    desktop.clock.now = NOW + timedelta(hours=2, seconds=-1)
    assert 200 == client.get("/console/deliveries").status_code
    desktop.clock.now += timedelta(hours=2, seconds=-1)
    assert 200 == client.get("/console/deliveries").status_code
    desktop.clock.now += timedelta(hours=2)

    assert 303 == client.get("/console/deliveries").status_code


def thief(desktop: Desktop, client: FlaskClient) -> FlaskClient:
    """Another browser with a copy of this one's cookie."""
    cookie = client.get_cookie("session")
    assert cookie is not None
    other = desktop.app.test_client()
    other.set_cookie("session", cookie.value)
    return other


def test_a_log_out_ends_a_copied_cookie_too(log_in: LogIn, desktop: Desktop) -> None:
    client = log_in("viewer")
    token = token_in(client.get("/console/deliveries").text)
    copied = thief(desktop, client)
    assert 200 == copied.get("/console/deliveries").status_code
    client.post("/console/logout", data={"token": token})

    assert 303 == copied.get("/console/deliveries").status_code
    assert 401 == copied.get("/console/deliveries.json").status_code


def test_another_password_ends_every_session_and_only_the_new_one_lets_in(
    log_in: LogIn, desktop: Desktop
) -> None:
    client = log_in("viewer")
    copied = thief(desktop, client)
    assert access.set_password(desktop.store, "viewer", "another password")

    for browser in (client, copied):
        assert 303 == browser.get("/console/deliveries").status_code
    fresh = desktop.app.test_client()
    assert WRONG in enter(fresh, "viewer", PASSWORD)
    assert "/console/" == enter(fresh, "viewer", "another password")
    assert not access.set_password(desktop.store, "nobody", "another password")


def test_the_database_holds_no_token_that_opens_a_session(
    log_in: LogIn, desktop: Desktop
) -> None:
    client = log_in("viewer")
    with client.session_transaction() as session:
        token = session["id"]
    with desktop.store.read() as connection:
        rows = connection.execute(sa.select(sessions)).all()

    assert 1 == len(rows)
    assert token not in str(rows)


def test_a_new_log_in_ends_the_session_before_it(
    log_in: LogIn, desktop: Desktop
) -> None:
    client = log_in("viewer")
    copied = thief(desktop, client)
    with client.session_transaction() as session:
        old = session["id"]
    token = token_in(client.get("/console/deliveries").text)
    form = {"name": "viewer", "password": PASSWORD, "token": token}
    client.post("/console/login", data=form)

    with client.session_transaction() as session:
        assert old != session["id"]
    assert 303 == copied.get("/console/deliveries").status_code
    assert 200 == client.get("/console/deliveries").status_code


def test_many_names_tried_from_one_address_are_stopped_there_and_only_there(
    client: FlaskClient, add_users: AddUsers, desktop: Desktop
) -> None:
    add_users("viewer")
    for n in range(throttle.FAILURES_MAX):
        assert WRONG in enter(client, f"name {n}", PASSWORD)
    token = token_in(client.get("/console/login").text)
    form = {"name": "viewer", "password": PASSWORD, "token": token}

    here = client.post("/console/login", data=form)
    assert (429, True) == (here.status_code, "Try again in 15 minutes" in here.text)
    there = {"REMOTE_ADDR": "192.0.2.8"}
    elsewhere = client.post("/console/login", data=form, environ_overrides=there)
    assert 303 == elsewhere.status_code
    desktop.clock.now += throttle.WINDOW
    token = token_in(desktop.app.test_client().get("/console/login").text)
    assert "/console/" == enter(desktop.app.test_client(), "viewer", PASSWORD)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("unix:", "unix:", True),
    ],
)
def test_the_addresses_of_one_subscriber_count_together(
    desktop: Desktop, one: str, other: str, *, is_same: bool
) -> None:
    for _ in range(throttle.FAILURES_MAX):
        throttle.note_failure(desktop.store, one, NOW)

    assert throttle.is_throttled(desktop.store, one, NOW)
    assert is_same == throttle.is_throttled(desktop.store, other, NOW)


def test_no_more_than_two_passwords_are_looked_at_at_once(
    client: FlaskClient, add_users: AddUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_users("viewer")
    monkeypatch.setattr(access, "_few_at_once", BoundedSemaphore(1))
    token = token_in(client.get("/console/login").text)
    form = {"name": "viewer", "password": PASSWORD, "token": token}
    with access._few_at_once:  # noqa: SLF001  another one is at it
        crowded = client.post("/console/login", data=form)

    assert (429, True) == (crowded.status_code, "in a moment" in crowded.text)
    assert "/console/" == enter(client, "viewer", PASSWORD)


def test_log_ins_are_audited_without_what_was_typed(
    client: FlaskClient, add_users: AddUsers, desktop: Desktop
) -> None:
    add_users("viewer")
    enter(client, "my-password-in-the-wrong-box", "x")
    enter(client, "viewer", PASSWORD)
    client.post(
        "/console/logout",
        data={"token": token_in(client.get("/console/deliveries").text)},
    )
    found = audit.entries(desktop.store, audit.Wanted()).entries

    assert [
        ("viewer", "logged out"),
        ("viewer", "logged in"),
        ("console", "log-in refused"),
    ] == [(one.who, one.action) for one in found]
    assert "wrong-box" not in str(found)


def test_who_is_logged_in_is_led_away_from_the_log_in(log_in: LogIn) -> None:
    assert "/console/" == log_in("viewer").get("/console/login").headers["Location"]


@pytest.mark.parametrize("path", ["/console/logout", "/console/find"])
@pytest.mark.parametrize("form", [{}, {"token": ""}, {"token": "forged"}])
def test_a_form_without_its_token_does_nothing(
    log_in: LogIn, path: str, form: dict[str, str]
) -> None:
    client = log_in("admin")
    answer = client.post(path, data=form)

    assert 400 == answer.status_code
    assert "too old to act on" in answer.text
    assert 200 == client.get("/console/deliveries").status_code


def test_a_log_in_without_its_token_is_refused(
    client: FlaskClient, add_users: AddUsers
) -> None:
    add_users("admin")
    form = {"name": "admin", "password": PASSWORD}

    assert 400 == client.post("/console/login", data=form).status_code


def test_a_cookie_that_was_changed_is_no_session(log_in: LogIn) -> None:
    client = log_in("viewer")
    cookie = client.get_cookie("session")
    assert cookie is not None
    client.set_cookie("session", cookie.value[:-3] + "abc")

    assert 303 == client.get("/console/deliveries").status_code


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/hooks/my-shop",
        "console/deliveries",
        "https://example.org/console/",
        "//example.org/console/",
        "/console//example.org",
        "/console/\\example.org",
        "/\\example.org/console/",
        "javascript:alert(1)",
        "/console/deliveries\r\nSet-Cookie: a=b",
    ],
)
def test_a_log_in_leads_nowhere_else(path: str) -> None:
    assert "/home" == local_path(path, "/home")


@pytest.mark.parametrize(
    "path", ["/console/", "/console/deliveries/4", "/console/deliveries?kind=lead"]
)
def test_a_log_in_leads_back_to_a_page_of_the_console(path: str) -> None:
    assert path == local_path(path, "/home")


def test_a_role_includes_those_below_it() -> None:
    operator = User(name="o", role="operator", created_at=NOW)

    assert [True, True, False] == [
        may(operator, role) for role in ("viewer", "operator", "admin")
    ]
    assert not may(None, "viewer")


@pytest.mark.parametrize(
    "page", ["/console/login", "/console/deliveries", "/console/no-such-page"]
)
def test_every_answer_carries_the_headers_that_keep_strangers_out(
    log_in: LogIn, client: FlaskClient, page: str
) -> None:
    for answer in (client.get(page), log_in("viewer").get(page)):
        assert SCRIPTED.items() <= dict(answer.headers).items()


def test_without_users_the_log_in_says_how_to_make_one(
    client: FlaskClient, add_users: AddUsers
) -> None:
    assert "forwarder user add NAME" in client.get("/console/login").text
    add_users("admin")
    assert "forwarder user add" not in client.get("/console/login").text
