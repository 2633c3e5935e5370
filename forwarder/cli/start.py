"""Settings or exit code 2, without importing what only some commands need.

The web's master process stays resident: with database and HTTP it would weigh twice.
"""

import os
from typing import NoReturn

import click

from config.settings import Settings, UnusableSettings, load
from forwarder.sources import SOURCES

WRONG_USE = 2


def settings_or_exit() -> Settings:
    """Return the settings; with faults, print them all and exit with 2."""
    try:
        return load(os.environ, sources=SOURCES)
    except UnusableSettings as unusable:
        stop_wrong_use(str(unusable))


def stop_wrong_use(text: str) -> NoReturn:
    """Say what is wrong on standard error and exit with 2."""
    click.echo(text, err=True)
    raise SystemExit(WRONG_USE)
