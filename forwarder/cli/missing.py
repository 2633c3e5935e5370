"""`forwarder import-missing`: ask a shop what its webhooks never told."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from forwarder.asking import NoAnswer
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.hookups import why_not
from forwarder.pipeline import fetching, missing
from forwarder.pipeline.missing import Plan, Window
from forwarder.pipeline.receive import Endpoint
from forwarder.pulls import ALL, ORDERS, PEOPLE
from forwarder.store import audit
from forwarder.web.words import NOT_TAKEN
from forwarder.wiring import Wired, told_by_api


@click.command("import-missing")
@click.option("--endpoint", required=True, help="The name of a webhook address.")
@click.option("--since", "since_text", required=True, help="A date or time (UTC).")
@click.option("--until", "until_text", default="", help="Now, if not given.")
@click.option(
    "--what",
    type=click.Choice([ORDERS, PEOPLE, ALL]),
    default=ALL,
    show_default=True,
    help="people: subscribers and customers.",
)
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def import_missing(  # noqa: PLR0913
    *,
    endpoint: str,
    since_text: str,
    until_text: str,
    what: str,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Fetch orders and people from the shop's API and send what no webhook told.

    Counts first, then asks, then runs. An event has the same id whichever way it came,
    so nothing is counted twice.

    Example: forwarder import-missing --endpoint my-shop --since 2026-11-01
    """
    if as_json and not (yes or dry_run):
        stop_wrong_use("--json asks nothing: say --yes to run, or --dry-run to count")
    wired = ready_or_exit()
    known = _askable(wired, endpoint, what)
    now = wired.store.now()
    window = Window(
        since=_at("--since", since_text, now), until=_at("", until_text, now)
    )
    found = _plan(wired, known, what, window)
    counts = fetching.counts_of(found, now - _max_age(wired, known))
    if not as_json:
        click.echo(told_in_words(counts))
    n_new = 0
    n_booked = 0 if dry_run else missing.book(found, wired.store, now)
    is_wanted = found.n_missing > 0 and not dry_run
    if is_wanted and (yes or click.confirm("Send them?")):
        n_new = missing.feed(found, wired.store)
        detail = f"{n_new} of {found.n_missing} events, since {window.since:%Y-%m-%d}"
        audit.note(wired.store, who(), "missing imported", endpoint, now, detail)
    if as_json:
        print_json(_json(endpoint, counts, n_new) | {"booked": n_booked})
    elif not dry_run:
        click.echo(
            f"{n_new} taken in, the worker sends them; {n_booked} new in the books"
        )


def _askable(wired: Wired, name: str, what: str) -> Endpoint:
    """Return the endpoint; exit with 2 and a sentence if its shop cannot be asked."""
    endpoint = wired.endpoints.get(name)
    if endpoint is None:
        names = ", ".join(sorted(wired.endpoints)) or "none"
        stop_wrong_use(f"no endpoint is named {name}; known: {names}")
    why = missing.why_not(endpoint, what)
    if why:
        stop_wrong_use(why)
    return endpoint


def _plan(wired: Wired, endpoint: Endpoint, what: str, window: Window) -> Plan:
    notices = told_by_api(endpoint, what, window.since, window.until, time.sleep)
    try:
        return missing.plan(endpoint, notices, wired.store, window, wired.store.now())
    except NoAnswer as none:
        click.echo(f"{endpoint.name}: {why_not(none)}; nothing was sent", err=True)
        raise SystemExit(BAD_NEWS) from None


def _max_age(wired: Wired, endpoint: Endpoint) -> timedelta:
    ages = {d.name: d.max_age for d in wired.destinations.values()}
    return ages[endpoint.destination]


def _at(option: str, text: str, now: datetime) -> datetime:
    if not text and not option:
        return now
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        stop_wrong_use(f"{option or '--until'} {text} is no date; such as 2026-11-01")
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def told_in_words(counts: Mapping[str, int]) -> str:
    """Return what a shop told, a line for each word."""
    missing_of = fetching.by_kind(counts)
    n = {word: fetching.total(counts, word) for word in fetching.WORDS}
    parts = [
        f"{n[fetching.TOLD]} told by the shop",
        f"{n[fetching.KNOWN]} known",
        f"{n[fetching.MISSING]} missing",
    ]
    kinds = {kind: found[fetching.MISSING] for kind, found in missing_of.items()}
    if any(kinds.values()):
        parts[-1] += f" ({', '.join(f'{kind} {n}' for kind, n in kinds.items() if n)})"
    parts += [f"{n[word]} {told}" for word, told in NOT_TAKEN.items() if n[word]]
    return "\n".join(parts)


def _json(endpoint: str, counts: Mapping[str, int], n_new: int) -> dict[str, Any]:
    kinds = fetching.by_kind(counts)
    return {
        "endpoint": endpoint,
        "told": fetching.total(counts, fetching.TOLD),
        "known": fetching.total(counts, fetching.KNOWN),
        "missing": fetching.total(counts, fetching.MISSING),
        "kinds": {
            kind: found[fetching.MISSING]
            for kind, found in kinds.items()
            if found[fetching.MISSING]
        },
        "by_kind": kinds,
        "ignored": fetching.total(counts, fetching.NO_CONVERSION),
        "outside": fetching.total(counts, fetching.OUTSIDE),
        "unreadable": fetching.total(counts, fetching.NOT_UNDERSTOOD),
        "too_old": fetching.total(counts, fetching.TOO_OLD),
        "taken_in": n_new,
    }
