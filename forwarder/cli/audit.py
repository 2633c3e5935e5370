"""`forwarder audit`: what happens to a link on its way."""

import os
import secrets
from datetime import UTC, datetime

import click
import requests

from config.settings import UnusableSettings, load
from forwarder import outside
from forwarder.cli.common import BAD_NEWS, WRONG_USE, json_option, print_json
from forwarder.clicks.audit import Audit, Verdict, audit
from forwarder.clicks.audit_told import as_data, as_markdown, as_text
from forwarder.clicks.auditing import NO_ADDRESS, NO_ANSWER, NONCE_BYTES, mark
from forwarder.clicks.browsing import browse
from forwarder.clicks.chromium import NoBrowser
from forwarder.sources import SOURCES
from forwarder.store.seal import BadKey, Sealer


@click.command("audit")
@click.argument("url")
@click.option("--allow-host", "hosts", multiple=True, help="Where the way may end.")
@click.option(
    "--allow-private",
    is_flag=True,
    help="Call inner addresses and any port, for tests.",
)
@click.option(
    "--browser",
    is_flag=True,
    help="Go the way in a Chromium of this machine: scripts that lead on are hops.",
)
@click.option("--markdown", is_flag=True, help="Print Markdown, to pass on.")
@json_option
def audit_(
    *,
    url: str,
    hosts: tuple[str, ...],
    allow_private: bool,
    browser: bool,
    markdown: bool,
    as_json: bool,
) -> None:
    """Follow a link hop by hop; say which parameter is lost, where, and the mend.

    Exit code 0 for green, 1 for amber or red, 2 where nothing could be tried.

    Example: forwarder audit "https://example.com/spring?utm_source=pinterest"
    """
    session = outside.session(allow_private=allow_private, any_port=allow_private)
    nonce = secrets.token_hex(NONCE_BYTES)
    try:
        found = audit(session, url, nonce, _mark(), hosts)
        if browser:
            seen = browse(url, nonce, _mark(), hosts, allow_private=allow_private)
            found = Audit(walks=[*found.walks, *seen.walks])
    except NoBrowser as none:
        _stop(str(none))
    except outside.Unsafe as unsafe:
        aside = "" if allow_private else "; a machine of yours: --allow-private"
        _stop(f"{unsafe}{aside}")
    except ValueError:  # `requests` calls an address without a scheme that, too
        _stop(NO_ADDRESS)
    except requests.RequestException:
        _stop(NO_ANSWER)
    if as_json:
        print_json(as_data(found))
    else:
        click.echo(as_markdown(found) if markdown else as_text(found))
    if found.worst.verdict is not Verdict.GREEN:
        raise SystemExit(BAD_NEWS)


def _stop(told: str) -> None:
    click.echo(f"audit: {told}", err=True)
    raise SystemExit(WRONG_USE)


def _mark() -> str:
    """Return what tells our own redirector that nobody clicked, where there is one."""
    try:
        keys = load(os.environ, sources=SOURCES).service.data_keys
        return mark(Sealer(keys), datetime.now(UTC))  # noqa: TID251  a door
    except (UnusableSettings, BadKey):
        return secrets.token_hex(NONCE_BYTES)  # of use to no redirector
