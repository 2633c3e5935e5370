"""What a door gets from file and environment, and what it is told instead."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

from config.settings import Secret, Settings, UnusableSettings, load

KEY = urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = urlsafe_b64encode(bytes(32)).decode().rstrip("=")
SECRETS = {
    "FORWARDER_DATA_KEY": KEY,
    "PINTEREST_TOKEN": "pina_token",
    "SHOPIFY_SECRET": "shpss_secret",
}
DESTINATION = """
[destinations.main]
platform = "pinterest"
ad_account_id = 549755885175
token = "env:PINTEREST_TOKEN"
"""
ENDPOINT = """
[endpoints.my-shop]
source = "shopify"
secrets = ["env:SHOPIFY_SECRET"]
destination = "main"
"""
SOURCES = ("shopify", "mailchimp")


def written(folder: Path, text: str) -> Path:
    path = folder / "forwarder.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(
    folder: Path, text: str, env: Mapping[str, str] = SECRETS
) -> tuple[str, ...]:
    with pytest.raises(UnusableSettings) as caught:
        load(env, written(folder, text), sources=SOURCES)
    return caught.value.faults


def good(folder: Path, text: str, env: Mapping[str, str] = SECRETS) -> Settings:
    return load(env, written(folder, text), sources=SOURCES)


def test_the_smallest_file_that_works(tmp_path: Path) -> None:
    settings = good(tmp_path, DESTINATION + ENDPOINT)

    assert "549755885175" == settings.destinations["main"].ad_account_id
    assert "pina_token" == settings.destinations["main"].token
    assert ("shpss_secret",) == settings.endpoints["my-shop"].secrets
    assert (KEY,) == settings.service.data_keys
    assert () == settings.doubts


def test_no_file_and_a_key_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load({"FORWARDER_DATA_KEY": KEY})

    assert f"sqlite:///{tmp_path / 'var/forwarder.db'}" == settings.service.database_url
    assert tmp_path / "var" == settings.service.data_dir


def test_the_file_of_the_current_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, DESTINATION)
    monkeypatch.chdir(tmp_path)

    assert {"main"} == set(load(SECRETS).destinations)


def test_the_file_may_be_named_by_a_variable(tmp_path: Path) -> None:
    env = {**SECRETS, "FORWARDER_CONFIG": str(written(tmp_path, DESTINATION))}

    assert {"main"} == set(load(env).destinations)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match=r"forwarder init"):
        load(SECRETS, tmp_path / "none.toml")


def test_a_file_that_is_not_toml_is_named_with_its_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "[service\n")

    assert "line 1" in fault


def test_relative_files_lie_beside_the_settings(tmp_path: Path) -> None:
    service = good(
        tmp_path,
        '[service]\ndatabase_url = "sqlite:///db/f.db"\ndata_dir = "/srv/data"\n',
    ).service

    assert f"sqlite:///{tmp_path}/db/f.db" == service.database_url
    assert Path("/srv/data") == service.data_dir


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env = {
        **SECRETS,
        "FORWARDER_DATABASE_URL": "postgres://u:p@db.example/f",
        "FORWARDER_WEB_THREADS": "16",
        "FORWARDER_DATA_KEYS": f"{OTHER_KEY}, {KEY}",
        "SENTRY_DSN": "https://key@sentry.example/1",
    }
    text = '[service]\nweb_threads = 2\ndatabase_url = "sqlite:///a.db"\n'
    service = good(tmp_path, text, env).service

    assert 16 == service.web_threads
    assert "postgresql://u:p@db.example/f" == service.database_url
    assert (OTHER_KEY, KEY) == service.data_keys
    assert "https://key@sentry.example/1" == service.sentry_dsn


def test_dotenv_beside_the_file_is_read_and_the_environment_wins(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text(
        f"FORWARDER_DATA_KEY={KEY}\nPINTEREST_TOKEN=from-$HOME-file\n"
        "SHOPIFY_SECRET=weaker\n",
        encoding="utf-8",
    )
    settings = good(tmp_path, DESTINATION + ENDPOINT, {"SHOPIFY_SECRET": "stronger"})

    assert "from-$HOME-file" == settings.destinations["main"].token
    assert ("stronger",) == settings.endpoints["my-shop"].secrets


def test_secrets_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n", encoding="utf-8")
    (tmp_path / "key").write_text(KEY, encoding="utf-8")
    text = DESTINATION.replace("env:PINTEREST_TOKEN", "file:token")
    settings = good(tmp_path, text, {"FORWARDER_DATA_KEY_FILE": "key"})

    assert "from-file" == settings.destinations["main"].token
    assert (KEY,) == settings.service.data_keys


def test_a_secret_in_clear_works_and_is_doubted(tmp_path: Path) -> None:
    settings = good(tmp_path, DESTINATION.replace("env:PINTEREST_TOKEN", "in-clear"))

    assert "in-clear" == settings.destinations["main"].token
    assert ["destinations.main.token"] == [
        doubt.partition(" ")[0] for doubt in settings.doubts
    ]
    assert "in-clear" not in " ".join(settings.doubts)


def test_customers_data_over_plain_http_is_doubted(tmp_path: Path) -> None:
    text = '[service]\npublic_url = "http://events.example.com"\n'

    assert "TLS" in good(tmp_path, text).doubts[0]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        """
        stray = 1
        [service]
        web_thread = 3
        web_threads = true
        [destination.x]
        [destinations.main]
        platform = "pintrest"
        ad_account_id = "act_1"
        token = "env:NOWHERE"
        base_url = "http://api.pinterest.com/v5"
        test_mode = "perhaps"
        [endpoints."My Shop"]
        source = "shopfy"
        secrets = ["env:SHOPIFY_SECRET"]
        destination = "mian"
        """,
    )

    assert [
        (
            "[stray] is not known; known: alerts, clicks, collect, destinations, "
            "endpoints, kpi, reports, service."
        ),
        "[destination] is not known; did you mean destinations?",
        "service.web_thread is not known; did you mean web_threads?",
        "service.web_threads must be a whole number",
        "destinations.main.platform must be one of pinterest",
        "destinations.main.ad_account_id must hold digits only",
        "destinations.main.token asks for the environment variable NOWHERE, ",
        "destinations.main.base_url must start with https:// ",
        "destinations.main.test_mode must be true or false",
        "[endpoints.My Shop] is no name: small letters, digits, - and _ only",
        "endpoints.My Shop.destination names [destinations.mian], ",
        'endpoints.My Shop.source "shopfy" is not known; did you mean shopify?',
    ] == [re.split(r"\. Example|(?<=, )which|(?<= )\(http", one)[0] for one in found]


def test_a_missing_data_key_says_what_makes_one(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "", {})

    assert fault.startswith("service.data_keys asks for")
    assert "`forwarder init` makes one" in fault


def test_where_there_is_no_file_that_is_said_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableSettings) as unusable:
        load({})
    first, second = unusable.value.faults

    assert first.startswith(f"no forwarder.toml in {tmp_path}: go to its folder, ")
    assert second.startswith("service.data_keys asks for")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    (fault,) = faults(
        tmp_path, DESTINATION.replace('token = "env:PINTEREST_TOKEN"', "")
    )

    assert "destinations.main.token is missing." in fault


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('broker_url = "memory://"', "must not be memory://"),
        ('broker_url = "sqs://"', "must start with redis:// or amqp://"),
        ('database_url = "mysql://x/y"', "must start with sqlite:/// or postgresql://"),
        ('database_url = "sqlite://"', "must name a file"),
        ('database_url = "sqlite:///:memory:"', "must name a file"),
        ('public_url = "events.example.com"', "must be http:// or https://"),
        ('public_url = "https://e.example.com/x"', "must end after the host"),
        ('public_url = "https://e.example.com:port"', "is not an address"),
        ('sentry_dsn = "https://sentry.example"', "must look like"),
        ('data_keys = ["c2hvcnQ"]', "has a key 1 that is not 32 bytes"),
        ("data_keys = []", "needs at least one key"),
        ("data_keys = 7", "must be a list"),
        (f'data_keys = ["{KEY}", "{KEY}"]', "holds one key twice"),
        ('data_keys = ["file:none"]', "asks for the file none, which cannot be read"),
        ("web_threads = 0", "must be at least 1 threads"),
        ("web_threads = 1000", "must be at most 128 threads"),
        ("keep_log_days = 7", "must be at least 30 days"),
        ('log_level = "loud"', "must be one of debug, info, warning, error"),
        ('public_url = "https://e\\nx"', "holds a line break"),
        ("public_url = 1.5", "must be a text"),
        ('data_dir = "/"', "must be a folder of its own"),
    ],
)
def test_a_service_key_is_checked(tmp_path: Path, line: str, sentence: str) -> None:
    (fault,) = faults(tmp_path, f"[service]\n{line}\n")

    assert sentence in fault
    assert f"Example: {line.split(maxsplit=1)[0]} = " in fault


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('event_id = "{shop}:{kind}"', "must hold {order_id}"),
        ('event_id = "{order_id}{secret}"', "may hold only"),
        ('event_id = "{order_id.__class__}"', "may hold only"),
        ('event_id = "{order_id:>9}"', "may hold only"),
        ('event_id = "{order_id"', "has a brace without its twin"),
        ('item_id = "fixed"', "must hold {product_id}"),
        ('country = "Germany"', "must be two letters"),
        ('zero_value = "no"', "must be one of send, omit, skip"),
        ('newsletter_kind = "refund"', "must be one of"),
        ("timestamp_tolerance_s = 0", "must be at least 1 seconds"),
        ('paused = "yes please"', "must be true or false"),
    ],
)
def test_an_endpoint_key_is_checked(tmp_path: Path, line: str, sentence: str) -> None:
    (fault,) = faults(tmp_path, DESTINATION + ENDPOINT + line)

    assert sentence in fault


def test_a_country_is_kept_in_upper_case(tmp_path: Path) -> None:
    text = DESTINATION + ENDPOINT + 'country = "de"\n'

    assert "DE" == good(tmp_path, text).endpoints["my-shop"].country


def test_the_sandbox_may_answer_in_clear_on_loopback(tmp_path: Path) -> None:
    text = DESTINATION + 'base_url = "http://127.0.0.1:9/v5/"\n'

    assert "http://127.0.0.1:9/v5" == good(tmp_path, text).destinations["main"].base_url


def test_an_address_that_is_the_secret_must_be_long(tmp_path: Path) -> None:
    text = DESTINATION + ENDPOINT.replace("shopify", "mailchimp")
    (fault,) = faults(tmp_path, text, {**SECRETS, "SHOPIFY_SECRET": "short"})
    strong = {**SECRETS, "SHOPIFY_SECRET": "a" * 22}

    assert "at least 22 letters" in fault
    assert ("a" * 22,) == good(tmp_path, text, strong).endpoints["my-shop"].secrets


@pytest.mark.parametrize("secret", ["x", "1234567"])
def test_a_secret_that_proves_nothing_is_refused(tmp_path: Path, secret: str) -> None:
    text = DESTINATION + ENDPOINT
    (fault,) = faults(tmp_path, text, SECRETS | {"SHOPIFY_SECRET": secret})

    assert "secret 1 is too short" in fault
    assert "at least 8 characters" in fault
    assert secret not in fault.replace("secret 1", "").replace("at least 8", "")
    good(tmp_path, text, SECRETS | {"SHOPIFY_SECRET": "12345678"})


def test_a_table_that_is_no_table_is_told(tmp_path: Path) -> None:
    assert ("[endpoints] must be a table.",) == faults(tmp_path, "endpoints = 3")


def test_no_secret_is_shown(tmp_path: Path) -> None:
    env = {**SECRETS, "FORWARDER_DATABASE_URL": "postgresql://u:hidden@db.example/f"}
    settings = good(tmp_path, DESTINATION + ENDPOINT, env)
    shown = repr(settings)

    assert "Secret('')" == repr(Secret(""))
    assert [] == [secret for secret in (*SECRETS.values(), "hidden") if secret in shown]


def test_a_fault_does_not_quote_a_secret(tmp_path: Path) -> None:
    env = {**SECRETS, "FORWARDER_DATA_KEY": "hidden", "SENTRY_DSN": "hidden"}

    assert "hidden" not in " ".join(faults(tmp_path, "", env))


def test_a_setting_of_the_environment_is_named_as_such(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, "", {**SECRETS, "FORWARDER_WEB_THREADS": "many"})

    assert fault.startswith("FORWARDER_WEB_THREADS (service.web_threads) must be")


def test_a_misspelt_variable_is_doubted(tmp_path: Path) -> None:
    env = {**SECRETS, "FORWARDER_WEB_THREAD": "9", "FORWARDER_SANDBOX_URL": "x"}

    assert (
        "FORWARDER_WEB_THREAD is not read; did you mean FORWARDER_WEB_THREADS?",
    ) == good(tmp_path, "", env).doubts
