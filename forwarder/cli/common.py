"""What the commands share: settings or exit code 2, JSON or text."""

import os
from typing import Any, NoReturn

import click
import orjson

from config.settings import Settings, UnusableSettings, load
from forwarder.sources import SOURCES
from forwarder.store.migrate import upgrade
from forwarder.store.seal import BadKey
from forwarder.wiring import Wired, wire

BAD_NEWS = 1
WRONG_USE = 2

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def settings_or_exit() -> Settings:
    """Return the settings; with faults, print them all and exit with 2."""
    try:
        return load(os.environ, sources=SOURCES)
    except UnusableSettings as unusable:
        stop_wrong_use(str(unusable))


def wired_or_exit() -> Wired:
    """Return the wired installation; exit with 2 if the settings do not allow it."""
    try:
        return wire(settings_or_exit(), "worker")
    except BadKey as bad:
        stop_wrong_use(str(bad))


def ready_or_exit() -> Wired:
    """Return the installation with its tables there, also before the first start."""
    wired = wired_or_exit()
    if wired.store.is_sqlite:
        upgrade(wired.store)
    return wired


def stop_wrong_use(text: str) -> NoReturn:
    """Say what is wrong on standard error and exit with 2."""
    click.echo(text, err=True)
    raise SystemExit(WRONG_USE)


def print_json(data: Any) -> None:  # noqa: ANN401  whatever orjson takes
    """Print JSON for people and programs alike."""
    text = orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    click.echo(text.decode())
