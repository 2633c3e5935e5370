"""`forwarder destinations`: how each stands; leave one alone, and go on."""

import click

from forwarder.cli.common import (
    json_option,
    known_or_exit,
    print_json,
    ready_or_exit,
    stop_wrong_use,
    who,
)
from forwarder.pipeline import overview as pipeline
from forwarder.pipeline.overview import Place, overview
from forwarder.web.shapes import place_json
from forwarder.web.words import reason_label
from forwarder.wiring import Wired


@click.group()
def destinations() -> None:
    """See how the destinations stand; pause and resume them."""


@destinations.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List destinations: state, since when, what waits, what will be too old soon."""
    wired = known_or_exit()
    places = overview(wired.store, wired.destinations.values(), wired.store.now())
    if as_json:
        print_json({"items": [place_json(one) for one in places]})
        return
    for one in places:
        click.echo(_line(one))


def _line(place: Place) -> str:
    until = "" if place.until is None else f" until {place.until:%Y-%m-%d %H:%M:%S}Z"
    reason = reason_label(place.reason) if place.reason else ""
    why = f" ({reason})" if reason else ""
    line = f"{place.name:<18}{place.state}{why}{until}  {place.n_pending} pending"
    if place.deadline_at is not None:
        line += (
            f", {place.n_near_deadline} of them too old within a day,"
            f" the first at {place.deadline_at:%Y-%m-%d %H:%M}Z"
        )
    return line


@destinations.command()
@click.argument("name")
@click.option("--because", default="", help="Why, for the audit log.")
@json_option
def pause(name: str, *, because: str, as_json: bool) -> None:
    """Leave a destination alone: what comes for it is kept, and waits.

    Events still get too old for the platform meanwhile.
    """
    wired = ready_or_exit()
    name = _name_or_exit(wired, name)
    is_new = pipeline.pause(wired.store, name, who(), because, wired.store.now())
    _tell(wired, name, "paused" if is_new else "it is paused already", as_json=as_json)


@destinations.command()
@click.argument("name")
@json_option
def resume(name: str, *, as_json: bool) -> None:
    """Go on calling a destination, at once, also one that is blocked or broken."""
    wired = ready_or_exit()
    name = _name_or_exit(wired, name)
    was_held = pipeline.resume(wired.store, name, who(), wired.store.now())
    text = "it is called again" if was_held else "nothing held it"
    _tell(wired, name, text, as_json=as_json)


def _name_or_exit(wired: Wired, name: str) -> str:
    """Return the word in the deliveries for one in the settings; exit with 2 if none.

    They differ in test mode and in the sandbox.
    """
    names = {one.name for one in wired.destinations.values()}
    if name in wired.destinations:
        return wired.destinations[name].name
    if name not in names:
        stop_wrong_use(f"no destination {name}: there is {', '.join(sorted(names))}")
    return name


def _tell(wired: Wired, name: str, text: str, *, as_json: bool) -> None:
    places = overview(wired.store, wired.destinations.values(), wired.store.now())
    place = next(one for one in places if one.name == name)
    if as_json:
        print_json(place_json(place))
    else:
        click.echo(text)
        click.echo(_line(place))
