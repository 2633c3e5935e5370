"""`forwarder overview`: whether it works, and what the last 24 hours brought."""

import click

from forwarder.cli.common import BAD_NEWS, json_option, known_or_exit, print_json
from forwarder.pipeline.swiftness import Taken
from forwarder.web.at_a_glance import ANSWERS, Glance, bars, glance_json, look
from forwarder.web.telling import SANDBOXED, brief, place_text, trouble_text


@click.command()
@json_option
def overview(*, as_json: bool) -> None:
    """Say whether it works, and what became of what the last 24 hours brought.

    The exit code is 1 where something needs you.

    Example: forwarder overview
    """
    wired = known_or_exit()
    ours = {one.name: one for one in wired.destinations.values()}
    seen = look(wired.store, ours, wired.store.now())
    if as_json:
        print_json(glance_json(seen))
    else:
        if wired.is_sandbox:
            click.echo(SANDBOXED)
        _tell(seen)
    if seen.word == "trouble":
        raise SystemExit(BAD_NEWS)


def _tell(seen: Glance) -> None:
    click.echo(ANSWERS[seen.word])
    for trouble in seen.troubles:
        click.echo(f"  {trouble_text(trouble)}")
    for place in seen.held:
        click.echo(f"  {place_text(place)}")
    for alert in seen.open_alerts:
        click.echo(f"  {alert.summary} -> {alert.mend}")
    for bar in bars(seen):
        click.echo(f"{bar.label:<20}{bar.n:>10,}")
    click.echo(f"{'Quarantined':<20}{seen.n_held:>10,}")
    _tell_taken("Taken lately", seen.swiftness.lately)
    _tell_taken("Taken in 24 hours", seen.swiftness.day)


def _tell_taken(name: str, taken: Taken) -> None:
    """Say how long events took; nothing where none was taken."""
    if not taken.n:
        return
    half, most = brief(taken.p50_s), brief(taken.p95_s)
    click.echo(f"{name:<20}{taken.n:>10,}  half within {half}, 95 % within {most}")
