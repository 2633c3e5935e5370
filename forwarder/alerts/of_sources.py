"""Rules about what the shops send: unreadable, unsigned, or nothing any more."""

from collections.abc import Iterator
from typing import Final

from forwarder.alerts.conditions import PAGE, WARN, Condition, number
from forwarder.alerts.quiet import Verdict
from forwarder.alerts.readings import ALL_KINDS, Readings

SHARE_LEAST: Final = 20  # webhooks; fewer tell nothing about a share
QUARANTINED_MOST: Final = 0.05
FORGED_MOST: Final = 0.05
FORGED_LEAST: Final = 5


def quarantined(readings: Readings) -> Iterator[Condition]:
    """Tell when more than 5 % of the newest webhooks were not understood."""
    for one in readings.quarantined:
        if one.n_all >= SHARE_LEAST and one.n > QUARANTINED_MOST * one.n_all:
            yield Condition(
                subject=one.subject,
                severity=WARN,
                summary=f"{one.n:,} of the newest {number(one.n_all, 'webhook')} at "
                f"{one.subject} are quarantined: genuine, but not understood.",
                mend="`forwarder events webhooks` shows why. Once it is mended, "
                "`forwarder events reparse` reads them again.",
                link="/console/refused",
            )


def conflict(readings: Readings) -> Iterator[Condition]:
    """Tell of webhooks that came again under the same id with another body."""
    for one in readings.conflicts:
        if one.n:
            yield Condition(
                subject=one.subject,
                severity=WARN,
                summary=f"{number(one.n, 'webhook')} at {one.subject} came again with "
                "another body under the same id. The first was sent, the others not.",
                mend="Ask the shop whether it uses an id twice; `forwarder events "
                "webhooks` lists them.",
            )


def forged(readings: Readings) -> Iterator[Condition]:
    """Tell when many webhooks are turned away: wrong signature or time."""
    for one in readings.forged:
        if one.n >= FORGED_LEAST and one.n > FORGED_MOST * one.n_all:
            yield Condition(
                subject=one.subject,
                severity=WARN,
                summary=f"{number(one.n, 'webhook')} at {one.subject} of "
                f"{one.n_all:,} in the last hours were turned away: wrong signature "
                "or wrong time.",
                mend="Compare the secret in .env with the shop's; see "
                "docs/troubleshooting.md, `The shop says 401`.",
            )


def quiet(readings: Readings) -> Iterator[Condition]:
    """Tell of sources that send nothing, or far less than usual at this time."""
    found = {} if readings.quiet is None else readings.quiet
    silent = {name for (name, kind), one in found.items() if _is_bad(one) and not kind}
    for (name, kind), one in found.items():
        if _is_bad(one) and (kind == ALL_KINDS or name not in silent):
            yield Condition(
                subject=name if kind == ALL_KINDS else f"{name} {kind}",
                severity=PAGE if one.word == "quiet" and kind == ALL_KINDS else WARN,
                summary=_quiet_words(name, kind, one),
                mend=f"See whether {name} still posts: its webhook may be switched "
                "off in the shop's admin. A holiday may explain it too.",
                link=f"/console/deliveries?endpoint={name}",
            )


def _is_bad(verdict: Verdict) -> bool:
    return verdict.word in {"quiet", "fewer"}


def _quiet_words(name: str, kind: str, one: Verdict) -> str:
    what = f"{kind} events" if kind else "events"
    within = number(round(one.window_h), "hour")
    if one.expected > 0:
        few = "no" if one.n == 0 else f"{one.n:,}"
        return (
            f"{name} sent {few} {what} in the last {within}; at this time of the week "
            f"{one.expected:,.0f} are usual."
        )
    return f"{name} has sent no {what} for {within}, longer than it ever pauses."
