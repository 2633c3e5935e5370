"""The platform's accounts and the shops' endpoints."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import requests

from config.places import DestinationSettings
from forwarder.alerts.conditions import number
from forwarder.alerts.of_machines import SKEW_MOST_S, span_of_skew
from forwarder.alerts.probes import date_skew_s
from forwarder.alerts.quiet import Verdict
from forwarder.alerts.readings import ALL_KINDS, judge_volumes
from forwarder.cli.checkup.finding import Finding, ok, red, warn
from forwarder.lookout import post
from forwarder.store import health, notice_log
from forwarder.web.words import reason_remedy
from forwarder.wiring import Wired

TIMEOUT_S: Final = (3, 10)
PLACEHOLDER: Final = "put-the-"  # what `init` writes
LET_IN: Final = frozenset({400, 422})
MENDS: Final = {
    401: "make a new token in Ads Manager > Conversions and put it into .env",
    403: "give the token's owner a role in this ad account",
    404: "check destinations.ad_account_id",
}


def check_platform(wired: Wired) -> Iterator[Finding]:
    """Call the platform in test mode, which checks the token and records nothing."""
    for name, found in wired.settings.destinations.items():
        if found.test_mode:
            mend = "set test_mode = false once you have seen enough"
            yield warn(name, "test_mode is on: Pinterest counts nothing", mend)
        if found.token.startswith(PLACEHOLDER):
            seen = "the token in .env is still the placeholder"
            yield (warn if wired.is_sandbox else red)(name, seen, MENDS[401])
        elif wired.is_sandbox:
            seen = "the sandbox is asked, your token was not tried"
            yield warn(name, seen, "`forwarder serve` without --sandbox tries it")
        else:
            yield from _call(name, found)
    yield from _held(wired)


def _call(name: str, found: DestinationSettings) -> Iterator[Finding]:
    url = f"{found.base_url}/ad_accounts/{found.ad_account_id}/events"
    try:
        reply = requests.post(
            url,
            params={"test": "true"},
            json={"data": []},
            headers={"Authorization": f"Bearer {found.token}"},
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        seen = f"no answer from the platform ({type(error).__name__})"
        mend = "check destinations.base_url and this machine's network"
        yield red(name, seen, mend)
        return
    yield _token(name, reply)
    yield from _clock("clock", reply.headers.get("Date", ""))


def _token(name: str, reply: requests.Response) -> Finding:
    """Judge the token; an empty batch is refused by its contents, not by its sender."""
    status = reply.status_code
    if status in MENDS:
        return red(name, f"HTTP {status}", MENDS[status])
    if status // 100 == 3:  # noqa: PLR2004  a redirect is never followed
        mend = "check destinations.base_url and any proxy in between"
        return red(name, f"HTTP {status}: a redirect, which is not followed", mend)
    if reply.ok or status in LET_IN:
        return ok(name, "the token is good")
    mend = "the token could not be checked: try again later"
    return warn(name, f"HTTP {status}", mend)


def _clock(check: str, date: str) -> Iterator[Finding]:
    skew_s = date_skew_s(date, datetime.now(UTC))  # noqa: TID251  a door
    if skew_s is None:
        return
    seen = f"{number(abs(round(skew_s)), 'second')} from the platform's"
    if abs(skew_s) > SKEW_MOST_S:
        seen = f"{span_of_skew(skew_s)} compared with the platform's"
        yield red(check, seen, "let NTP set the clock")
    else:
        yield ok(check, seen)


def _held(wired: Wired) -> Iterator[Finding]:
    for one in health.all_health(wired.store):
        if one.state == health.BLOCKED:
            seen = f"blocked since {one.since:%Y-%m-%d}: {one.message}"
            yield red(one.name, seen, reason_remedy(one.reason))
        if one.state in {health.OPEN, health.HALF_OPEN}:
            seen = (
                f"failed {number(one.n_failures, 'time')} in a row; it is asked again"
            )
            mend = "nothing, if Pinterest has a fault; else see this machine's network"
            yield warn(one.name, seen, mend)
        if one.paused_at is not None:
            seen = f"paused since {one.paused_at:%Y-%m-%d} by {one.paused_by}"
            mend = f"`forwarder destinations resume {one.name}`"
            yield warn(one.name, seen, mend)


def check_database_clock(wired: Wired) -> Iterator[Finding]:
    """Compare this machine's clock with the database's, where there are two."""
    if wired.store.is_sqlite:
        return
    ours = datetime.now(UTC)  # noqa: TID251  a door
    skew_s = (ours - wired.store.now()).total_seconds()
    if abs(skew_s) > SKEW_MOST_S:
        seen = f"{span_of_skew(skew_s)} compared with the database's"
        yield red("clock", seen, "let NTP set the clock on both machines")


def check_endpoints(wired: Wired) -> Iterator[Finding]:
    """Look when each endpoint last heard of its shop, and whether that is usual."""
    last = notice_log.last_notices(wired.store)
    watchman = post(wired)
    verdicts = judge_volumes(wired.store, watchman.known, wired.store.now()) or {}
    for name, endpoint in wired.endpoints.items():
        if endpoint.is_paused:
            mend = f"set endpoints.{name}.paused = false"
            yield warn(name, "paused: the shop is answered 503", mend)
        elif name not in last:
            mend = f"see docs/sources/ on how to connect {name}"
            yield warn(name, "no webhook yet", mend)
        else:
            verdict = verdicts.get((name, ALL_KINDS), Verdict(word="few_data"))
            yield _heard(name, last[name], verdict)


def _heard(name: str, last: datetime, verdict: Verdict) -> Finding:
    seen = f"last webhook {last:%Y-%m-%d %H:%M}Z"
    if verdict.word in {"quiet", "fewer"}:
        within = number(round(verdict.window_h), "hour")
        mend = "see in the shop's admin whether the webhook is still on"
        if verdict.word == "fewer":
            seen += f"; {number(verdict.n, 'event')} in {within}, far fewer than usual"
            return warn(name, seen, mend)
        return red(name, f"{seen}; quiet for {within}, which is not usual", mend)
    if verdict.word == "few_data":
        seen += " (too few yet to tell what is usual)"
    return ok(name, seen)
