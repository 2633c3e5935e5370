"""The example, the page of settings and the core's words say what the settings say."""

import tomllib
from base64 import urlsafe_b64encode
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import pytest

from config.docs import ROOT, example_toml, settings_md
from config.settings import (
    PATH_SECRET_SOURCES,
    DestinationSettings,
    EndpointSettings,
    Service,
    load,
)
from config.values import told_of
from forwarder.core.event import Kind
from forwarder.core.source import Options
from forwarder.sources import SOURCES

KEY = urlsafe_b64encode(bytes(32)).decode()


def test_the_example_is_what_the_settings_say() -> None:
    assert example_toml() == (ROOT / "config/example.toml").read_text(encoding="utf-8")


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    assert settings_md() == (ROOT / "docs/settings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("every_line_counts", [False, True])
def test_the_example_can_be_loaded(tmp_path: Path, every_line_counts: bool) -> None:  # noqa: FBT001
    text = example_toml()
    if every_line_counts:  # the defaults, too, are written as the file wants them
        text = "\n".join(
            line.removeprefix("#") if line[:1] == "#" and line[1:2] != " " else line
            for line in text.splitlines()
        )
    path = tmp_path / "forwarder.toml"
    path.write_text(text, encoding="utf-8")
    env = {"FORWARDER_DATA_KEY": KEY, "PINTEREST_TOKEN": "x", "SHOPIFY_SECRET": "y" * 8}
    settings = load(env, path, sources=SOURCES)

    assert () == settings.doubts
    tables = set(tomllib.loads(text))
    assert {
        "alerts", "clicks", "collect", "kpi", "reports", "service", "destinations",
        "endpoints",
    } == tables  # fmt: skip


@pytest.mark.parametrize("group", [Service, DestinationSettings, EndpointSettings])
def test_every_setting_has_help_and_numbers_have_units(group: type[object]) -> None:
    hints = get_type_hints(group)
    told = {one.name: told_of(one) for one in fields(cast("Any", group))}

    assert [] == [
        name for name, one in told.items() if not one.help.endswith((".", "v5"))
    ]
    assert [] == [
        name for name, one in told.items() if hints[name] is int and not one.unit
    ]
    assert [] == [
        name for name, one in told.items() if hints[name] is int and one.most is None
    ]


def test_an_endpoint_has_every_option_of_a_source_and_its_default() -> None:
    ours = {one.name: one.default for one in fields(EndpointSettings)}
    options = {one.name: one.default for one in fields(Options) if one.name != "shop"}

    assert options == {name: ours[name] for name in options}


def test_an_endpoint_offers_the_words_that_a_source_reads() -> None:
    ours, theirs = get_type_hints(EndpointSettings), get_type_hints(Options)
    words = {
        name: set(get_args(hint))
        for name, hint in theirs.items()
        if get_origin(hint) is Literal
    }

    assert words == {name: set(get_args(ours[name])) for name in words}
    assert set(get_args(ours["newsletter_kind"])) <= {kind.value for kind in Kind}
    assert set(get_args(ours["form_kind"])) <= {kind.value for kind in Kind}


def test_every_source_whose_address_is_its_secret_is_on_the_roll() -> None:
    assert set(SOURCES) >= PATH_SECRET_SOURCES
