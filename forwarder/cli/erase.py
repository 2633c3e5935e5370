"""`forwarder erase`: take one person out of everything that is kept."""

import re
import time
from dataclasses import asdict
from pathlib import Path

import click
import orjson

from forwarder.alerts.conditions import number
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    unseen,
    who,
)
from forwarder.core.event import Person
from forwarder.pipeline.erase import Eraser, Found, Receipt, Subject, note
from forwarder.pipeline.traces import is_whole

_EMAIL_OR_HASH = re.compile(r"[^@\s]@[^@\s]|^[0-9A-Fa-f]{64}$")
_PHONE_OR_HASH = re.compile(r"^\+?(\W*[0-9]){7,15}\W*$|^[0-9A-Fa-f]{64}$")
ROUNDS_MAX = 45
NAP_S = 2.0  # what a worker holds is let go within a minute


@click.command()
@click.option("--email", help="The address; - reads it from the terminal or a pipe.")
@click.option("--phone", help="The number with its country code; - as above.")
@click.option("--customer-id", help="The shop's own number of them; - as above.")
@click.option("--endpoint", help="Only at this endpoint; everywhere if not given.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the receipt there.",
)
@json_option
def erase(  # noqa: PLR0913 - one per option
    *,
    email: str | None,
    phone: str | None,
    customer_id: str | None,
    endpoint: str | None,
    dry_run: bool,
    yes: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Erase one person, or count what is kept of them.

    What waits to be sent ends skipped as `erased`. What was sent keeps its line in the
    log, without the person. Prefer `-`: an argument stays in the shell's history.

    Example: forwarder erase --email -
    """
    if as_json and not (yes or dry_run):
        stop_wrong_use("--json asks nothing: say --yes to run, or --dry-run to count")
    subject = Subject(person=_person(email, phone, customer_id), endpoint=endpoint)
    eraser = _eraser(endpoint)
    _warn_of_country(subject, eraser)
    found = eraser.find(subject)
    if not as_json:
        _tell(found)
    if dry_run:
        if as_json:
            print_json(_counts(found))
        return
    if not yes and not click.confirm("Erase it? Nobody can undo that."):
        raise SystemExit(BAD_NEWS)
    _show(_erased(eraser, subject, found), out, as_json=as_json)


def _person(email: str | None, phone: str | None, customer_id: str | None) -> Person:
    given = {"email": email, "phone": phone, "external_id": customer_id}
    told = {name: unseen(name, text) for name, text in given.items() if text}
    if not told:
        stop_wrong_use("say who: --email, --phone or --customer-id")
    for name, text in told.items():
        _refuse_other(name, text)
    return Person(**{name: (text,) for name, text in told.items()})  # type: ignore[arg-type]


def _refuse_other(name: str, text: str) -> None:
    """Exit with 2 where a value is nothing of its kind; hashes are taken."""
    if name == "email" and not _EMAIL_OR_HASH.search(text):
        stop_wrong_use("--email is no address: write it like ada@shop.test")
    if name == "phone" and not _PHONE_OR_HASH.search(text):
        stop_wrong_use("--phone is no number: write it like +49 30 901820")


def _warn_of_country(subject: Subject, eraser: Eraser) -> None:
    """Say where a national number cannot be told from others."""
    placeless = [
        name
        for name, one in sorted(eraser.endpoints.items())
        if not one.options.country and subject.endpoint in {None, name}
    ]
    if placeless and not all(map(is_whole, subject.person.phone)):
        click.echo(
            f"no country is set for {', '.join(placeless)}: write the number with its "
            "country code (+49 …), and it is found however the shop wrote it",
            err=True,
        )


def _eraser(endpoint: str | None) -> Eraser:
    wired = ready_or_exit()
    if endpoint is not None and endpoint not in {*wired.endpoints, "api"}:
        known = ", ".join(sorted(wired.endpoints))
        stop_wrong_use(f"there is no endpoint {endpoint}; known: {known}")
    return Eraser(
        store=wired.store,
        destinations=tuple(wired.destinations.values()),
        endpoints=wired.endpoints,
    )


def _counts(found: Found) -> dict[str, int]:
    return {
        "n_deliveries": len(found.deliveries),
        "n_notices": len(found.notices),
        "n_unreadable": found.n_unreadable,
    }


def _tell(found: Found) -> None:
    n_found = len(found.deliveries) + len(found.notices)
    click.echo(
        f"{number(len(found.deliveries), 'delivery', 'deliveries')} and "
        f"{number(len(found.notices), 'webhook')} {'is' if n_found == 1 else 'are'} "
        "about this person"
    )
    if found.n_unreadable:
        click.echo(
            f"{found.n_unreadable} more cannot be opened: put the data key back that "
            "sealed them, or wait until they expire",
            err=True,
        )


def _erased(eraser: Eraser, subject: Subject, found: Found) -> Receipt:
    """Erase, again while a worker holds something of the person."""
    receipt = eraser.erase(subject, found, eraser.store.now())
    for _ in range(ROUNDS_MAX):
        if not receipt.n_held:
            break
        time.sleep(NAP_S)
        again = eraser.erase(subject, found, eraser.store.now())
        receipt = receipt.with_more(again)
    note(eraser.store, who(), receipt)
    return receipt


def _show(receipt: Receipt, out: Path | None, *, as_json: bool) -> None:
    told = asdict(receipt)
    if out is not None:
        out.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    if as_json:
        print_json(told)
    else:
        click.echo(
            f"erased: {number(receipt.n_deliveries, 'delivery', 'deliveries')}, "
            f"{number(receipt.n_notices, 'webhook')}; not sent yet, and never will be: "
            f"{receipt.n_skipped}"
        )
    if receipt.n_held:
        click.echo(
            f"{receipt.n_held} are on the way just now: run this again in a minute",
            err=True,
        )
    if receipt.n_held or receipt.n_unreadable:
        raise SystemExit(BAD_NEWS)
