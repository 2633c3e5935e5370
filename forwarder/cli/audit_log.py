"""`forwarder audit-log`: who did what, and whether anybody touched the log."""

from collections.abc import Iterator
from dataclasses import asdict

import click

from forwarder.alerts.conditions import number
from forwarder.cli.common import BAD_NEWS, json_option, known_or_exit, print_json
from forwarder.store import audit
from forwarder.store.audit import Verified, Wanted
from forwarder.web.shapes import trail_json


@click.command("audit-log")
@click.option("--who", help="Only what this user, key or shell did.")
@click.option("--action", help="Only this action, such as replay or erase.")
@click.option(
    "--limit",
    type=click.IntRange(1, audit.PAGE_MAX),
    default=audit.PAGE,
    show_default=True,
)
@click.option("--cursor", type=int, help="Go on after the page that named it.")
@click.option("--verify", is_flag=True, help="Check the whole chain instead.")
@click.option("--head", default="", help="With --verify: a head noted earlier.")
@json_option
def audit_log(  # noqa: PLR0913 - one per option
    *,
    who: str | None,
    action: str | None,
    limit: int,
    cursor: int | None,
    verify: bool,
    head: str,
    as_json: bool,
) -> None:
    """Show who did what, newest first.

    Example: forwarder audit-log --action erase
    """
    store = known_or_exit().store
    if verify:
        _tell(audit.verify(store, head), as_json=as_json)
        return
    wanted = Wanted(who=who, action=action, before_id=cursor)
    trail = audit.entries(store, wanted, limit)
    if as_json:
        print_json(trail_json(trail))
        return
    for one in trail.entries:
        click.echo(_line(one))
    if not trail.entries:
        click.echo("nobody did anything that matches")


def _line(one: audit.Entry) -> str:
    told = f"{one.who:<19} {one.action:<21} {one.subject}  {one.detail}"
    return f"{one.at:%Y-%m-%d %H:%M:%S}Z  {told}".rstrip()


def _tell(found: Verified, *, as_json: bool) -> None:
    """Print what the check found; exit with 1 if anything is wrong."""
    faults = list(_faults(found))
    if as_json:
        print_json({**asdict(found), "faults": faults})
    else:
        for fault in faults:
            click.echo(fault, err=True)
        whole = "" if faults else "nobody touched the log: "
        entries = number(found.n_entries, "entry", "entries")
        click.echo(f"{whole}{entries}, head {found.head}")
    if faults:
        raise SystemExit(BAD_NEWS)


def _faults(found: Verified) -> Iterator[str]:
    if found.broken_at is not None:
        yield (
            f"entry {found.broken_at} was changed, or one before it was removed: "
            "compare with a backup"
        )
    if not found.is_signed:
        yield "a signature is wrong: somebody wrote past us; compare with a backup"
    if found.n_unsigned:
        yield (
            f"no data key in the settings signed the last {found.n_unsigned}: put the "
            "key back that was used then"
        )
    if not found.knows_head:
        yield "the head noted earlier is gone: entries were cut off since"
