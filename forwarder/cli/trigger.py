"""`forwarder trigger`: post a genuine sample webhook, freshly signed."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import click
import requests

from forwarder.cli.common import BAD_NEWS, json_option, print_json, stop_wrong_use
from forwarder.core.event import Notice
from forwarder.samples import REFUSED, TEST_SECRETS, any_serial, cases, fresh
from forwarder.sources import SOURCES

TIMEOUT_S = (3, 20)
_HAS_SECRET = re.compile(r"/hooks/[^/?#]+/[^/?#]+\Z")


@click.command()
@click.argument("source", type=click.Choice(sorted(SOURCES)))
@click.argument("case", default="")
@click.option(
    "--to", "url", default="", help="The webhook address, as `init` printed it."
)
@click.option(
    "--secret", default="", help="Sign with this secret instead of the sample's."
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
    """Sign and post one sample webhook. Without CASE: list the samples.

    Example: forwarder trigger shopify orders-paid --to http://127.0.0.1:8000/hooks/my-shop
    """
    known = [name for name in cases(source) if not name.startswith(REFUSED)]
    if not case:
        _list(known, as_json=as_json)
        return
    if case not in known or not url:
        names = ", ".join(known)
        stop_wrong_use(f"name one of these samples and --to URL: {names}")
    now = datetime.now(UTC)  # noqa: TID251  a door
    used = secret or TEST_SECRETS[source]
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
    if not reply.ok:
        raise SystemExit(BAD_NEWS)


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
