"""`forwarder events tail`: deliveries as they come."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import click
import orjson

from forwarder.cli.common import json_option, ready_or_exit
from forwarder.cli.lines import line_text, only_destination
from forwarder.cli.picking import filter_options, read_or_exit
from forwarder.store import Store, live
from forwarder.store.live import Follower
from forwarder.store.log import Line
from forwarder.store.writer import StoreDown
from forwarder.web.shapes import line_json

LOOK_EVERY_S = 1.0
BEAT_EVERY_S = 30.0


@click.command()
@filter_options
@click.option(
    "--after",
    type=click.IntRange(min=0),
    help="Begin behind this number, which a tail tells when it ends.",
)
@json_option
def tail(*, after: int | None, as_json: bool, **given: str) -> None:
    """Print deliveries as they come, until Ctrl-C.

    While nothing comes, standard error says every half minute that it still looks. A
    database that is gone for a while is waited for: nothing is left out. With --json
    each delivery is one line.
    """
    wanted, _ = read_or_exit(given)
    follower = None
    try:
        wired = ready_or_exit()
        only = only_destination(wired)
        first_id = live.newest_id(wired.store) if after is None else after
        follower = Follower(wired.store, wanted, first_id)
        for line in follow(wired.store, follower):
            text = line_text(line, has_destination=line.destination != only)
            click.echo(orjson.dumps(line_json(line)).decode() if as_json else text)
    except KeyboardInterrupt:
        if follower is not None:
            told = f"go on from here with --after {follower.reached_id}"
            click.echo(told, err=True)


@dataclass(slots=True)
class _Pulse:
    """Says on standard error that a quiet tail is alive, and when the database is not.

    A follower that stops without a word is taken for a quiet shop.
    """

    is_down: bool = False
    due_at_s: float = field(default_factory=lambda: time.monotonic() + BEAT_EVERY_S)

    def went_well(self, follower: Follower, store: Store, *, is_quiet: bool) -> None:
        if self.is_down:
            click.echo("the database answers again: going on", err=True)
        self.is_down = False
        if not is_quiet:
            self.due_at_s = time.monotonic() + BEAT_EVERY_S
        elif time.monotonic() >= self.due_at_s:
            self.due_at_s = time.monotonic() + BEAT_EVERY_S
            told = f"nothing new; the newest delivery is {follower.reached_id}"
            click.echo(f"{store.now():%Y-%m-%d %H:%M:%S}Z  {told}", err=True)

    def went_wrong(self) -> None:
        if not self.is_down:
            told = "the database does not answer: trying again until it does"
            click.echo(told, err=True)
        self.is_down = True


def follow(store: Store, follower: Follower) -> Iterator[Line]:
    """Give the deliveries that come, oldest first, without end."""
    pulse = _Pulse()
    while True:
        n_given = 0
        try:
            for line in follower.catch_up():
                n_given += 1
                yield line
            pulse.went_well(follower, store, is_quiet=n_given == 0)
        except StoreDown:
            pulse.went_wrong()
        time.sleep(LOOK_EVERY_S)
