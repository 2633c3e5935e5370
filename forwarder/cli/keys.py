"""`forwarder keys`: change the key that seals people's data, while all runs on."""

import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from time import time  # noqa: TID251  the age of a file

import click

from config.keys import KeyPlace, NotOurs, key_place, n_references
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.store import Store, audit
from forwarder.store.reseal import count_by_key
from forwarder.store.seal import KEY_BYTES, LOOK_EVERY_S, Sealer

SETTLED_S = 3 * LOOK_EVERY_S  # by then every process on this machine has looked


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """One data key: its name, what it does, and how many values it has sealed."""

    key: str
    role: str  # seals, opens, or missing: not in the settings
    n_values: int


@click.group()
def keys() -> None:
    """Change the key that seals people's data, while the service runs."""


@keys.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """Show each data key by name, and how many values it has sealed."""
    found = list(_lines(ready_or_exit().store))
    if as_json:
        print_json({"items": [asdict(one) for one in found]})
        return
    for one in found:
        click.echo(f"{one.key}  {one.role:<9}{one.n_values:>12} values")


def _lines(store: Store) -> Iterator[KeyLine]:
    counts = dict(count_by_key(store))
    for place, name in enumerate(store.sealer.key_ids):
        role = "opens" if place else "seals"
        yield KeyLine(key=name, role=role, n_values=counts.pop(name, 0))
    for name, n_values in sorted(counts.items()):
        yield KeyLine(key=name, role="missing", n_values=n_values)


@keys.command("rotate")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def rotate(*, yes: bool, as_json: bool) -> None:
    """Make a new data key; running processes take it within seconds.

    The old one still opens. The worker seals with the new key what the old one has
    sealed; `forwarder keys list` shows how far it is, and `forwarder keys retire`
    ends the old key.
    """
    store = ready_or_exit().store
    place = _place_or_exit()
    old = place.read()
    if not yes and not click.confirm(f"Put a new data key into {place.file}?"):
        raise SystemExit(BAD_NEWS)
    fresh = urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    _write_or_exit(place, [fresh, *old])
    name = Sealer([fresh]).key_ids[0]
    audit.note(store, who(), "keys rotated", name, store.now(), f"in {place.file.name}")
    if as_json:
        print_json({"key": name, "file": str(place.file)})
        return
    click.echo(
        f"{place.file} holds the new key {name}, and the old one behind it. Nothing "
        "needs a restart.\nKeep a copy of the new key where your backups are not.\n"
        "Next: `forwarder keys list` until the old key has sealed 0 values, then "
        "`forwarder keys retire`."
    )


@keys.command("retire")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retire(*, yes: bool) -> None:
    """End the old data keys, once nothing is sealed with them any more."""
    store = ready_or_exit().store
    place = _place_or_exit()
    known = place.read()
    if len(known) == 1:
        click.echo("there is one data key and nothing to retire")
        return
    _stop_if_in_use(store, place)
    click.echo("A backup made before now opens with the old key only: keep both apart.")
    if not yes and not click.confirm(f"Take {len(known) - 1} out of {place.file}?"):
        raise SystemExit(BAD_NEWS)
    _write_or_exit(place, known[:1])
    for old in known[1:]:
        name = Sealer([old]).key_ids[0]
        audit.note(store, who(), "key retired", name, store.now())
        click.echo(f"{name} is retired")
    if n_references(os.environ) > 1:
        click.echo("data_keys in the settings names more: take those out by hand")


def _stop_if_in_use(store: Store, place: KeyPlace) -> None:
    """Exit with 1 while something is, or may still be, sealed with an old key."""
    counts = dict(count_by_key(store))
    counts.pop(store.sealer.key_ids[0], None)
    n_left = sum(counts.values())
    age_s = time() - place.file.stat().st_mtime
    if n_left:
        told = (
            f"{n_left} values are still sealed with an older key: the worker is at it"
        )
    elif age_s < SETTLED_S:
        told = f"the new key is {age_s:.0f} s old: wait until {SETTLED_S:.0f} s"
    else:
        return
    click.echo(f"{told}; see `forwarder keys list`, then try again", err=True)
    raise SystemExit(BAD_NEWS)


def _place_or_exit() -> KeyPlace:
    try:
        return key_place(os.environ)
    except NotOurs as fault:
        stop_wrong_use(str(fault))


def _write_or_exit(place: KeyPlace, keys_: list[str] | tuple[str, ...]) -> None:
    try:
        place.write(keys_)
    except NotOurs as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(BAD_NEWS) from None
