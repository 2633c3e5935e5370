"""`/console/first`: from nothing to the first delivered webhook, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from forwarder.pipeline.progress import Trouble, progress
from forwarder.store.latest import first_delivered, latest
from forwarder.web import manual, session
from forwarder.web.console_source import (
    STEPS,
    Contact,
    address,
    contact,
    contact_json,
)
from forwarder.web.desk import WebDesk, web_desk
from forwarder.web.hooks import answer
from forwarder.web.words import NOTICES

SHOPS_MAX: Final = 12  # each costs two small questions to the database

pages = Blueprint("first", __name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One address on the way to its first webhook."""

    name: str
    source: str
    address: str
    seen: Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How far a new service is. `stage` is what is still to be done.

    Shape: `settings` while no address or account is there, then `webhook`, `delivery`,
    and `done`; `troubles` are what hinders the worker.
    """

    stage: str
    shops: Sequence[Shop]
    troubles: Sequence[Trouble]
    newest: Contact | None
    delivered: int | None


def way(desk: WebDesk) -> Way:
    """Return how far this service is."""
    delivered = first_delivered(desk.store)
    last = latest(desk.store)
    names = sorted(desk.endpoints)[:SHOPS_MAX]
    shops = [_shop(desk, name) for name in names]
    if not desk.endpoints or not desk.destinations:
        stage = "settings"
    elif last is None:
        stage = "webhook"
    else:
        stage = "delivery" if delivered is None else "done"
    found = progress(desk.store, desk.clock(), desk.destinations.keys())
    return Way(
        stage=stage,
        shops=shops,
        troubles=found.problems,
        newest=None
        if last is None
        else Contact(endpoint=last.notice.endpoint, latest=last, refused=None),
        delivered=delivered,
    )


def _shop(desk: WebDesk, name: str) -> Shop:
    return Shop(
        name=name,
        source=desk.endpoints[name].source_name,
        address=address(desk, name),
        seen=contact(desk, name),
    )


@pages.get("/first")
@session.needs("viewer")
def show() -> str:
    """Show what is done, what is next, and what came so far."""
    desk = web_desk()
    found = way(desk)
    sources = sorted({shop.source for shop in found.shops})
    return render_template(
        "console/first.html",
        way=found,
        steps={source: manual.part(source, STEPS) for source in sources},
        meanings=NOTICES,
        now=desk.clock(),
        public_url=desk.public_url,
    )


@pages.get("/first.json")
@session.needs("viewer")
def show_json() -> ResponseReturnValue:
    """Return how far this service is, as data."""
    found = way(web_desk())
    told: dict[str, Any] = {
        "stage": found.stage,
        "troubles": [str(one) for one in found.troubles],
        "delivered": found.delivered,
        "endpoints": [
            {
                "endpoint": shop.name,
                "source": shop.source,
                "address": shop.address,
                **contact_json(shop.seen),
            }
            for shop in found.shops
        ],
    }
    return answer(200, told)
