"""`forwarder links qr` and `forwarder links funnel`."""

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import click
import segno

from forwarder.cli.common import json_option, print_json, ready_or_exit, stop_wrong_use
from forwarder.clicks import funnel as funnels
from forwarder.clicks.funnel import Funnel
from forwarder.store import links as store

DAYS = 28


@click.command("qr")
@click.argument("slug")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path),
    help="The SVG file to write; by default it is printed.",
)  # fmt: skip
def qr(slug: str, out: Path | None) -> None:
    """Make the QR code of a link as SVG; scans of it are counted apart."""
    wired = ready_or_exit()
    if store.find(wired.store, slug) is None:
        stop_wrong_use(f"no link {slug}: see `forwarder links list`")
    url = f"{wired.settings.service.public_url}/go/{slug}?qr=1"
    drawn = BytesIO()
    segno.make(url, error="m", micro=False).save(drawn, kind="svg", scale=8)
    if out is None:
        click.echo(drawn.getvalue().decode())
    else:
        out.write_bytes(drawn.getvalue())
        click.echo(f"{out}: {url}")


@click.command("funnel")
@click.option("--since", metavar="DAY", help="The first day; by default 28 days ago.")
@click.option("--until", metavar="DAY", help="The last day; by default today.")
@json_option
def funnel(*, since: str | None, until: str | None, as_json: bool) -> None:
    """Show what the clicks of each link and campaign led to.

    Pinterest's clicks (from `import kpi`) and ours stand apart: neither sees all.
    """
    wired = ready_or_exit()
    last = _day(until, wired.store.now().date())
    first = _day(since, last - timedelta(days=DAYS - 1))
    of_links = funnels.of_links(wired.store, first, last)
    campaigns = funnels.by_campaign(of_links, store.every(wired.store))
    if as_json:
        print_json(
            {
                "since": f"{first}",
                "until": f"{last}",
                "links": [one.as_json() for one in of_links],
                "campaigns": [one.as_json() for one in campaigns],
            }
        )
        return
    for one in [*of_links, *campaigns]:
        click.echo(_line(one))


def _day(given: str | None, otherwise: date) -> date:
    try:
        return otherwise if given is None else date.fromisoformat(given)
    except ValueError:
        stop_wrong_use("a day is written as 2026-11-03")


def _line(one: Funnel) -> str:
    told = one.as_json()["first_party"]
    theirs = "?" if one.platform_clicks is None else f"{one.platform_clicks:,}"
    money = ", ".join(f"{amount} {name}" for name, amount in told["revenue"].items())
    return (
        f"{one.name}: Pinterest {theirs} clicks | here {one.captured:,} clicks, "
        f"{one.landings:,} landings, {one.sign_ups:,} sign-ups, {one.orders:,} orders, "
        f"{money or 'no revenue'}\n  {one.says}"
    )
