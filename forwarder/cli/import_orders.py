"""`forwarder import orders`: the shop's own books, from its CSV export."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from forwarder.alerts.conditions import number
from forwarder.cli.common import (
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.cli.reading import (
    code,
    pair,
    reading_options,
    said_mark,
    said_order,
    stop_with,
)
from forwarder.core.event import LOCAL_KINDS, Kind
from forwarder.core.ledger import OrderState, Origin
from forwarder.core.money import from_minor, money_text
from forwarder.reconcile.figures import newest_day
from forwarder.reconcile.orders_file import OrderPreview, read_orders
from forwarder.reconcile.orders_headings import OrderRole
from forwarder.reconcile.orders_rows import OrderOptions
from forwarder.reconcile.tag_report import Faults
from forwarder.store import audit, ledger
from forwarder.store.ledger import Added
from forwarder.wiring import Wired


@click.command("orders")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--endpoint", default="", help="Whose orders; the only one if not given.")
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Kind if kind not in LOCAL_KINDS]),
    default=Kind.CHECKOUT.value,
    show_default=True,
    help="What the rows are.",
)
@click.option("--currency", callback=code, help="When no column says it; such as EUR.")
@click.option("--time-zone", default="", help="Whose clock the times show; the shop's.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="HEADING=ROLE",
    help=f"{', '.join(OrderRole)}.",
)
@click.option(
    "--status",
    "states",
    multiple=True,
    metavar="WORD=STATE",
    help=f"What a status word means: {', '.join(OrderState)}.",
)
@reading_options
@json_option
def orders(*, file: Path, yes: bool, as_json: bool, **given: Any) -> None:  # noqa: ANN401
    """Import what the shop itself counted; names and addresses are not read.

    Example: forwarder import orders orders_export.csv --endpoint my-shop --dry-run
    """
    wired = ready_or_exit()
    read = read_orders(file.read_bytes(), _options(wired, given))
    if isinstance(read, Faults):
        stop_with(read, as_json=as_json)
    if not as_json:
        _preview(read)
    if given["dry_run"]:
        _tell(read, None, as_json=as_json)
        return
    if not (yes or as_json or click.confirm("Import this?")):
        return
    store = wired.store
    added = ledger.add(store, read.orders, Origin.FILE, store.now())
    if added.n_new or added.n_changed:
        told = f"{added.n_new} new, {added.n_changed} changed"
        audit.note(store, who(), "imported", "orders", store.now(), told)
    _tell(read, added, as_json=as_json)


def _options(wired: Wired, given: dict[str, Any]) -> OrderOptions:
    name = _endpoint(wired, given["endpoint"])
    return OrderOptions(
        endpoint=name,
        kind=Kind(given["kind"]),
        currency=given["currency"],
        time_zone=_zone(wired, name, given["time_zone"]),
        columns=dict(_column(text) for text in given["columns"]),
        states=dict(_state(text) for text in given["states"]),
        date_order=said_order(given["date_order"]),
        decimal=said_mark(given["decimal"]),
        newest_on=newest_day(wired.store.now()),
    )


def _endpoint(wired: Wired, wanted: str) -> str:
    names = list(wired.endpoints)
    if not wanted and len(names) == 1:
        return names[0]
    if not names:
        stop_wrong_use("no endpoint is set up yet: add a shop with `forwarder init`")
    if wanted not in names:
        stop_wrong_use(f"--endpoint: one of {', '.join(names)}")
    return wanted


def _zone(wired: Wired, endpoint: str, wanted: str) -> str:
    if not wanted:
        return wired.settings.endpoints[endpoint].time_zone
    try:
        ZoneInfo(wanted)
    except (KeyError, ValueError, OSError):
        stop_wrong_use(f"--time-zone {wanted} is none; such as Europe/Berlin")
    return wanted


def _column(text: str) -> tuple[str, str]:
    heading, role = pair("--column", text, "HEADING=ROLE")
    if role not in set(OrderRole):
        stop_wrong_use(f"--column {text}: one of {', '.join(OrderRole)}")
    return heading, role


def _state(text: str) -> tuple[str, OrderState]:
    word, state = pair("--status", text, "WORD=STATE")
    if state not in set(OrderState):
        stop_wrong_use(f"--status {text}: one of {', '.join(OrderState)}")
    return word, OrderState(state)


def _preview(preview: OrderPreview) -> None:
    times = [order.occurred_at for order in preview.orders]
    told = number(len(times), "order")
    click.echo(f"{told}, {min(times):%Y-%m-%d} to {max(times):%Y-%m-%d} UTC")
    for heading, role in preview.mapping:
        click.echo(f"  {heading} -> {role}")
    click.echo(f"  columns not read: {preview.n_dropped}")
    for state, n in sorted(preview.states.items()):
        click.echo(f"  {state.value}: {n}")
    for currency, total in _totals(preview).items():
        click.echo(f"  total: {money_text({currency: total})}")
    if preview.n_repeats:
        more = number(preview.n_repeats, "line")
        click.echo(f"  note: {more} of further items of an order")
    for note in preview.notes:
        click.echo(f"  note: {note}")


def _totals(preview: OrderPreview) -> dict[str, str]:
    """Return the totals in major units by currency."""
    found = {code: from_minor(n, code) for code, n in preview.totals.items()}
    return {
        money.currency: format(money.amount, "f")
        for money in found.values()
        if money is not None
    }


def _tell(preview: OrderPreview, added: Added | None, *, as_json: bool) -> None:
    counts = Added() if added is None else added
    if as_json:
        print_json(
            {
                "imported": added is not None,
                "orders": len(preview.orders),
                "new": counts.n_new,
                "changed": counts.n_changed,
                "known": counts.n_known,
                "mapping": [list(one) for one in preview.mapping],
                "columns_not_read": preview.n_dropped,
                "states": {state.value: n for state, n in preview.states.items()},
                "totals": _totals(preview),
                "notes": list(preview.notes),
            }
        )
    elif added is None:
        click.echo("nothing was stored")
    else:
        click.echo(
            f"{added.n_new} new, {added.n_changed} brought up to date, "
            f"{added.n_known} known already"
        )
