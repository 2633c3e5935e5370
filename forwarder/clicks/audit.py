"""Audit a link: does what Pinterest sends along reach the page, in one hop."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import requests

from forwarder.clicks.probe import (
    LOST,
    NEEDED,
    Fate,
    Parameter,
    fates,
    marked,
    sentinels,
)
from forwarder.clicks.walk import HOP_S, REDIRECTS, Hop, Way, walk

AUDIT_S: Final = 20.0
AMBER_REDIRECTS: Final = 2
RED_REDIRECTS: Final = 3
FAILED_FROM: Final = 400

# Phones first: four of five clicks come from one.
PROFILES: Final[Mapping[str, str]] = {
    "Pinterest on iPhone": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
        "(KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]"
    ),
    "Pinterest on Android": (
        "Mozilla/5.0 (Linux; Android 15; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Version/4.0 Chrome/138.0.0.0 Mobile Safari/537.36 [Pinterest/Android]"
    ),
    "Chrome on a desk": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like "
        "Gecko) Chrome/138.0.0.0 Safari/537.36"
    ),
    "Pinterest's own robot": (
        "Mozilla/5.0 (compatible; Pinterestbot/1.0; +https://www.pinterest.com/bot.html)"
    ),
}


class Verdict(StrEnum):
    """How the way is, from good to bad."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


ORDER: Final = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; `hop` is the one that did it."""

    verdict: Verdict
    hop: int | None
    advice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """One profile's way and what is to be said about it."""

    profile: str
    way: Way
    parameters: Sequence[Parameter]
    findings: Sequence[Finding]

    @property
    def verdict(self) -> Verdict:
        """Return the worst of the findings."""
        return max(
            (one.verdict for one in self.findings),
            key=ORDER.index,
            default=Verdict.GREEN,
        )

    @property
    def first_bad_hop(self) -> int | None:
        """Return the first hop that a finding of this verdict names."""
        if self.verdict is Verdict.GREEN:
            return None
        hops = [
            one.hop
            for one in self.findings
            if one.verdict is not Verdict.GREEN and one.hop is not None
        ]
        return min(hops, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """All profiles' ways; `worst` is the one to mend first."""

    walks: Sequence[Walked]

    @property
    def worst(self) -> Walked:
        """Return the worst way, the first profile where several are equally bad."""
        return max(self.walks, key=lambda one: ORDER.index(one.verdict))


def audit(
    session: requests.Session,
    url: str,
    nonce: str,
    own_mark: str,
    allowed_hosts: Sequence[str] = (),
) -> Audit:
    """Return what happens to a link on its way, for four kinds of visitors.

    `nonce` marks this audit, letters and digits; `own_mark` tells our own redirector
    that nobody clicked. Raises: Unsafe for an address we do not call,
    ConnectionError or Timeout where the first address does not answer.
    """
    marks = sentinels(nonce)
    sent = marked(url, marks, own_mark)
    until_s = time.monotonic() + AUDIT_S
    walks: list[Walked] = []
    for profile, user_agent in PROFILES.items():
        if walks and (_slow_hops(walks[-1].way) or time.monotonic() >= until_s):
            break  # a slow way is slow for all; the first profile told it
        way = walk(session, sent, user_agent, until_s)
        walks.append(judged(profile, way, marks, allowed_hosts))
    return Audit(walks=walks)


def judged(
    profile: str, way: Way, marks: Mapping[str, str], allowed_hosts: Sequence[str]
) -> Walked:
    """Return one way with what is to be said about it."""
    last = way.hops[-1]
    urls = [hop.url for hop in way.hops]
    if last.location is not None:
        urls.append(last.location)
    parameters = fates(marks, urls)
    findings = [
        *_of_parameters(parameters),
        *_of_redirects(way),
        *_of_end(way, allowed_hosts),
        *_of_page(way),
    ]
    return Walked(profile=profile, way=way, parameters=parameters, findings=findings)


def _slow_hops(way: Way) -> list[Hop]:
    return [hop for hop in way.hops if hop.ms >= HOP_S * 1000]


def _of_parameters(parameters: Sequence[Parameter]) -> list[Finding]:
    return [
        Finding(_graded(one), one.hop, _mend(one))
        for one in parameters
        if one.fate is not Fate.PRESERVED
    ]


def _graded(one: Parameter) -> Verdict:
    is_lost = one.fate in LOST or (one.fate is Fate.CHANGED and not one.is_case_only)
    return Verdict.RED if is_lost and one.name in NEEDED else Verdict.AMBER


_MENDS: Final = {
    Fate.DROPPED: (
        "is lost: a rule there builds the next address anew; make it keep the query "
        "(often the http-to-https rule, a shortener, a landing builder, a CDN rule)"
    ),
    Fate.FRAGMENT: "moves behind the #: no server sees it there; keep it in the query",
    Fate.OVERWRITTEN: "is replaced by another value: let the incoming one win",
    Fate.CHANGED: "arrives with another value: pass it on byte for byte",
    Fate.DUPLICATED: "stands twice afterwards: replace it instead of adding it again",
    Fate.RE_ENCODED: "is written in other bytes: pass the query on as it came",
}


def _mend(one: Parameter) -> str:
    return f"hop {one.hop}: {one.name} {_MENDS[one.fate]}"


def _of_redirects(way: Way) -> list[Finding]:
    leading = [hop for hop in way.hops if hop.location is not None]
    found = [_downgraded(hop) for hop in leading if _is_downgrade(hop)]
    if way.is_loop:
        found.append(Finding(Verdict.RED, leading[-1].n, _LOOP.format(leading[-1].n)))
    if len(leading) >= RED_REDIRECTS:
        found.append(Finding(Verdict.RED, leading[RED_REDIRECTS - 1].n, _told(leading)))
    elif len(leading) == AMBER_REDIRECTS:
        found.append(Finding(Verdict.AMBER, leading[-1].n, _told(leading)))
    found += [
        Finding(Verdict.GREEN, hop.n, _kept(hop)) for hop in leading if hop.is_kept
    ]
    found += [
        Finding(Verdict.AMBER, hop.n, _REFRESH.format(hop.n))
        for hop in leading
        if hop.is_refresh
    ]
    found += [
        Finding(Verdict.GREEN, hop.n, _SLOW.format(hop.n)) for hop in _slow_hops(way)
    ]
    if leading:
        found.append(Finding(Verdict.GREEN, None, _BLOCKED))
    return found


_LOOP = "hop {}: leads back to an address of before: nobody arrives; end the circle"
_REFRESH = (
    "hop {}: the page leads on by itself (meta refresh or script): answer with one 302 "
    "instead"
)
_NOWHERE = "hop {}: answers {} and leads nowhere: give it a Location that is an address"
_SLOW = "hop {}: not all of it came within 5 s: people leave; make it answer faster"
_BLOCKED = (
    "as the link of a Pin this redirects: Pinterest may block it; let Pins lead "
    "straight to the page"
)


def _is_downgrade(hop: Hop) -> bool:
    was, is_now = urlsplit(hop.url).scheme, urlsplit(hop.location or "").scheme
    return (was, is_now) == ("https", "http")


def _downgraded(hop: Hop) -> Finding:
    told = f"hop {hop.n}: leads from https to http: write https in that rule"
    return Finding(Verdict.RED, hop.n, told)


def _told(leading: Sequence[Hop]) -> str:
    return f"{len(leading)} redirects: link to the last address, at most one hop away"


def _kept(hop: Hop) -> str:
    return (
        f"hop {hop.n}: a {hop.status} that browsers keep: later visits skip the query "
        "of their own; answer 302 with Cache-Control: no-store"
    )


def _of_end(way: Way, allowed_hosts: Sequence[str]) -> list[Finding]:
    last = way.hops[-1]
    if way.is_endless:
        told = f"more than {len(way.hops)} hops: nobody waits for that"
        return [Finding(Verdict.RED, last.n, told)]
    if last.status is None:
        return [Finding(Verdict.RED, last.n, f"hop {last.n}: {last.why}")]
    if last.status >= FAILED_FROM:
        told = f"hop {last.n}: answers {last.status}: people see an error"
        return [Finding(Verdict.RED, last.n, told)]
    if last.status in REDIRECTS and last.location is None:
        return [Finding(Verdict.RED, last.n, _NOWHERE.format(last.n, last.status))]
    host = urlsplit(last.url).hostname
    if allowed_hosts and host not in allowed_hosts and last.location is None:
        told = f"hop {last.n}: ends on {host}, none of your allowed hosts"
        return [Finding(Verdict.RED, last.n, told)]
    return []


def _of_page(way: Way) -> list[Finding]:
    page = way.page
    last = way.hops[-1]
    if page is None or last.location is not None:
        return []
    found = []
    if not page.has_tag:
        found.append(
            "the last page loads no Pinterest tag in its own text: a tag manager may "
            "load it later; look with Pinterest's Tag Helper"
        )
    if page.canonical is not None and _place(page.canonical) != _place(last.url):
        found.append("the last page names another canonical address than its own")
    if page.may_lead_on:
        found.append("the last page may lead on by script: needs a check in a browser")
    return [Finding(Verdict.GREEN, None, told) for told in found]


def _place(url: str) -> tuple[str | None, str]:
    parts = urlsplit(url)
    return parts.hostname, parts.path.rstrip("/")
