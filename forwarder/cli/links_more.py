"""`forwarder links qr`, `forwarder links funnel` and `forwarder links page`."""

from datetime import date, timedelta
from pathlib import Path

import click

from forwarder.alerts.conditions import number
from forwarder.cli.common import (
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.clicks import funnel as funnels
from forwarder.clicks.funnel import Funnel
from forwarder.clicks.making import Flawed
from forwarder.clicks.making_bio import made_bio
from forwarder.clicks.told import qr_address, qr_svg
from forwarder.core.money import money_text
from forwarder.store import audit
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
    public_url = wired.settings.service.public_url
    drawn = qr_svg(slug, public_url)
    if out is None:
        click.echo(drawn)
    else:
        out.write_text(drawn, encoding="utf-8")
        click.echo(f"{out}: {qr_address(slug, public_url)}")


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
    by_first = wired.settings.clicks.model == "first"
    of_links = funnels.of_links(wired.store, first, last, by_first=by_first)
    known = store.every(wired.store)
    campaigns = funnels.of_campaigns(wired.store, of_links, known, first, last)
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
    if not of_links:
        click.echo("no link yet: make one with `forwarder links add`")


def _day(given: str | None, otherwise: date) -> date:
    try:
        return otherwise if given is None else date.fromisoformat(given)
    except ValueError:
        stop_wrong_use("a day is written as 2026-11-03")


def _line(one: Funnel) -> str:
    told = one.as_json()["first_party"]
    theirs = "?" if one.platform_clicks is None else f"{one.platform_clicks:,}"
    revenue = money_text(told["revenue"]) or "no revenue"
    return (
        f"{one.name}: Pinterest {theirs} clicks | here "
        f"{number(one.captured, 'click')}, {number(one.landings, 'landing')}, "
        f"{number(one.sign_ups, 'sign-up')}, {number(one.orders, 'order')}, "
        f"{revenue}\n  {one.says}{_beside(one)}"
    )


def _beside(one: Funnel) -> str:
    """Return what is known of a campaign's orders that nothing ties to a click."""
    if one.same_day is None or not one.same_day.orders:
        return ""
    return (
        "\n  Orders that name it on a day it was clicked, tied to no click and in no "
        f"number above: {one.same_day.orders:,}"
    )


@click.command("page")
@click.argument("name")
@click.option("--title", default="", help="What stands at its top; by default NAME.")
@click.option(
    "--link", "entries", multiple=True, metavar="SLUG[=LABEL]",
    help="A link to show, in order; give it several times.",
)  # fmt: skip
@click.option("--drop", is_flag=True, help="Take the page away.")
def page(*, name: str, title: str, entries: tuple[str, ...], drop: bool) -> None:
    """Make a page of links for a profile: PUBLIC_URL/b/NAME."""
    wired = ready_or_exit()
    now = wired.store.now()
    if drop:
        if not store.drop_bio(wired.store, name):
            stop_wrong_use(f"no page {name}")
        audit.note(wired.store, who(), "link page dropped", name, now)
        click.echo(f"{name}: taken away")
        return
    known = {link.slug for link in store.every(wired.store)}
    try:
        bio = made_bio(name, title, entries, known)
    except Flawed as flawed:
        stop_wrong_use(str(flawed))
    store.keep_bio(wired.store, bio, now)
    audit.note(wired.store, who(), "link page kept", name, now)
    click.echo(f"{wired.settings.service.public_url}/b/{name}")
