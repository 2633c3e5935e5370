"""`forwarder user`, `api-key`: who may come in."""

import secrets
from dataclasses import asdict
from datetime import timedelta
from typing import IO

import click

from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.store import access, audit
from forwarder.store.access import ApiKey, Exists, User

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
    password = _password(password_file)
    store = ready_or_exit().store
    try:
        access.add_user(
            store, User(name=name, role=role, created_at=store.now()), password
        )
    except Exists as exists:
        stop_wrong_use(
            f"{exists}; to change the password: `forwarder user password {name}`"
        )
    audit.note(store, who(), "user added", name, store.now(), f"role {role}")
    click.echo(f"{name} may log in as {role}")


def _password(file: IO[str] | None) -> str:
    if file is None:
        password: str = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True
        )
    else:
        password = file.read().strip()
    if len(password) < PASSWORD_MIN_CHARS:
        stop_wrong_use(f"a password has at least {PASSWORD_MIN_CHARS} characters")
    return password


@user.command("password")
@click.argument("name")
@click.option(
    "--password-file", type=click.File("r"), help="Read it here instead of asking."
)
def change_password(name: str, password_file: IO[str] | None) -> None:
    """Give somebody another password; wherever they are logged in, they are out."""
    password = _password(password_file)
    store = ready_or_exit().store
    if not access.set_password(store, name, password):
        click.echo(f"there is no user {name}", err=True)
        raise SystemExit(BAD_NEWS)
    audit.note(store, who(), "password changed", name, store.now())
    click.echo(f"{name} has a new password and logs in anew")


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
    store = ready_or_exit().store
    if not access.remove_user(store, name):
        click.echo(f"there is no user {name}", err=True)
        raise SystemExit(BAD_NEWS)
    audit.note(store, who(), "user removed", name, store.now())
    click.echo(f"{name} is out")


@click.group("api-key")
def api_key() -> None:
    """Make keys for `/api/v1/…`."""


@api_key.command("add")
@click.argument("name")
@click.option("--scope", type=click.Choice(access.SCOPES), required=True)
@click.option(
    "--expires-days", type=click.IntRange(1, 3_650), help="It opens nothing after that."
)
@json_option
def add_api_key(
    name: str, scope: str, expires_days: int | None, *, as_json: bool
) -> None:
    """Make a key and print it, once: only its hash is kept."""
    store = ready_or_exit().store
    text = f"fwd_{secrets.token_urlsafe(32)}"
    now = store.now()
    ends = None if expires_days is None else now + timedelta(days=expires_days)
    try:
        key = ApiKey(name=name, scope=scope, created_at=now, expires_at=ends)
        access.add_api_key(store, key, text)
    except Exists as exists:
        stop_wrong_use(str(exists))
    audit.note(store, who(), "api-key added", name, store.now(), f"scope {scope}")
    if as_json:
        print_json({"name": name, "scope": scope, "expires_at": ends, "key": text})
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
        ends = f" until {one.expires_at:%Y-%m-%d}" if one.expires_at else ""
        click.echo(
            f"{one.name:<24}{one.scope:<14}since {one.created_at:%Y-%m-%d}{ends}"
        )


@api_key.command("remove")
@click.argument("name")
def remove_api_key(name: str) -> None:
    """Make a key useless, at once."""
    store = ready_or_exit().store
    if not access.remove_api_key(store, name):
        click.echo(f"there is no API key {name}", err=True)
        raise SystemExit(BAD_NEWS)
    audit.note(store, who(), "api-key removed", name, store.now())
    click.echo(f"{name} opens nothing any more")
