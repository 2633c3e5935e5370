"""The filters of the delivery log as options: which deliveries a command is about."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from forwarder.cli.common import STDIN, ready_or_exit, stop_wrong_use, unseen
from forwarder.store import people
from forwarder.store.log import Filter
from forwarder.web.filters import BadFilter, read_filter

Command = TypeVar("Command", bound=Callable[..., Any])
FILTERS = {
    "status": "pending, delivered, refused, blocked or skipped.",
    "source": "The shop's platform, such as shopify.",
    "endpoint": "The name of a webhook address.",
    "destination": "The name of a destination.",
    "kind": "checkout, signup, lead, …",
    "since": "Received at or after this date or time (UTC).",
    "until": "Received before this date or time (UTC).",
    "order": "The shop's order id.",
    "event-id": "The event_id that Pinterest sees.",
    "reason": "The reason word, such as too_old.",
    "attempts": "Tried so often or more.",
    "test": "`yes`: test orders only, `no`: none of them.",
    "http": "What any attempt was answered: 429, 4xx, 5xx, …, none.",
    "batch": "The number of a request, as `events show` tells it.",
    "request-id": "Pinterest's id of a request.",
    "person": "- reads an e-mail address or phone number, unseen.",
}
OF_NOTICES = ("source", "endpoint", "since", "until", "reason")


def filter_options(command: Command) -> Command:
    """Add the filters of the delivery log to a command."""
    return _with(command, FILTERS)


def notice_options(command: Command) -> Command:
    """Add those filters that a webhook without events can answer to."""
    return _with(command, {name: FILTERS[name] for name in OF_NOTICES})


def _with(command: Command, filters: dict[str, str]) -> Command:
    for name, text in reversed(filters.items()):
        command = click.option(f"--{name}", default="", help=text)(command)
    return command


def read_or_exit(given: dict[str, str]) -> tuple[Filter, int]:
    """Return the filter and how many lines a page has; exit with 2 if one is wrong.

    A person is read from the terminal or a pipe, never taken from an option.
    """
    person = given.get("person", "")
    if person == STDIN:
        person = _marks()
    elif person:
        stop_wrong_use("say --person - and type or pipe it: history keeps an option")
    try:
        return read_filter({**given, "person": person})
    except BadFilter as bad:
        stop_wrong_use(str(bad))


def _marks() -> str:
    """Read who is looked for; return the marks that stand for them."""
    value = unseen("e-mail address or phone number", STDIN)
    store = ready_or_exit().store
    try:
        return ",".join(people.marks_of(store, [value]))
    finally:
        store.close()


def picked_or_exit(given: dict[str, str], *, is_decided: bool) -> Filter:
    """Return the filter; exit with 2 if it picks all, or nobody can be asked."""
    wanted, _ = read_or_exit(given)
    if wanted == Filter():
        stop_wrong_use("say which: at least one filter is needed")
    if not is_decided:
        stop_wrong_use("--json asks nothing: say --yes to run, or --dry-run to count")
    return wanted
