"""The settings as people may see them: all of them, and no secret."""

from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import Settings, load
from config.shown import Ahead, Shown, ahead, shown

KEY = "a2V5LW9mLXRlc3RzLWtleS1vZi10ZXN0cy1rZXkuLi4="
SECRETS = ("pina_very-secret", "shop-secret-in-env", "shop-secret-in-clear", KEY)
FILE = """
[service]
data_keys = ["env:FORWARDER_DATA_KEY"]
keep_notice_days = 14

[destinations.main]
platform = "pinterest"
ad_account_id = "549755885175"
token = "file:token"

[endpoints.my-shop]
source = "shopify"
secrets = ["env:SHOP_SECRET", "shop-secret-in-clear"]
destination = "main"

[endpoints.declared]
source = "declared"
mapping = {name = "shop"}
secrets = ["env:SHOP_SECRET"]
destination = "main"
"""
ENV = {
    "FORWARDER_DATA_KEY": KEY,
    "SHOP_SECRET": "shop-secret-in-env",
    "FORWARDER_KEEP_PERSON_H": "48",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "forwarder.toml").write_text(FILE)
    (tmp_path / "token").write_text("pina_very-secret")
    return load(ENV, tmp_path / "forwarder.toml")


def row(settings: Settings, table: str, key: str) -> Shown:
    return next(one for one in shown(settings) if (one.table, one.key) == (table, key))


def test_every_value_says_where_it_comes_from(settings: Settings) -> None:
    told = {
        (one.table, one.key): (one.value, one.default, one.origin, one.is_default)
        for one in shown(settings)
    }

    assert ("8", "8", "default", True) == told["service", "web_threads"]
    assert ("14", "30", "settings file", False) == told["service", "keep_notice_days"]
    variable = "environment, FORWARDER_KEEP_PERSON_H"
    assert ("48", "72", variable, False) == told["service", "keep_person_h"]
    assert '"shopify"' == told["endpoints.my-shop", "source"][0]
    assert ("given", "not given") == told["endpoints.declared", "mapping"][:2]


def test_of_a_secret_only_is_told_whether_it_is_set(settings: Settings) -> None:
    secrets = row(settings, "endpoints.my-shop", "secrets")
    token = row(settings, "destinations.main", "token")
    report = row(settings, "destinations.main", "report_token")

    assert ("2 set", "settings file: env:SHOP_SECRET") == (
        secrets.value,
        secrets.origin,
    )
    assert ("set", "settings file: file:token", "") == (
        token.value,
        token.origin,
        token.default,
    )
    assert ("not set", "default", True) == (
        report.value,
        report.origin,
        report.is_secret,
    )
    assert [] == [one for one in SECRETS if one in repr(list(shown(settings)))]


def test_limits_units_and_variables_stand_beside_the_value(settings: Settings) -> None:
    kept = row(settings, "service", "keep_person_h")
    level = row(settings, "service", "log_level")

    assert ("at least 1, at most 2,160", "hours", "FORWARDER_KEEP_PERSON_H") == (
        kept.limits,
        kept.unit,
        kept.variable,
    )
    assert "one of debug, info, warning, error" == level.limits
    assert "" == row(settings, "endpoints.my-shop", "country").variable
    assert all(one.help.endswith((".", "5")) for one in shown(settings))


def test_what_a_restart_would_change_is_told_without_secrets(
    settings: Settings,
) -> None:
    assert settings.file is not None
    text = settings.file.read_text().replace("= 14", "= 21")
    settings.file.write_text(text.replace("[endpoints.declared]", "[endpoints.other]"))
    env = {**ENV, "SHOP_SECRET": "another-secret"}
    found = ahead(settings, lambda: load(env, settings.file))
    told = {(one.table, one.key): (one.now, one.then) for one in found.changes}

    assert ("14", "21") == told["service", "keep_notice_days"]
    assert ("2 set", "another one") == told["endpoints.my-shop", "secrets"]
    assert ("", '"declared"') == told["endpoints.other", "source"]
    assert ('"declared"', "") == told["endpoints.declared", "source"]
    assert ("service", "web_threads") not in told
    assert "another-secret" not in repr(found)
    assert Ahead() == ahead(settings, lambda: settings)


def test_keys_that_running_processes_take_by_themselves_ask_for_no_restart(
    settings: Settings,
) -> None:
    keys = ("another", *settings.service.data_keys)
    fresh = replace(settings, service=replace(settings.service, data_keys=keys))

    assert Ahead() == ahead(settings, lambda: fresh)


def test_what_would_stop_a_restart_is_told(settings: Settings) -> None:
    assert settings.file is not None
    settings.file.write_text(FILE.replace("= 14", '= "many"'))
    found = ahead(settings, lambda: load(ENV, settings.file))

    assert () == found.changes
    assert ["keep_notice_days"] == [
        word for word in ("keep_notice_days",) if word in found.faults[0]
    ]
