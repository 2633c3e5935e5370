"""`forwarder links`: links of our own, from a Pin to the shop in one hop."""

import sys
from pathlib import Path
from typing import Any, Final

import click

from forwarder.alerts.conditions import number
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.cli.links_more import funnel, page, qr
from forwarder.clicks.keeping import Keeper
from forwarder.clicks.making import Flawed
from forwarder.clicks.targets import is_lookalike
from forwarder.clicks.told import as_csv, as_data, read_csv
from forwarder.core.links import Link, UtmPolicy
from forwarder.store import clicks
from forwarder.store import links as store
from forwarder.wiring import Wired

_FIELDS: Final = (
    click.option("--campaign", help="The campaign it belongs to."),
    click.option("--pin", "pin_id", metavar="ID", help="The Pin that carries it."),
    click.option(
        "--utm-policy",
        type=click.Choice([one.value for one in UtmPolicy]),
        help="Whose utm fields count; by default as the settings say.",
    ),
    click.option(
        "--arm", "arms", multiple=True, metavar="WEIGHT=URL",
        help="One of several destinations to compare; give it several times.",
    ),
    click.option("--expires", metavar="TIME", help="When it ends, as 2026-12-31."),
    click.option("--fallback", metavar="URL", help="Where it leads when it is over."),
    click.option(
        "--code", help="The discount code that stands for this link and no other."
    ),
    json_option,
)  # fmt: skip


def _with_fields(command: Any) -> Any:  # noqa: ANN401  click's own decorators
    for option in reversed(_FIELDS):
        command = option(command)
    return command


@click.group()
def links() -> None:
    """Make links that lead to the shop in one hop and tell which order they brought."""


links.add_command(qr)
links.add_command(funnel)
links.add_command(page)


@links.command("add")
@click.argument("slug")
@click.option("--to", required=True, metavar="URL", help="Where the link leads.")
@_with_fields
def add(*, as_json: bool, **given: Any) -> None:  # noqa: ANN401  click's
    """Make a link: PUBLIC_URL/go/SLUG."""
    wired = ready_or_exit()
    try:
        link = _keeper(wired).add(given)
    except Flawed as flawed:
        stop_wrong_use(str(flawed))
    _show(wired, link, as_json=as_json)


@links.command("edit")
@click.argument("slug")
@click.option("--to", metavar="URL", help="Where the link leads.")
@_with_fields
def edit(*, slug: str, as_json: bool, **given: Any) -> None:  # noqa: ANN401  click's
    """Change what is given of a link; the rest stays."""
    wired = ready_or_exit()
    known = _find_or_exit(wired, slug)
    told = {name: value for name, value in given.items() if value not in (None, ())}
    try:
        link = _keeper(wired).edit(known, told)
    except Flawed as flawed:
        stop_wrong_use(str(flawed))
    _show(wired, link, as_json=as_json)


@links.command("pause")
@click.argument("slug")
def pause(slug: str) -> None:
    """Let a link lead to its fallback until it is resumed."""
    wired = ready_or_exit()
    _keeper(wired).pause(_find_or_exit(wired, slug))
    click.echo(f"{slug}: paused")


@links.command("resume")
@click.argument("slug")
def resume(slug: str) -> None:
    """Let a paused link lead where it was made for."""
    wired = ready_or_exit()
    _keeper(wired).resume(_find_or_exit(wired, slug))
    click.echo(f"{slug}: open")


@links.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all links with the clicks on each, people apart from machines."""
    wired = ready_or_exit()
    counts = clicks.counts(wired.store)
    public_url = wired.settings.service.public_url
    items = [
        as_data(link, public_url, counts.get(link.slug, {}))
        for link in store.every(wired.store)
    ]
    if as_json:
        print_json({"items": items})
        return
    for one in items:
        machines = sum(n for kind, n in one["clicks"].items() if kind != "human")
        people = number(one["clicks"]["human"], "click")
        click.echo(
            f"{one['slug']}: {people}, {machines:,} by machines"
            f"{', paused' if one['paused'] else ''}, to {one['to']}"
        )
    if not items:
        click.echo("no link yet: make one with `forwarder links add`")


@links.command("export")
def export() -> None:
    """Print all links as CSV, for `links import` elsewhere."""
    wired = ready_or_exit()
    click.echo(as_csv(store.every(wired.store)), nl=False)


@links.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what is wrong.")
def import_(*, file: Path, dry_run: bool) -> None:
    """Make the links of a CSV file, or change those that are there already.

    Nothing is kept while one row is wrong. Columns: slug, to, and any of campaign,
    pin_id, utm_policy, expires, fallback, code.
    """
    wired = ready_or_exit()
    text = file.read_text(encoding="utf-8", errors="replace")
    found = list(read_csv(text, wired.settings.clicks.allowed_hosts))
    faults = [fault for fault in found if isinstance(fault, str)]
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        sys.exit(BAD_NEWS)
    good = [link for link in found if isinstance(link, Link)]
    if not dry_run:
        _keeper(wired).take(good, file.name)
    done = "would be" if dry_run else "is" if len(good) == 1 else "are"
    click.echo(f"{number(len(good), 'link')} {done} kept")


def _keeper(wired: Wired) -> Keeper:
    return Keeper(
        store=wired.store,
        allowed_hosts=wired.settings.clicks.allowed_hosts,
        who=who(),
        now=wired.store.now(),
    )


def _find_or_exit(wired: Wired, slug: str) -> Link:
    link = store.find(wired.store, slug)
    if link is None:
        stop_wrong_use(f"no link {slug}: see `forwarder links list`")
    return link


def _show(wired: Wired, link: Link, *, as_json: bool) -> None:
    if is_lookalike(link.to):
        click.echo("note: the host holds letters that look like others", err=True)
    counts = clicks.counts(wired.store).get(link.slug, {})
    told = as_data(link, wired.settings.service.public_url, counts)
    if as_json:
        print_json(told)
    else:
        click.echo(f"{told['url']} leads to {link.to}")
