"""`forwarder user`, `api-key`: who may come in."""

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
from forwarder.store.access import PASSWORD_MIN_CHARS, ApiKey, Exists, User


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
    store = ready_or_exit(is_unfinished=True).store
    password = _password(password_file)
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
    store = ready_or_exit(is_unfinished=True).store
    password = _password(password_file)
    _must_be_there(name, is_there=access.set_password(store, name, password))
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
        out = f", shut out since {one.disabled_at:%Y-%m-%d}" if one.disabled_at else ""
        click.echo(f"{one.name:<24}{one.role:<10}since {one.created_at:%Y-%m-%d}{out}")
    if not found:
        click.echo("nobody may log in yet: `forwarder user add NAME --role admin`")


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(access.ROLES))
def change_role(name: str, role: str) -> None:
    """Let somebody do more, or less, from their next page on."""
    store = ready_or_exit().store
    _must_be_there(name, is_there=access.set_role(store, name, role))
    audit.note(store, who(), "role changed", name, store.now(), f"role {role}")
    click.echo(f"{name} is {role} now")


@user.command("disable")
@click.argument("name")
def disable_user(name: str) -> None:
    """Shut somebody out for now; wherever they are logged in, they are out."""
    store = ready_or_exit().store
    done = access.disable_user(store, name, store.now())
    _must_be_there(name, is_there=done, what="who may log in")
    audit.note(store, who(), "user disabled", name, store.now())
    click.echo(f"{name} may not log in until `forwarder user enable {name}`")


@user.command("enable")
@click.argument("name")
def enable_user(name: str) -> None:
    """Let somebody in again who was shut out; the password is the same."""
    store = ready_or_exit().store
    done = access.enable_user(store, name)
    _must_be_there(name, is_there=done, what="who is shut out")
    audit.note(store, who(), "user enabled", name, store.now())
    click.echo(f"{name} may log in again")


def _must_be_there(name: str, *, is_there: bool, what: str = "") -> None:
    if not is_there:
        click.echo(f"there is no user {name}{' ' if what else ''}{what}", err=True)
        raise SystemExit(BAD_NEWS)


@user.command("remove")
@click.argument("name")
def remove_user(name: str) -> None:
    """Shut somebody out."""
    store = ready_or_exit().store
    _must_be_there(name, is_there=access.remove_user(store, name))
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
    now = store.now()
    ends = None if expires_days is None else now + timedelta(days=expires_days)
    try:
        key = ApiKey(name=name, scope=scope, created_at=now, expires_at=ends)
        text = access.make_api_key(store, key)
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
    if not found:
        click.echo("there is no key: `forwarder api-key add NAME --scope read`")


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
