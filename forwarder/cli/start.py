"""Settings or exit code 2, without importing what only some commands need.

The web's master process stays resident: with database and HTTP it would weigh twice.
"""

import os
from collections.abc import Iterator
from typing import NoReturn

import click

from config.settings import DECLARED, Settings, UnusableSettings, load
from forwarder.sources import SOURCES
from forwarder.sources.declared import Incomplete, declared

WRONG_USE = 2


def settings_or_exit(*, is_unfinished: bool = False) -> Settings:
    """Return the settings; with faults, print them all and exit with 2.

    Unfinished ones may still hold the placeholders of `forwarder init`.
    """
    try:
        settings = load(os.environ, sources=SOURCES, is_unfinished=is_unfinished)
    except UnusableSettings as unusable:
        stop_wrong_use(str(unusable))
    faults = list(_faults_of_mappings(settings))
    if faults:
        stop_wrong_use("\n".join(faults))
    return settings


def _faults_of_mappings(settings: Settings) -> Iterator[str]:
    """Name what is wrong with mappings before a process starts and ends over it."""
    for name, endpoint in settings.endpoints.items():
        if endpoint.source == DECLARED:
            try:
                declared(endpoint.mapping.content)
            except Incomplete as incomplete:
                for fault in incomplete.faults:
                    yield f"endpoints.{name}.mapping: {fault}"


def stop_wrong_use(text: str) -> NoReturn:
    """Say what is wrong on standard error and exit with 2."""
    click.echo(text, err=True)
    raise SystemExit(WRONG_USE)
