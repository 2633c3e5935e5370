"""`forwarder links`: links of our own, from a Pin to the shop in one hop."""

import csv
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.cli.links_more import funnel, qr
from forwarder.clicks.making import Flawed, made
from forwarder.clicks.targets import is_lookalike
from forwarder.core.cells import as_meant, no_formula
from forwarder.core.links import ClickClass, Link, UtmPolicy
from forwarder.store import audit, clicks
from forwarder.store import links as store
from forwarder.wiring import Wired

BOTS: Final = (ClickClass.BOT_UA, ClickClass.EMPTY_UA, ClickClass.RATE)
PLAIN: Final = (
    ClickClass.PREVIEW,
    ClickClass.PREFETCH,
    ClickClass.HEAD,
    ClickClass.INTERNAL,
)
COLUMNS: Final = (
    "slug", "to", "campaign", "pin_id", "utm_policy", "expires", "fallback",
)  # fmt: skip
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


@links.command("add")
@click.argument("slug")
@click.option("--to", required=True, metavar="URL", help="Where the link leads.")
@_with_fields
def add(*, as_json: bool, **given: Any) -> None:  # noqa: ANN401  click's
    r"""Make a link: PUBLIC_URL/go/SLUG.

    \b
    Example:
      forwarder links add spring --to https://shop.example.com/spring --pin 123456
    """
    wired = ready_or_exit()
    link = _made_or_exit(wired, given)
    now = wired.store.now()
    if not store.add(wired.store, link, now):
        stop_wrong_use(f"there is a link {link.slug}: change it with `links edit`")
    audit.note(wired.store, who(), "link added", link.slug, now, link.to)
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
    link = _made_or_exit(wired, {**_as_row(known), "slug": slug, **told})
    _change(wired, replace(link, is_paused=known.is_paused), "link changed")
    _show(wired, link, as_json=as_json)


@links.command("pause")
@click.argument("slug")
def pause(slug: str) -> None:
    """Let a link lead to its fallback until it is resumed."""
    wired = ready_or_exit()
    link = replace(_find_or_exit(wired, slug), is_paused=True)
    _change(wired, link, "link paused")
    click.echo(f"{slug}: paused")


@links.command("resume")
@click.argument("slug")
def resume(slug: str) -> None:
    """Let a paused link lead where it was made for."""
    wired = ready_or_exit()
    link = replace(_find_or_exit(wired, slug), is_paused=False)
    _change(wired, link, "link resumed")
    click.echo(f"{slug}: open")


@links.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List all links with the clicks on each, people apart from machines."""
    wired = ready_or_exit()
    counts = clicks.counts(wired.store)
    items = [
        _as_json(wired, link, counts.get(link.slug, {}))
        for link in store.every(wired.store)
    ]
    if as_json:
        print_json({"items": items})
        return
    for one in items:
        machines = sum(n for kind, n in one["clicks"].items() if kind != "human")
        click.echo(
            f"{one['slug']}: {one['clicks']['human']:,} clicks, {machines:,} by "
            f"machines{', paused' if one['paused'] else ''}, to {one['to']}"
        )
    if not items:
        click.echo("no link yet: make one with `forwarder links add`")


@links.command("export")
def export() -> None:
    """Print all links as CSV, for `links import` elsewhere."""
    wired = ready_or_exit()
    writer = csv.writer(sys.stdout)
    writer.writerow(COLUMNS)
    for link in store.every(wired.store):
        row = _as_row(link)
        cells = (no_formula(str(row[name] or "")) for name in COLUMNS[1:])
        writer.writerow([link.slug, *cells])


@links.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what is wrong.")
def import_(*, file: Path, dry_run: bool) -> None:
    """Make the links of a CSV file, or change those that are there already.

    Nothing is kept while one row is wrong. Columns: slug, to, and any of campaign,
    pin_id, utm_policy, expires, fallback.
    """
    wired = ready_or_exit()
    found = list(_read(wired, file))
    faults = [fault for fault in found if isinstance(fault, str)]
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        sys.exit(BAD_NEWS)
    good = [link for link in found if isinstance(link, Link)]
    if not dry_run:
        now = wired.store.now()
        for link in good:
            if not store.add(wired.store, link, now):
                store.change(wired.store, link, now)
        audit.note(wired.store, who(), "links imported", file.name, now, str(len(good)))
    click.echo(f"{len(good)} links {'would be' if dry_run else 'are'} kept")


def _read(wired: Wired, file: Path) -> Iterator[Link | str]:
    with file.open(encoding="utf-8-sig", newline="", errors="replace") as opened:
        for number, row in enumerate(csv.DictReader(opened), 1):
            told = {name: as_meant(row.get(name) or "") or None for name in COLUMNS}
            try:
                yield made(told, wired.settings.clicks.allowed_hosts)
            except Flawed as flawed:
                yield f"row {number}: {flawed}"


def _made_or_exit(wired: Wired, given: Mapping[str, Any]) -> Link:
    try:
        link = made(given, wired.settings.clicks.allowed_hosts)
    except Flawed as flawed:
        stop_wrong_use(str(flawed))
    if is_lookalike(link.to):
        click.echo("note: the host holds letters that look like others", err=True)
    return link


def _find_or_exit(wired: Wired, slug: str) -> Link:
    link = store.find(wired.store, slug)
    if link is None:
        stop_wrong_use(f"no link {slug}: see `forwarder links list`")
    return link


def _change(wired: Wired, link: Link, action: str) -> None:
    now: datetime = wired.store.now()
    store.change(wired.store, link, now)
    audit.note(wired.store, who(), action, link.slug, now, link.to)


def _as_row(link: Link) -> dict[str, Any]:
    over = link.expires_at
    return {
        "to": link.to,
        "campaign": link.campaign,
        "pin_id": link.pin_id,
        "utm_policy": None if link.utm_policy is None else link.utm_policy.value,
        "expires": None if over is None else over.isoformat(),
        "fallback": link.fallback,
        "arms": tuple(f"{arm.weight}={arm.to}" for arm in link.arms),
    }


def _as_json(
    wired: Wired, link: Link, counts: Mapping[ClickClass, int]
) -> dict[str, Any]:
    row = _as_row(link)
    return {
        "slug": link.slug,
        "url": f"{wired.settings.service.public_url}/go/{link.slug}",
        "to": link.to,
        "campaign": link.campaign or None,
        "pin_id": link.pin_id or None,
        "utm_policy": row["utm_policy"],
        "arms": [{"to": arm.to, "weight": arm.weight} for arm in link.arms],
        "paused": link.is_paused,
        "expires_at": row["expires"],
        "fallback": link.fallback or None,
        "clicks": {
            "human": counts.get(ClickClass.HUMAN, 0),
            "bot": sum(counts.get(kind, 0) for kind in BOTS),
            **{kind.value: counts.get(kind, 0) for kind in PLAIN},
        },
        "bots": {kind.value: counts.get(kind, 0) for kind in BOTS},
    }


def _show(wired: Wired, link: Link, *, as_json: bool) -> None:
    told = _as_json(wired, link, clicks.counts(wired.store).get(link.slug, {}))
    if as_json:
        print_json(told)
    else:
        click.echo(f"{told['url']} leads to {link.to}")
