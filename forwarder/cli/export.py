"""`forwarder events export`: the delivery log as a file."""

from itertools import count
from pathlib import Path

import click

from forwarder.alerts.conditions import number
from forwarder.cli.common import json_option, ready_or_exit, who
from forwarder.cli.picking import filter_options, read_or_exit
from forwarder.store import audit
from forwarder.web import export as files


@click.command()
@filter_options
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write here instead of to standard output.",
)
@json_option
def export(*, out: Path | None, as_json: bool, **given: str) -> None:
    """Write all deliveries of a filter as CSV, newest first; with --json as NDJSON.

    Nobody's data is in it, and no cell is a formula. The audit log notes it.
    """
    wanted, _ = read_or_exit(given)
    store = ready_or_exit().store
    form = files.NDJSON if as_json else files.CSV
    told = " ".join([form, *(f"{name}={text}" for name, text in given.items() if text)])
    audit.note(store, who(), "exported", "deliveries", store.now(), told)
    n_told = count()
    every = files.every_line(store, wanted)
    lines = (line for line, _ in zip(every, n_told, strict=False))
    pieces = files.pieces(lines, form)
    if out is None:
        for piece in pieces:
            click.echo(piece, nl=False)
    else:
        with out.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
    where = "" if out is None else f" written to {out}"
    click.echo(f"{number(next(n_told), 'delivery', 'deliveries')}{where}", err=True)
