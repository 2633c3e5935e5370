"""One hop: a request for a link in, where it leads out; nothing here waits.

Whoever asks is told where to go whatever becomes of the click: the spool may be full
and the database stopped.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Final

import orjson

from forwarder.clicks import own_mark
from forwarder.clicks.classify import class_of_agent, is_prefetch
from forwarder.clicks.links import Known, Links
from forwarder.clicks.merge import Merged, merge, values_in
from forwarder.clicks.token import digest
from forwarder.clicks.visitors import Asked, Visitors
from forwarder.core.links import Click, ClickClass, Link, UtmPolicy, mark_of
from forwarder.core.mirror import device_of
from forwarder.store.identity import click_identity

LABEL_MAX_CHARS: Final = 64
_READ: Final = frozenset({"epik", "qr", "src", own_mark.PARAM})
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


@dataclass(slots=True, kw_only=True)
class _Visit:
    """One request for a link that there is. `told` holds what we read of its query."""

    asked: Asked
    told: Mapping[str, str] = field(repr=False)
    link: Link
    known: Known
    who: str
    now: datetime


class Follow:
    """Answers requests for links. Safe to use from many threads."""

    def __init__(self, tools: Tools) -> None:
        """Start with nobody remembered."""
        self._tools = tools
        self._visitors = Visitors(tools.random)

    def __call__(self, asked: Asked) -> Led:
        """Return where a request leads, and note the click."""
        rules = self._tools.rules
        known = self._tools.links.known(asked.slug)
        visit = self._visit(asked, known)
        if visit is None:
            return _nowhere(rules, is_known=known.is_current)
        kind = self._class(visit)
        if kind is ClickClass.PREFETCH:
            self._put(visit, kind)
            return Led(status=503)
        if not visit.link.is_open(visit.now):
            return _closed(visit.link, rules)
        if kind is ClickClass.HUMAN and self._may_mark(asked):
            return self._marked(visit)
        self._put(visit, kind)
        arm = _arm(visit.link, asked.seed or visit.who)
        return Led(status=302, location=self._merged(visit, arm).url)

    def land(self, asked: Asked) -> Led:
        """Note a visit that began on the shop's own page, and return its token."""
        visit = self._visit(asked, self._tools.links.known(asked.slug))
        if visit is None:
            return Led(status=404)
        kind = self._class(visit)
        if kind is ClickClass.RATE:
            return Led(status=429)
        if kind is ClickClass.HUMAN and self._may_mark(asked):
            return Led(status=200, token=self._marked(visit).token)
        self._put(visit, kind)
        return Led(status=200)

    def _visit(self, asked: Asked, known: Known) -> _Visit | None:
        """Return what is known of a request; None for a link that nobody knows."""
        link = known.links.get(asked.slug)
        if link is None:
            return None
        now = self._tools.clock()
        return _Visit(
            asked=asked,
            told=values_in(asked.query, _READ),
            link=link,
            known=known,
            who=self._visitors.name_of(asked, now),
            now=now,
        )

    def _class(self, visit: _Visit) -> ClickClass:
        asked, now = visit.asked, visit.now
        mark = visit.told.get(own_mark.PARAM)
        is_audit = mark and own_mark.is_ours(visit.known.audit_keys, mark, now)
        if is_audit or self._is_internal(asked.address):
            return ClickClass.INTERNAL
        if is_prefetch(asked.ahead):
            return ClickClass.PREFETCH
        if asked.is_head:
            return ClickClass.HEAD
        kind = class_of_agent(asked.user_agent)
        if kind is ClickClass.HUMAN and self._visitors.is_too_fast(visit.who, now):
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

    def _marked(self, visit: _Visit) -> Led:
        """Return the redirect with a token, and note the click with it."""
        asked, now, ring = visit.asked, visit.now, visit.known.ring
        epik = visit.told.get("epik", "")
        random = self._tools.random(32)  # at once: each call lets other threads in
        click_id = random[:16].hex()
        given = asked.token if ring.is_ours(asked.token) else ""
        before = self._visitors.token_of(given or visit.who, asked.slug, epik, now)
        token = before or ring.mint(random[16:])
        self._visitors.remember(visit.who, asked.slug, token, epik, now)
        sha256 = digest(token)
        seed = asked.seed or (sha256[:16] if visit.link.arms else "")
        arm = _arm(visit.link, seed)
        led = self._merged(visit, arm, token)
        brought = {"epik": epik, "url": led.bare, "query": asked.query}
        self._put(
            visit,
            ClickClass.HUMAN,
            click_id,
            token_sha256=sha256,
            epik_mac=mark_of(visit.known.mark_key, "epik", epik) if epik else None,
            sealed=self._tools.seal(
                orjson.dumps(brought), click_identity(click_id), now
            ),
            is_repeat=bool(before),
            is_oversize=led.is_oversize,
            arm=arm,
        )
        return Led(status=302, location=led.url, token=token, seed=seed)

    def _put(
        self,
        visit: _Visit,
        kind: ClickClass,
        click_id: str | None = None,
        **marks: Any,  # noqa: ANN401  fields of Click
    ) -> None:
        """Note a click; `marks` are those of a person who does not object."""
        asked = visit.asked
        self._tools.put(
            Click(
                id=self._tools.random(16).hex() if click_id is None else click_id,
                slug=asked.slug,
                at=visit.now,
                kind=kind,
                device=device_of(asked.user_agent),
                is_qr=visit.told.get("qr") == "1",
                is_landing=asked.is_landing,
                label=_label(visit.told.get("src", "")),
                **marks,
            )
        )

    def _merged(self, visit: _Visit, arm: int, token: str = "") -> Merged:
        rules, link = self._tools.rules, visit.link
        policy = rules.utm_policy if link.utm_policy is None else link.utm_policy
        to = link.arms[arm].to if link.arms else link.to
        query = visit.asked.query
        return merge(to, query, policy=policy, param=rules.param, token=token)


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
