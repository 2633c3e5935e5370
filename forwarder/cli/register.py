"""`forwarder webhooks`: set webhooks up at a platform, list and remove them."""

import secrets
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import click

from forwarder.asking import NoAnswer
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.hookups import Added, Hookup, Plan, why_not
from forwarder.store import audit
from forwarder.web.shapes_hookups import plan_json
from forwarder.wiring import Wired, hookup

SECRET_BYTES = 24

endpoint_option = click.option(
    "--endpoint", "name", required=True, help="The name of a webhook address."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Only show the plan.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@dataclass(frozen=True, slots=True)
class _Work:
    """One endpoint and its webhooks at the platform."""

    wired: Wired
    name: str
    hookup: Hookup

    def plan(self) -> Plan:
        """Return what is there and what is missing."""
        try:
            return self.hookup.plan()
        except NoAnswer as none:
            _stop(none)


@click.group()
def webhooks() -> None:
    """Set webhooks up through the shop's own API: the plan first, then the deed."""


@webhooks.command("list")
@endpoint_option
@json_option
def list_(name: str, *, as_json: bool) -> None:
    """Show which webhooks lead to this endpoint, and which are missing."""
    work = _work(name)
    _show(work, work.plan(), as_json=as_json)


@webhooks.command()
@endpoint_option
@dry_run_option
@yes_option
@json_option
def register(name: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Set up what is missing; others' webhooks are left alone.

    A secret that the platform makes is printed once: put it into .env.
    """
    work = _work(name)
    _must_be_decided(is_decided=dry_run or yes or not as_json)
    found = work.plan()
    if not as_json:
        _show(work, found, as_json=False)
    added: list[tuple[tuple[str, ...], Added]] = []
    if found.missing and not dry_run and (yes or click.confirm("Set these up?")):
        added = _add(work, found)
    if as_json:
        told = [{"id": a.id, "topics": t, "secret": a.secret} for t, a in added]
        print_json(_json(work, found) | {"added": told})


@webhooks.command()
@endpoint_option
@dry_run_option
@yes_option
@json_option
def remove(name: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove the webhooks that lead to this endpoint, and no other."""
    work = _work(name)
    _must_be_decided(is_decided=dry_run or yes or not as_json)
    found = work.plan()
    if not as_json:
        _show(work, found, as_json=False)
    removed: list[str] = []
    if found.ours and not dry_run and (yes or click.confirm("Remove these?")):
        removed = _remove(work, found)
    if as_json:
        print_json(_json(work, found) | {"removed": removed})


def _work(name: str) -> _Work:
    """Return the work at hand; exit with 2 and a sentence if it cannot be done."""
    wired = ready_or_exit(is_unfinished=True)
    if name not in wired.endpoints:
        names = ", ".join(sorted(wired.endpoints)) or "none"
        stop_wrong_use(f"no endpoint is named {name}; known: {names}")
    found = hookup(wired, name)
    if isinstance(found, str):
        stop_wrong_use(found)
    return _Work(wired, name, found)


def _with_secret(work: _Work) -> Hookup:
    """Return what sets up, with a fresh secret where the settings have none yet."""
    found = work.hookup
    if found.secret:
        return found
    fresh = secrets.token_urlsafe(SECRET_BYTES)
    if found.platform.signed_by == "ours":
        click.echo(f"put this secret into .env for {work.name}: {fresh}", err=True)
    return replace(found, secret=fresh)


def _add(work: _Work, found: Plan) -> list[tuple[tuple[str, ...], Added]]:
    ready = _with_secret(work)
    done: list[tuple[tuple[str, ...], Added]] = []
    for topics in found.missing:
        try:
            made = ready.add(topics)
        except NoAnswer as none:
            _note(work, "webhooks registered", len(done))
            _stop(none, f"{len(done)} of {len(found.missing)} set up")
        done.append((topics, made))
        click.echo(f"set up: {', '.join(topics)}", err=True)
        if made.secret:
            click.echo(
                f"put this secret into .env for {work.name}, it is shown once: "
                f"{made.secret}",
                err=True,
            )
    _note(work, "webhooks registered", len(done))
    return done


def _remove(work: _Work, found: Plan) -> list[str]:
    done: list[str] = []
    for hook in found.ours:
        try:
            work.hookup.remove(hook)
        except NoAnswer as none:
            _note(work, "webhooks removed", len(done))
            _stop(none, f"{len(done)} of {len(found.ours)} removed")
        done.append(hook.id)
        click.echo(f"removed: {', '.join(hook.topics)}", err=True)
    _note(work, "webhooks removed", len(done))
    return done


def _note(work: _Work, action: str, n: int) -> None:
    store = work.wired.store
    audit.note(store, who(), action, work.name, store.now(), f"{n} webhooks")


def _must_be_decided(*, is_decided: bool) -> None:
    if not is_decided:
        stop_wrong_use("--json asks nothing: say --yes to run, or --dry-run to look")


def _stop(none: NoAnswer, so_far: str = "") -> NoReturn:
    click.echo(f"{why_not(none)}{'; ' if so_far else ''}{so_far}", err=True)
    raise SystemExit(BAD_NEWS)


def _show(work: _Work, found: Plan, *, as_json: bool) -> None:
    if as_json:
        print_json(_json(work, found))
        return
    for hook in found.ours:
        click.echo(f"there:    {', '.join(hook.topics)}")
    for topics in found.missing:
        click.echo(f"missing:  {', '.join(topics)}")
    if found.lacking:
        click.echo(
            f"lacking:  {', '.join(found.lacking)} (add them there, or remove the "
            "webhook here and register it again)"
        )
    if work.hookup.platform.signed_by == "app":
        click.echo("signed with the client secret of the app: put that into .env")


def _json(work: _Work, found: Plan) -> dict[str, Any]:
    return plan_json(work.name, work.hookup.url, found)
