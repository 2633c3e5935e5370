"""`forwarder db`: the tables, and copies of them."""

from dataclasses import asdict
from pathlib import Path

import click

from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    stop_wrong_use,
    who,
    wired_or_exit,
)
from forwarder.store import audit
from forwarder.store.backup import Checked, NotCopied, backup, check, open_copy
from forwarder.store.migrate import NEWEST, current_version, upgrade


@click.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
def upgrade_() -> None:
    """Bring the tables to this version: the release line of many boxes."""
    has_changed = upgrade(wired_or_exit().store)
    click.echo("the tables are new" if has_changed else "nothing to do")


@db.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
def backup_(file: Path) -> None:
    """Copy the SQLite database into a new FILE, also while the service runs.

    Keep the data keys apart from it: without them nobody reads the people in it.
    """
    store = wired_or_exit().store
    if not store.is_sqlite:
        stop_wrong_use("PostgreSQL brings its own tool: run pg_dump")
    try:
        n_bytes = backup(store, file)
    except NotCopied as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(BAD_NEWS) from None
    if current_version(store) == NEWEST:  # older tables may have no audit log yet
        audit.note(store, who(), "backup", file.name, store.now(), f"{n_bytes} bytes")
    click.echo(f"wrote {n_bytes} bytes to {file}")


@db.command("check-backup")
@click.argument(
    "file",
    required=False,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@json_option
def check_backup(*, file: Path | None, as_json: bool) -> None:
    """Say whether a copy could be used: whole, known, and opened by our data keys.

    Without FILE it checks the database of the settings, such as one that a dump of
    PostgreSQL was restored into.
    """
    store = wired_or_exit().store
    copy = store if file is None else open_copy(file, store.sealer)
    found = check(copy)
    copy.close()
    if as_json:
        print_json(asdict(found))
    else:
        _tell(found)
    if found.faults:
        raise SystemExit(BAD_NEWS)


def _tell(found: Checked) -> None:
    for fault in found.faults:
        click.echo(fault, err=True)
    if not found.counts:
        return
    counts = ", ".join(f"{n} {name}" for name, n in found.counts.items())
    click.echo(f"{counts}; {found.n_sampled} sealed values tried")
    if found.newest_at is not None:
        click.echo(
            f"The newest webhook is of {found.newest_at:%Y-%m-%d %H:%M:%S}Z. What came "
            "later is not in it: docs/privacy.md says how to get it back."
        )
