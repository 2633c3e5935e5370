import secrets
from datetime import timedelta

import pytest

from forwarder.store import Store, access
from forwarder.store.access import FAILURES_MAX, LOCKED_FOR, ApiKey, Exists, User
from forwarder.store.schema import api_keys, users
from tests.store.shop import NOW

ADA = User(name="ada", role="operator", created_at=NOW)
PASSWORD = "correct horse battery"


@pytest.fixture
def with_ada(store: Store) -> Store:
    access.add_user(store, ADA, PASSWORD)
    return store


def test_the_right_password_lets_in(with_ada: Store) -> None:
    assert ADA == access.log_in(with_ada, "ada", PASSWORD, NOW)
    assert access.log_in(with_ada, "ada", "wrong", NOW) is None
    assert access.log_in(with_ada, "eve", PASSWORD, NOW) is None


def test_users_are_listed_by_name(with_ada: Store) -> None:
    bob = User(name="bob", role="viewer", created_at=NOW)
    access.add_user(with_ada, bob, PASSWORD)

    assert [ADA, bob] == list(access.list_users(with_ada))


def test_a_name_is_taken_once(with_ada: Store) -> None:
    with pytest.raises(Exists, match="ada exists already"):
        access.add_user(with_ada, ADA, "another password")
    assert ADA == access.log_in(with_ada, "ada", PASSWORD, NOW)


def test_a_removed_user_is_out(with_ada: Store) -> None:
    assert access.remove_user(with_ada, "ada")
    assert not access.remove_user(with_ada, "ada")
    assert access.log_in(with_ada, "ada", PASSWORD, NOW) is None


def test_five_failures_lock_for_five_minutes(with_ada: Store) -> None:
    for _ in range(FAILURES_MAX):
        assert access.log_in(with_ada, "ada", "wrong", NOW) is None

    just_before = NOW + LOCKED_FOR - timedelta(seconds=1)
    assert access.log_in(with_ada, "ada", PASSWORD, just_before) is None
    assert ADA == access.log_in(with_ada, "ada", PASSWORD, NOW + LOCKED_FOR)


def test_a_success_forgets_the_failures(with_ada: Store) -> None:
    for _ in range(3):
        for _ in range(FAILURES_MAX - 1):
            access.log_in(with_ada, "ada", "wrong", NOW)
        assert ADA == access.log_in(with_ada, "ada", PASSWORD, NOW)


def test_passwords_are_kept_hashed_only(with_ada: Store) -> None:
    with with_ada.read() as connection:
        kept = str(connection.execute(users.select()).all())

    assert PASSWORD not in kept
    assert "$argon2id$" in kept


def test_a_hash_that_is_none_lets_nobody_in(with_ada: Store) -> None:
    with with_ada.write() as connection:
        connection.execute(users.update().values(password_hash="broken"))

    assert access.log_in(with_ada, "ada", PASSWORD, NOW) is None


def test_an_api_key_is_known_by_its_hash_only(store: Store) -> None:
    text = secrets.token_urlsafe(32)
    key = ApiKey(name="shop", scope="events:write", created_at=NOW)
    access.add_api_key(store, key, text)

    assert key == access.find_api_key(store, text, NOW)
    assert access.find_api_key(store, text + "x", NOW) is None
    assert access.find_api_key(store, "\udc80", NOW) is None
    with pytest.raises(Exists):
        access.add_api_key(store, key, "other")
    with store.read() as connection:
        assert text not in str(connection.execute(api_keys.select()).all())


def test_a_key_is_listed_by_its_name_until_it_is_removed(store: Store) -> None:
    key = ApiKey(name="shop", scope="read", created_at=NOW)
    access.add_api_key(store, key, "text")

    assert [key] == access.list_api_keys(store)
    assert access.remove_api_key(store, "shop")
    assert not access.remove_api_key(store, "shop")
    assert access.find_api_key(store, "text", NOW) is None
    assert [] == access.list_api_keys(store)
