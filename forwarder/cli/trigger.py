"""`forwarder trigger`: post a genuine sample webhook, freshly signed."""

import os
import re
from dataclasses import replace
from datetime import UTC, datetime

import click
import requests

from config.settings import secret_of
from config.values import Unfit
from forwarder.cli.common import BAD_NEWS, json_option, print_json, stop_wrong_use
from forwarder.core.event import Notice
from forwarder.samples import REFUSED, TEST_SECRETS, any_serial, cases, fresh
from forwarder.sources import SOURCES

TIMEOUT_S = (3, 20)
UNAUTHORIZED = 401
_REFUSED_AS_FORGED = (
    "--secret must be that of the endpoint: as its `secrets` has it in forwarder.toml, "
    "such as --secret env:MY_SHOP_SECRET"
)
_HAS_SECRET = re.compile(r"/hooks/[^/?#]+/[^/?#]+\Z")


@click.command()
@click.argument("source", type=click.Choice(sorted(SOURCES)))
@click.argument("case", default="")
@click.option(
    "--to", "url", default="", help="The webhook address, as `init` printed it."
)
@click.option(
    "--secret",
    default="",
    help="The endpoint's own, as env:NAME (also from .env); else that of the samples.",
)
@click.option(
    "--signed-url",
    default="",
    help="Where the address is signed too (HubSpot): as public_url has it. Else --to.",
)
@json_option
def trigger(
    source: str, case: str, url: str, secret: str, signed_url: str, *, as_json: bool
) -> None:
    """Sign and post one sample webhook. Without CASE: list the samples."""
    known = [name for name in cases(source) if not name.startswith(REFUSED)]
    if not case:
        _list(known, as_json=as_json)
        return
    if case not in known:
        stop_wrong_use(f"{source} has no sample {case}: {', '.join(known)}")
    if not url:
        stop_wrong_use("--to is missing: the webhook address, as `init` printed it")
    now = datetime.now(UTC)  # noqa: TID251  a door
    used = _secret(secret) or TEST_SECRETS[source]
    notice = replace(
        fresh(source, case, used, now, any_serial()), url=signed_url or url
    )
    notice = SOURCES[source].sign(notice, used, now)
    try:
        reply = post(url, notice)
    except requests.RequestException as error:
        click.echo(f"{url} does not answer ({type(error).__name__})", err=True)
        raise SystemExit(BAD_NEWS) from None
    told = {"http_status": reply.status_code, "answer": reply.text[:2000]}
    if as_json:
        print_json(told)
    else:
        click.echo(f"{reply.status_code} {reply.text[:2000]}")
    if reply.status_code == UNAUTHORIZED:
        click.echo(_REFUSED_AS_FORGED, err=True)
    if not reply.ok:
        raise SystemExit(BAD_NEWS)


def _secret(text: str) -> str:
    try:
        return str(secret_of(text, os.environ)) if text else ""
    except Unfit as unfit:
        stop_wrong_use(f"--secret {unfit}")


def _list(known: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"items": known})
    else:
        click.echo("samples: " + ", ".join(known))


def post(
    url: str, notice: Notice, session: requests.Session | None = None
) -> requests.Response:
    """Post a notice as a shop would; an unsigned source's secret ends the address.

    An address that ends in a secret already is taken as it is.
    """
    target = url.rstrip("/")
    if notice.path_secret and _HAS_SECRET.search(target) is None:
        target = f"{target}/{notice.path_secret}"
    caller = requests if session is None else session
    return caller.post(
        target,
        data=notice.body,
        headers=dict(notice.headers),
        timeout=TIMEOUT_S,
        allow_redirects=False,
    )
