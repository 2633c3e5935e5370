"""`forwarder quality`: by what people can be recognised, and what would raise it."""

from datetime import timedelta

import click

from forwarder.cli.common import json_option, known_or_exit, print_json, stop_wrong_use
from forwarder.pipeline.quality import Match, keyless, matches
from forwarder.store import glance
from forwarder.web.quality_words import name_of, nothing_known, percent, sentence
from forwarder.web.shapes_quality import quality_json


@click.command()
@click.option("--endpoint", "name", help="Only this one; every one if not given.")
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    default=7,
    show_default=True,
    help="How far back.",
)
@json_option
def quality(name: str | None, days: int, *, as_json: bool) -> None:
    """Show by what the platform can recognise people, and what would raise that.

    Judged by the newest events of each endpoint and kind.

    Example: forwarder quality --endpoint my-shop
    """
    wired = known_or_exit()
    if name is not None and name not in wired.endpoints:
        known = ", ".join(sorted(wired.endpoints)) or "none"
        stop_wrong_use(f"no endpoint is named {name}; known: {known}")
    since = wired.store.now() - timedelta(days=days)
    found = matches(wired.store, since, name, keyless(wired.endpoints))
    if as_json:
        funnel = glance.funnel(wired.store, since)
        print_json(quality_json(since, funnel, found))
        return
    if not found:
        click.echo(f"nothing was sent in {days} days: see `forwarder events list`")
    for one in found:
        _tell(one)


def _tell(match: Match) -> None:
    click.echo(f"{match.endpoint}: {match.kind}, the newest {match.n}")
    if not match.n_written:
        click.echo(f"  {nothing_known(match)}")
    for share in match.shares if match.n_written else ():
        click.echo(f"  {name_of(share.name):<24}{percent(share.share):>10}")
    if match.fresh_share is not None:
        click.echo(f"  {'Within the hour':<24}{percent(match.fresh_share):>10}")
    for advice in match.advice:
        click.echo(f"  -> {sentence(advice, match)}")
    click.echo()
