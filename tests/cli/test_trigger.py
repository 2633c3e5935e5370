from collections.abc import Iterator
from threading import Thread

import orjson
import pytest
from werkzeug.serving import make_server

from forwarder.samples import TEST_SECRETS
from forwarder.store import log, open_store
from forwarder.store.log import Filter
from forwarder.store.migrate import upgrade
from tests.cli.conftest import DATA_KEY, Shell
from tests.web.doors import Doors


@pytest.fixture
def doors(shell: Shell) -> Iterator[Doors]:
    """The webhook routes with the real clock."""
    store = open_store(f"sqlite:///{shell.folder / 'doors.db'}", [DATA_KEY], "web")
    upgrade(store)
    made = Doors(store)
    made.clock.now = store.now()
    yield made
    store.close()


@pytest.fixture
def served(doors: Doors) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, doors.app, threaded=True)
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("source", "case"),
    [
        ("shopify", "orders-paid"),
        ("stripe", "checkout-session-completed"),
        ("mailchimp", "subscribe"),
        ("standard_webhooks", "checkout"),
    ],
)
def test_a_sample_arrives_genuine(
    shell: Shell, doors: Doors, served: str, source: str, case: str
) -> None:
    told = shell.json("trigger", source, case, "--to", f"{served}/{source}")

    assert 200 == told["http_status"]
    assert 1 == orjson.loads(told["answer"])["accepted"]
    assert 1 == len(log.list_deliveries(doors.store, Filter()).lines)


def test_each_time_it_is_another_order(shell: Shell, doors: Doors, served: str) -> None:
    for _ in range(2):
        words = ["trigger", "shopify", "orders-paid", "--to", f"{served}/shopify/"]
        result = shell.run(*words)
        assert (0, True) == (result.exit_code, "200 {" in result.stdout)

    assert 2 == len(log.list_deliveries(doors.store, Filter()).lines)


def test_a_wrong_secret_is_bad_news(shell: Shell, served: str) -> None:
    url = f"{served}/shopify"
    result = shell.run(
        "trigger", "shopify", "orders-paid", "--to", url, "--secret", "other"
    )

    assert (1, True) == (result.exit_code, "401 {" in result.stdout)
    assert "--secret must be that of the endpoint" in result.stderr


def test_a_secret_is_read_where_the_settings_read_theirs(
    shell: Shell, served: str
) -> None:
    (shell.folder / ".env").write_text(f"MY_SHOP_SECRET={TEST_SECRETS['shopify']}\n")
    words = ["trigger", "shopify", "orders-paid", "--to", f"{served}/shopify"]
    taken = shell.run(*words, "--secret", "env:MY_SHOP_SECRET")
    missing = shell.run(*words, "--secret", "env:OTHER_SECRET")

    assert (0, "") == (taken.exit_code, taken.stderr)
    assert (2, "") == (missing.exit_code, missing.stdout)
    assert "--secret asks for the environment variable OTHER_SECRET" in missing.stderr


def test_nobody_there_is_bad_news(shell: Shell) -> None:
    url = f"http://127.0.0.1:{shell.port}/hooks/a"
    result = shell.run("trigger", "shopify", "orders-paid", "--to", url)

    assert (1, "") == (result.exit_code, result.stdout)
    assert "does not answer (ConnectionError)" in result.stderr


def test_the_samples_are_listed(shell: Shell) -> None:
    assert "orders-paid" in shell.run("trigger", "shopify").stdout
    names = shell.json("trigger", "shopify")["items"]
    assert "orders-paid" in names
    assert not [name for name in names if name.startswith("refused-")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["shopify", "orders-paid"], "--to is missing"),
        (["shopify", "nothing", "--to", "http://127.0.0.1:9/"], "no sample nothing"),
        (
            ["shopify", "refused-wrong-secret", "--to", "http://127.0.0.1:9/"],
            "no sample refused-wrong-secret: ",
        ),
        (["etsy", "orders-paid"], "'etsy' is not one of"),
    ],
)
def test_wrong_use_is_2_and_says_what_is_wrong(
    shell: Shell, words: list[str], said: str
) -> None:
    result = shell.run("trigger", *words)

    assert (2, "") == (result.exit_code, result.stdout)
    assert said in result.stderr


@pytest.mark.parametrize("end", ["", "/"])
def test_the_whole_address_of_an_unsigned_source_is_taken_as_it_is(
    shell: Shell, doors: Doors, served: str, end: str
) -> None:
    url = f"{served}/mailchimp/{TEST_SECRETS['mailchimp']}{end}"
    words = ["trigger", "mailchimp", "subscribe", "--to", url, "--secret", "unused"]
    told = shell.json(*words)

    assert 200 == told["http_status"]
    assert 1 == len(log.list_deliveries(doors.store, Filter()).lines)
