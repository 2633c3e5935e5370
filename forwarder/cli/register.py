"""`forwarder webhooks`: set webhooks up at a platform, list and remove them."""

import secrets
from dataclasses import dataclass, field
from typing import Any, NoReturn

import click

from config.settings import PLACEHOLDER
from forwarder.accounts import caller
from forwarder.asking import Caller, NoAnswer
from forwarder.cli.common import (
    BAD_NEWS,
    json_option,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.hookups import PLATFORMS, Added, Plan, Platform, plan, why_not
from forwarder.store import audit
from forwarder.wiring import Wired, calling

SECRET_BYTES = 24

endpoint_option = click.option(
    "--endpoint", "name", required=True, help="The name of a webhook address."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Only show the plan.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One endpoint and its platform, ready to be asked."""

    wired: Wired
    name: str
    url: str
    platform: Platform
    account: Caller
    secret: str = field(repr=False)

    def plan(self) -> Plan:
        """Return what is there and what is missing."""
        try:
            return plan(self.platform, self.platform.listed(self.account), self.url)
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
    endpoint = wired.endpoints.get(name)
    if endpoint is None:
        names = ", ".join(sorted(wired.endpoints)) or "none"
        stop_wrong_use(f"no endpoint is named {name}; known: {names}")
    source = endpoint.source_name
    if source not in PLATFORMS:
        stop_wrong_use(
            f"{source} takes webhooks by hand: see docs/sources/{source}.md. By API: "
            f"{', '.join(sorted(PLATFORMS))}"
        )
    if not endpoint.options.api_key:
        stop_wrong_use(f"set api_key in [endpoints.{name}]: docs/sources/{source}.md")
    platform, options = PLATFORMS[source], endpoint.options
    try:
        account = caller(source, platform.api, options, calling(options))
    except NoAnswer as none:
        stop_wrong_use(str(none))
    secret = endpoint.secrets[0]
    return _Work(
        wired=wired,
        name=name,
        url=f"{wired.settings.service.public_url}/hooks/{name}",
        platform=platform,
        account=account,
        secret="" if secret.startswith(PLACEHOLDER) else secret,
    )


def _add(work: _Work, found: Plan) -> list[tuple[tuple[str, ...], Added]]:
    secret = work.secret or secrets.token_urlsafe(SECRET_BYTES)
    if work.platform.signed_by == "ours" and not work.secret:
        click.echo(f"put this secret into .env for {work.name}: {secret}", err=True)
    done: list[tuple[tuple[str, ...], Added]] = []
    for topics in found.missing:
        try:
            made = work.platform.add(work.account, work.url, topics, secret)
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
            work.platform.remove(work.account, hook.id)
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
    if work.platform.signed_by == "app":
        click.echo("signed with the client secret of the app: put that into .env")


def _json(work: _Work, found: Plan) -> dict[str, Any]:
    return {
        "endpoint": work.name,
        "url": work.url,
        "there": [{"id": h.id, "topics": h.topics} for h in found.ours],
        "missing": [topic for topics in found.missing for topic in topics],
        "lacking": list(found.lacking),
    }
