"""Rules about what waits, what was refused, and what the platform says."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from forwarder.alerts.conditions import PAGE, WARN, Condition, number, span
from forwarder.alerts.readings import Readings
from forwarder.store import health

WAITS_WARN: Final = timedelta(minutes=5)
WAITS_PAGE: Final = timedelta(minutes=45)  # after an hour it counts as offline
LOST_AFTER: Final = timedelta(hours=1)
SHARE_LEAST: Final = 20  # events; fewer tell nothing about a share
REFUSED_MOST: Final = 0.05


def oldest_unsent(readings: Readings) -> Iterator[Condition]:
    """Tell of deliveries that wait too long where nobody asked them to."""
    held = {
        one.name
        for one in readings.destinations
        if one.state == health.BLOCKED or one.paused_at is not None
    }
    for one in readings.waiting:
        age = readings.now - one.oldest_at
        if one.destination in held or age <= WAITS_WARN:
            continue
        yield Condition(
            subject=one.destination,
            severity=PAGE if age > WAITS_PAGE else WARN,
            summary=f"{number(one.n, 'delivery', 'deliveries')} to {one.destination} "
            f"{'waits' if one.n == 1 else 'wait'}, the oldest for {span(age)}. After "
            "an hour Pinterest counts an event as offline.",
            mend="`forwarder doctor` says what hinders; the reason stands beside each "
            "delivery.",
            link="/console/deliveries?status=pending",
        )


def near_deadline(readings: Readings) -> Iterator[Condition]:
    """Tell of events that will be too old to be sent within a day."""
    for one in readings.aging:
        left = one.deadline_at - readings.now
        yield Condition(
            subject=one.destination,
            severity=PAGE,
            summary=f"{number(one.n_events, 'event')} for {one.destination} will be "
            f"too old to be sent, the first in {span(left)}.",
            mend="Mend what holds the destination: `forwarder doctor`. What grows too "
            "old is skipped as too_old and can not be sent any more.",
            link="/console/deliveries?status=pending",
        )


def refused(readings: Readings) -> Iterator[Condition]:
    """Tell what was refused in the last hour, by reason."""
    for reason, n in readings.refused.items():
        yield Condition(
            subject=reason,
            severity=WARN,
            summary=f"{number(n, 'delivery was', 'deliveries were')} refused within "
            f"an hour: {reason}.",
            mend="Mend the cause, then `forwarder events replay --status refused "
            f"--reason {reason}`.",
            link=f"/console/deliveries?status=refused&reason={reason}",
        )


def refused_share(readings: Readings) -> Iterator[Condition]:
    """Tell when more than 5 % of the newest settled events were refused."""
    for one in readings.refused_share:
        if one.n_all >= SHARE_LEAST and one.n > REFUSED_MOST * one.n_all:
            yield Condition(
                subject=one.subject,
                severity=PAGE,
                summary=f"{one.n:,} of the newest {number(one.n_all, 'event')} to "
                f"{one.subject} were refused ({one.n / one.n_all:.0%}).",
                mend="See the reasons: `forwarder events list --status refused`.",
                link="/console/deliveries?status=refused",
            )


def blocked(readings: Readings) -> Iterator[Condition]:
    """Tell when the platform refuses the account: token, role or number."""
    for one in readings.destinations:
        if one.state == health.BLOCKED:
            yield Condition(
                subject=one.name,
                severity=PAGE,
                summary=f"Pinterest refuses {one.name} ({one.reason}). Nothing is "
                "lost: its events wait.",
                mend="`forwarder doctor` says what to change; see "
                "docs/troubleshooting.md, `Everything is blocked`.",
                link="/console/deliveries?status=blocked",
            )


def breaker(readings: Readings) -> Iterator[Condition]:
    """Tell when the platform fails again and again and is asked seldom."""
    for one in readings.destinations:
        if one.state in {health.OPEN, health.HALF_OPEN}:
            yield Condition(
                subject=one.name,
                severity=WARN,
                summary=f"Pinterest failed {number(one.n_failures, 'time')} in a row "
                f"for {one.name}. Its events wait and are tried again by themselves.",
                mend="Nothing, if Pinterest has a fault; else check this machine's "
                "network: `forwarder doctor`.",
                link="/console/deliveries?status=pending",
            )


def forgotten(readings: Readings) -> Iterator[Condition]:
    """Tell of deliveries for a destination that the settings do not name."""
    for one in readings.waiting:
        if one.destination not in readings.known.destinations:
            yield Condition(
                subject=one.destination,
                severity=WARN,
                summary=f"{number(one.n, 'delivery', 'deliveries')} for "
                f"{one.destination}, which is not in the settings.",
                mend=f"Put [destinations.{one.destination}] back, or give them up: "
                f"`forwarder events discard --destination {one.destination}`.",
            )


def answer_lost(readings: Readings) -> Iterator[Condition]:
    """Tell of events of which nobody knows for an hour if they were counted."""
    for one in readings.waiting:
        since = one.oldest_lost_at
        if since is not None and readings.now - since > LOST_AFTER:
            yield Condition(
                subject=one.destination,
                severity=WARN,
                summary=f"Of {number(one.n_lost, 'event')} to {one.destination} the "
                f"answer was lost, the first {span(readings.now - since)} ago.",
                mend="Nothing: the same bytes are sent again, and counted once.",
                link="/console/deliveries?status=pending&reason=answer_lost",
            )
