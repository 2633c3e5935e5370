import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from forwarder.store import Store, audit, log, outbox
from forwarder.store.log import Filter
from tests.cli.conftest import Shell
from tests.store.shop import an_event, take

ADA = "ada1@example.org"


@pytest.fixture(autouse=True)
def two_people(store: Store) -> None:
    take(store, an_event(1))
    take(store, an_event(2))


def skipped(store: Store) -> list[str | None]:
    lines = log.list_deliveries(store, Filter(reason="erased")).lines
    return [line.order_id for line in lines]


def test_a_person_is_counted_then_erased(shell: Shell, store: Store) -> None:
    counted = shell.json("erase", "--email", ADA, "--dry-run")
    assert [] == skipped(store)
    receipt = shell.json("erase", "--email", ADA, "--yes", "--out", "receipt.json")
    again = shell.json("erase", "--email", ADA, "--dry-run")

    assert {"n_deliveries": 1, "n_notices": 1, "n_unreadable": 0} == counted
    assert ["1"] == skipped(store)
    assert (1, 1, 1, ["email"]) == (
        receipt["n_skipped"],
        receipt["n_notices"],
        receipt["n_events"],
        receipt["known_by"],
    )
    assert receipt == json.loads((shell.folder / "receipt.json").read_text())
    assert 0 == again["n_deliveries"] + again["n_notices"]
    entry = audit.entries(store, audit.Wanted(action="erase")).entries[0]
    assert entry.subject == receipt["subject"]


def test_the_value_may_come_through_a_pipe(shell: Shell, store: Store) -> None:
    result = shell.run("erase", "--email", "-", "--yes", text=f"{ADA}\n")

    assert 0 == result.exit_code
    assert ["1"] == skipped(store)
    assert ADA not in result.output


def test_nobody_is_erased_without_a_yes(shell: Shell, store: Store) -> None:
    no = shell.run("erase", "--email", ADA, text="n\n")
    silent = shell.run("erase", "--email", ADA, "--json")

    assert (1, 2) == (no.exit_code, silent.exit_code)
    assert "1 delivery and 1 webhook are about this person" in no.stdout
    assert [] == skipped(store)


def test_an_endpoint_narrows_it(shell: Shell) -> None:
    elsewhere = shell.json("erase", "--email", ADA, "--endpoint", "api", "--dry-run")
    unknown = shell.run("erase", "--email", ADA, "--endpoint", "myshop", "--dry-run")
    here = shell.json("erase", "--email", ADA, "--endpoint", "my-shop", "--dry-run")

    assert (0, 1) == (elsewhere["n_deliveries"], here["n_deliveries"])
    assert 2 == unknown.exit_code
    assert "known: my-shop" in unknown.stderr


@pytest.mark.parametrize("words", [(), ("--email", "")])
def test_somebody_must_be_named(shell: Shell, words: tuple[str, ...]) -> None:
    result = shell.run("erase", *words, "--yes")

    assert 2 == result.exit_code
    assert "say who" in result.stderr


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        (("--email", "notanaddress"), "like ada@shop.test"),
        (("--phone", "unknown"), "like +49 30"),
        (("--phone", "12"), "like +49 30"),
    ],
)
def test_what_is_no_address_or_number_is_refused(
    shell: Shell, words: tuple[str, str], mend: str
) -> None:
    result = shell.run("erase", *words, "--dry-run")

    assert 2 == result.exit_code
    assert mend in result.stderr
    assert words[1] not in result.output


def test_a_national_number_asks_for_its_country_where_an_endpoint_has_none(
    shell: Shell,
) -> None:
    national = shell.run("erase", "--phone", "030 901820", "--dry-run")
    whole = shell.run("erase", "--phone", "+49 30 901820", "--dry-run")

    assert "no country is set for my-shop: write the number with" in national.stderr
    assert (0, "") == (whole.exit_code, whole.stderr)


def test_an_empty_pipe_names_nobody(shell: Shell) -> None:
    assert 2 == shell.run("erase", "--phone", "-", "--yes", text="\n").exit_code


def test_what_is_on_the_way_is_told(
    shell: Shell, store: Store, no_nap: Callable[[float], None]
) -> None:
    del no_nap
    outbox.claim(store, "main", "w1", 9, store.now() + timedelta(hours=1))

    result = shell.run("erase", "--email", ADA, "--yes")

    assert 1 == result.exit_code
    assert "run this again in a minute" in result.stderr
