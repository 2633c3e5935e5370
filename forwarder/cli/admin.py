"""`forwarder user`, `api-key`, `db`: who may come in, and the tables."""

import secrets
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click

from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    wired_or_exit,
)
from forwarder.store import access
from forwarder.store.access import ApiKey, Exists, User
from forwarder.store.backup import NotCopied, backup
from forwarder.store.migrate import upgrade

PASSWORD_MIN_CHARS = 10


@click.group()
def user() -> None:
    """Say who may log in to the console."""


@user.command("add")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(access.ROLES),
    default="operator",
    show_default=True,
    help="A viewer reads, an operator replays, an admin does the rest.",
)
@click.option(
    "--password-file", type=click.File("r"), help="Read it here instead of asking."
)
def add_user(name: str, role: str, password_file: IO[str] | None) -> None:
    """Let somebody in; asks for the password."""
    if password_file is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = password_file.read().strip()
    if len(password) < PASSWORD_MIN_CHARS:
        stop_wrong_use(f"a password has at least {PASSWORD_MIN_CHARS} characters")
    store = ready_or_exit().store
    try:
        access.add_user(
            store, User(name=name, role=role, created_at=store.now()), password
        )
    except Exists as exists:
        stop_wrong_use(
            f"{exists}; to change the password: `forwarder user remove {name}`, "
            f"then `forwarder user add {name}`"
        )
    click.echo(f"{name} may log in as {role}")


@user.command("list")
@json_option
def list_users(*, as_json: bool) -> None:
    """List who may log in."""
    found = access.list_users(ready_or_exit().store)
    if as_json:
        print_json({"items": [asdict(one) for one in found]})
        return
    for one in found:
        click.echo(f"{one.name:<24}{one.role:<10}since {one.created_at:%Y-%m-%d}")


@user.command("remove")
@click.argument("name")
def remove_user(name: str) -> None:
    """Shut somebody out."""
    if not access.remove_user(ready_or_exit().store, name):
        click.echo(f"there is no user {name}", err=True)
        raise SystemExit(BAD_NEWS)
    click.echo(f"{name} is out")


@click.group("api-key")
def api_key() -> None:
    """Make keys for `/api/v1/…`."""


@api_key.command("add")
@click.argument("name")
@click.option("--scope", type=click.Choice(access.SCOPES), required=True)
@json_option
def add_api_key(name: str, scope: str, *, as_json: bool) -> None:
    """Make a key and print it, once: only its hash is kept."""
    store = ready_or_exit().store
    text = f"fwd_{secrets.token_urlsafe(32)}"
    try:
        key = ApiKey(name=name, scope=scope, created_at=store.now())
        access.add_api_key(store, key, text)
    except Exists as exists:
        stop_wrong_use(str(exists))
    if as_json:
        print_json({"name": name, "scope": scope, "key": text})
    else:
        click.echo(text)


@api_key.command("list")
@json_option
def list_api_keys(*, as_json: bool) -> None:
    """List the keys by name; the keys themselves are not kept."""
    found = access.list_api_keys(ready_or_exit().store)
    if as_json:
        print_json({"items": [asdict(one) for one in found]})
        return
    for one in found:
        click.echo(f"{one.name:<24}{one.scope:<14}since {one.created_at:%Y-%m-%d}")


@api_key.command("remove")
@click.argument("name")
def remove_api_key(name: str) -> None:
    """Make a key useless, at once."""
    if not access.remove_api_key(ready_or_exit().store, name):
        click.echo(f"there is no API key {name}", err=True)
        raise SystemExit(BAD_NEWS)
    click.echo(f"{name} opens nothing any more")


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
    click.echo(f"wrote {n_bytes} bytes to {file}")
