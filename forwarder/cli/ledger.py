"""`forwarder ledger`: what the shop itself counted in a month, by its own clock."""

from datetime import date
from typing import Any

import click

from forwarder.cli.common import json_option, print_json, ready_or_exit
from forwarder.cli.report import month_or_exit
from forwarder.core.event import Kind
from forwarder.core.ledger import LedgerTotal, shop_days
from forwarder.core.money import from_minor, money_text
from forwarder.reconcile.words import noun
from forwarder.store.ledger import ledger_total
from forwarder.wiring import Wired


@click.command("ledger")
@click.option("--month", "month_text", required=True, help="The month, as YYYY-MM.")
@json_option
def ledger(*, month_text: str, as_json: bool) -> None:
    """Show what each shop counted: from webhooks, imported files and pulls.

    Example: forwarder ledger --month 2026-10
    """
    month = month_or_exit(month_text)
    wired = ready_or_exit()
    told = [
        _json(name, total)
        for name in wired.endpoints
        for total in _totals(wired, name, month.first_on, month.last_on)
    ]
    if as_json:
        print_json(told)
        return
    for one in told:
        _print(one)
    if not told:
        click.echo(
            f"nothing was counted in {month.text}: see `forwarder import orders`"
        )


def _totals(
    wired: Wired, endpoint: str, first_on: date, last_on: date
) -> list[LedgerTotal]:
    zone = wired.settings.endpoints[endpoint].time_zone
    since, until = shop_days(first_on, last_on, zone)
    return ledger_total(wired.store, [endpoint], since, until)


def _json(endpoint: str, total: LedgerTotal) -> dict[str, Any]:
    value = from_minor(total.value_minor, total.currency)
    return {
        "endpoint": endpoint,
        "kind": total.kind.value,
        "currency": total.currency,
        "conversions": total.n,
        "value": None if value is None else format(value.amount, "f"),
        "refunded_or_cancelled": total.n_undone,
        "from_webhooks": total.n_webhook,
        "from_books": total.n_books,
        "in_both": total.n_both,
        "left_out": {state.value: n for state, n in total.left_out.items()},
    }


def _print(told: dict[str, Any]) -> None:
    value = told["value"]
    money = "" if value is None else f", {money_text({told['currency']: value})}"
    n = told["conversions"]
    click.echo(f"{told['endpoint']}: {n:,} {noun(Kind(told['kind']), n)}{money}")
    click.echo(
        f"  from webhooks {told['from_webhooks']:,}, from files and pulls "
        f"{told['from_books']:,}, in both {told['in_both']:,}, refunded or cancelled "
        f"{told['refunded_or_cancelled']:,}"
    )
    for state, n in told["left_out"].items():
        click.echo(f"  left out, {state}: {n:,}")
