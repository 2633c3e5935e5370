"""What every destination on the roll promises, asked of each in the same words."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from forwarder.core.delivery import Deferred, Destination, Encoded, Refused, Skipped
from forwarder.core.event import LOCAL_KINDS, Consent, Event, Person
from forwarder.destinations import DESTINATIONS, PLAIN, build_destination
from tests.destinations.pinterest.people import CHECKOUT, LIMITED, SIGNUP, sha
from tests.destinations.pinterest.wire import Platform, Said, running

TOKEN = "pina_not-a-real-token"
ACCOUNT = {"ad_account_id": "549755885175", "token": TOKEN}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
    """Settings as a door hands them over."""

    platform: str
    ad_account_id: str = "1"
    token: str = TOKEN
    paused: bool = False


@pytest.fixture
def platform() -> Iterator[Platform]:
    with running() as found:
        yield found


@pytest.fixture(params=sorted(DESTINATIONS))
def destination(request: pytest.FixtureRequest, platform: Platform) -> Any:  # noqa: ANN401
    told = {"base_url": platform.url, "drop_reserved_domains": False}
    found = DESTINATIONS[request.param]("main", ACCOUNT | told)
    yield found
    found.close()  # type: ignore[attr-defined]


def bodies(destination: Destination, n_events: int) -> list[bytes]:
    found = []
    for n in range(n_events):
        one = destination.encode(dataclasses.replace(SIGNUP, event_id=f"e{n}"))
        assert isinstance(one, Encoded)
        found.append(one.body)
    return found


def test_the_name_is_the_one_in_the_settings(destination: Destination) -> None:
    assert "main" == destination.name
    assert destination.max_batch >= 1
    assert destination.max_age > timedelta(hours=1)
    assert destination.credential


@pytest.mark.parametrize("event", [CHECKOUT, LIMITED, SIGNUP])
def test_encoding_is_frozen_hashed_and_masked(
    destination: Destination, event: Event
) -> None:
    found = destination.encode(event)

    assert isinstance(found, Encoded)
    assert found == destination.encode(event)
    person = event.person
    assert found.body == destination.unmask(found.shown, person.ip, person.user_agent)
    for value in (person.ip, person.user_agent, "doe", "555"):
        assert value is None or value.encode() not in found.shown.lower()
    assert json.loads(found.body)["event_id"] == event.event_id


def test_what_cannot_be_sent_says_why(destination: Destination) -> None:
    nobody = dataclasses.replace(SIGNUP, person=Person())
    silent = dataclasses.replace(SIGNUP, consent=Consent(denied=True))

    assert isinstance(destination.encode(nobody), Refused)
    assert Skipped("consent") == destination.encode(silent)


@pytest.mark.parametrize("kind", sorted(LOCAL_KINDS))
def test_local_kinds_stay_here(destination: Destination, kind: Any) -> None:  # noqa: ANN401
    event = dataclasses.replace(SIGNUP, kind=kind)

    assert isinstance(destination.encode(event), Skipped)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 408, 422, 429, 500, 503])
@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"events":[{}]}'])
def test_outcomes_match_the_batch_whatever_is_answered(
    destination: Destination, platform: Platform, status: int, body: bytes
) -> None:
    platform.script = lambda _call: Said(status=status, body=body)

    answers = list(destination.send(bodies(destination, 5)))

    assert 5 == sum(len(answer.outcomes) for answer in answers)
    for answer in answers:
        assert len(answer.outcomes) in {0, answer.n_events}


def test_a_pause_is_in_the_future(destination: Destination, platform: Platform) -> None:
    platform.script = lambda _call: Said(status=429, headers={"Retry-After": "0"})

    answer = next(iter(destination.send(bodies(destination, 1))))

    outcome = answer.outcomes[0]
    assert isinstance(outcome, Deferred)
    assert not outcome.counts
    assert answer.pause_s is not None
    assert answer.pause_s > 0


def test_secrets_and_people_stay_out_of_sight(
    destination: Destination,
    platform: Platform,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(0)
    echo = f'{{"message":"ada@example.org {sha("ada@example.org")} {TOKEN}"}}'.encode()
    platform.script = lambda _call: Said(status=400, body=echo)

    answers = list(destination.send(bodies(destination, 2)))

    seen = f"{answers}{destination!r}{caplog.text}{capsys.readouterr()}"
    for secret in ("ada@", TOKEN, sha("ada@example.org")):
        assert secret not in seen


def test_the_roll_builds_from_a_group_of_settings() -> None:
    by_group = build_destination("main", Group(platform="pinterest"))
    by_words = build_destination("explain", PLAIN, drop_reserved_domains=False)

    assert "main" == by_group.name
    assert isinstance(by_words.encode(SIGNUP), Encoded)


def test_a_destination_that_cannot_be_says_which_setting() -> None:
    with pytest.raises(ValueError, match="ad_account_id"):
        build_destination("main", PLAIN, ad_account_id="none")
