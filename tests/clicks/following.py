"""Links to follow in a test, and what was noted of each click."""

import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

from forwarder.clicks.follow import Follow, Led, Rules, Tools
from forwarder.clicks.links import Links
from forwarder.clicks.visitors import Asked
from forwarder.core.links import Click, Link, UtmPolicy
from forwarder.store import Store, links, open_store
from forwarder.store.migrate import upgrade

KEY = urlsafe_b64encode(b"k" * 32).decode()
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TO = "https://shop.example.com/spring"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) [Pinterest/iOS]"
ADDRESS = "198.51.100.7"

RULES = Rules(
    param="pcid",
    utm_policy=UtmPolicy.INCOMING_WINS,
    fallback_url="",
    obeys_gpc=True,
    obeys_dnt=True,
    consent="off",
    internal=[ip_network("203.0.113.0/24")],
)


def a_link(slug: str = "spring", **changes: object) -> Link:
    return Link(**{"slug": slug, "to": TO, **changes})  # type: ignore[arg-type]


@dataclass
class Follower:
    """A follower over a store, with the clicks it noted and a clock to turn."""

    store: Store
    rules: Rules = RULES
    now: datetime = NOW
    taken: list[Click] = field(default_factory=list)
    has_room: bool = True

    def __post_init__(self) -> None:
        self.links = Links(self.store)
        self.follow = Follow(
            Tools(
                links=self.links,
                rules=self.rules,
                put=self.put,
                seal=self.store.sealer.seal,
                clock=lambda: self.now,
                random=os.urandom,
            )
        )

    def put(self, click: Click) -> bool:
        self.taken.append(click)
        return self.has_room

    def make(self, *made: Link) -> None:
        for number, link in enumerate(made):
            links.add(self.store, link, NOW + timedelta(microseconds=number))

    def ask(self, slug: str = "spring", query: str = "", **more: object) -> Led:
        told = {"user_agent": PHONE, "address": ADDRESS, **more}
        return self.follow(Asked(slug=slug, query=query, **told))  # type: ignore[arg-type]

    @property
    def kinds(self) -> list[str]:
        return [click.kind.value for click in self.taken]


def a_store(url: str) -> Store:
    opened = open_store(url, [KEY])
    upgrade(opened)
    return opened
