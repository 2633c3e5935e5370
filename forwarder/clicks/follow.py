"""One hop: a request for a link in, where it leads out; nothing here waits.

Whoever asks is told where to go whatever becomes of the click: the spool may be full
and the database stopped.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from forwarder.clicks import own_mark
from forwarder.clicks.classify import class_of_agent, is_prefetch
from forwarder.clicks.links import Known, Links
from forwarder.clicks.merge import Merged, merge, value_in
from forwarder.clicks.token import digest
from forwarder.clicks.visitors import Asked, Visitors
from forwarder.core.links import Click, ClickClass, Link, UtmPolicy, mark_of
from forwarder.core.mirror import device_of
from forwarder.store.identity import click_identity

LABEL_MAX_CHARS: Final = 64
_EU: Final = (  # with the EEA, Switzerland and the United Kingdom
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL "
    "PT RO SE SI SK"
)
EU: Final = frozenset(_EU.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the settings say of clicks."""

    param: str
    utm_policy: UtmPolicy
    fallback_url: str
    obeys_gpc: bool
    obeys_dnt: bool
    consent: str  # off, eu or all
    internal: Sequence[IPv4Network | IPv6Network] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """The answer: a redirect with a location, 503 for who only asks ahead, or 404.

    To a page that tells of a visit: 200, or 429 when it tells too often.
    """

    status: int
    location: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    seed: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What following needs of the installation. `random` gives n random bytes."""

    links: Links
    rules: Rules
    put: Callable[[Click], bool]
    seal: Callable[[bytes, str, datetime], bytes]
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]


class Follow:
    """Answers requests for links. Safe to use from many threads."""

    def __init__(self, tools: Tools) -> None:
        """Start with nobody remembered."""
        self._tools = tools
        self._visitors = Visitors(tools.random)

    def __call__(self, asked: Asked) -> Led:
        """Return where a request leads, and note the click."""
        tools, now = self._tools, self._tools.clock()
        known = tools.links.known(asked.slug)
        link = known.links.get(asked.slug)
        if link is None:
            return _nowhere(tools.rules, is_known=known.is_current)
        who = self._visitors.name_of(asked, now)
        kind = self._class(asked, known, who, now)
        if kind is ClickClass.PREFETCH:
            tools.put(self._plain(asked, kind, now))
            return Led(status=503)
        if not link.is_open(now):
            return _closed(link, tools.rules)
        if kind is ClickClass.HUMAN and self._may_mark(asked):
            return self._marked(asked, link, known, who, now)
        tools.put(self._plain(asked, kind, now))
        arm = _arm(link, asked.seed or who)
        return Led(status=302, location=self._merged(asked, link, arm).url)

    def land(self, asked: Asked) -> Led:
        """Note a visit that began on the shop's own page, and return its token."""
        tools, now = self._tools, self._tools.clock()
        known = tools.links.known(asked.slug)
        link = known.links.get(asked.slug)
        if link is None:
            return Led(status=404)
        who = self._visitors.name_of(asked, now)
        kind = self._class(asked, known, who, now)
        if kind is ClickClass.RATE:
            return Led(status=429)
        if kind is ClickClass.HUMAN and self._may_mark(asked):
            token = self._marked(asked, link, known, who, now).token
            return Led(status=200, token=token)
        tools.put(self._plain(asked, kind, now))
        return Led(status=200)

    def _class(self, asked: Asked, known: Known, who: str, now: datetime) -> ClickClass:
        mark = value_in(asked.query, own_mark.PARAM)
        is_audit = bool(mark) and own_mark.is_ours(known.audit_keys, mark, now)
        if is_audit or self._is_internal(asked.address):
            return ClickClass.INTERNAL
        if is_prefetch(asked.ahead):
            return ClickClass.PREFETCH
        if asked.is_head:
            return ClickClass.HEAD
        kind = class_of_agent(asked.user_agent)
        if kind is ClickClass.HUMAN and self._visitors.is_too_fast(who, now):
            return ClickClass.RATE
        return kind

    def _is_internal(self, address: str) -> bool:
        if not self._tools.rules.internal:
            return False
        try:
            given = ip_address(address)
        except ValueError:
            return False
        return any(given in network for network in self._tools.rules.internal)

    def _may_mark(self, asked: Asked) -> bool:
        """Say whether this visitor may get a cookie and a token."""
        rules = self._tools.rules
        if (asked.has_gpc and rules.obeys_gpc) or (asked.has_dnt and rules.obeys_dnt):
            return False
        if rules.consent == "off" or asked.has_consent:
            return True
        return rules.consent == "eu" and asked.country not in {"", *EU}

    def _marked(
        self, asked: Asked, link: Link, known: Known, who: str, now: datetime
    ) -> Led:
        """Return the redirect with a token, and note the click with it."""
        epik = value_in(asked.query, "epik")
        given = asked.token if known.ring.is_ours(asked.token) else ""
        before = self._visitors.token_of(given or who, asked.slug, epik, now)
        token = before or known.ring.mint(self._tools.random(16))
        self._visitors.remember(who, asked.slug, token, epik, now)
        seed = asked.seed or (digest(token)[:16] if link.arms else "")
        arm = _arm(link, seed)
        led = self._merged(asked, link, arm, token)
        click = self._plain(asked, ClickClass.HUMAN, now)
        told = {"epik": epik, "url": led.bare, "query": asked.query}
        self._tools.put(
            Click(
                id=click.id,
                slug=click.slug,
                at=now,
                kind=click.kind,
                device=click.device,
                token_sha256=digest(token),
                epik_mac=mark_of(known.mark_key, "epik", epik) if epik else None,
                sealed=self._tools.seal(
                    json.dumps(told).encode(), click_identity(click.id), now
                ),
                is_repeat=bool(before),
                is_oversize=led.is_oversize,
                is_qr=click.is_qr,
                is_landing=asked.is_landing,
                arm=arm,
                label=click.label,
            )
        )
        return Led(status=302, location=led.url, token=token, seed=seed)

    def _plain(self, asked: Asked, kind: ClickClass, now: datetime) -> Click:
        return Click(
            id=self._tools.random(16).hex(),
            slug=asked.slug,
            at=now,
            kind=kind,
            device=device_of(asked.user_agent),
            is_qr=value_in(asked.query, "qr") == "1",
            is_landing=asked.is_landing,
            label=_label(value_in(asked.query, "src")),
        )

    def _merged(self, asked: Asked, link: Link, arm: int, token: str = "") -> Merged:
        rules = self._tools.rules
        policy = rules.utm_policy if link.utm_policy is None else link.utm_policy
        to = link.arms[arm].to if link.arms else link.to
        return merge(to, asked.query, policy=policy, param=rules.param, token=token)


def _arm(link: Link, seed: str) -> int:
    """Return which arm the visitor keeps: the same seed, the same arm."""
    if not link.arms:
        return 0
    told = sha256(f"{link.slug}\0{seed}".encode()).digest()
    place = int.from_bytes(told[:8], "big") % sum(arm.weight for arm in link.arms)
    for number, arm in enumerate(link.arms):
        place -= arm.weight
        if place < 0:
            return number
    raise AssertionError("weights are positive")


def _nowhere(rules: Rules, *, is_known: bool) -> Led:
    """Return the answer for a link nobody knows; perhaps the database would."""
    if is_known or not rules.fallback_url:
        return Led(status=404)
    return Led(status=302, location=rules.fallback_url)


def _closed(link: Link, rules: Rules) -> Led:
    to = link.fallback or rules.fallback_url
    return Led(status=302, location=to) if to else Led(status=404)


def _label(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:LABEL_MAX_CHARS]
