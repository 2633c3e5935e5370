"""Rules about our own processes, and the machines and addresses they live on."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from forwarder.alerts.conditions import PAGE, WARN, Condition, number, span
from forwarder.alerts.readings import Readings

DISK_WARN: Final = 0.15
DISK_PAGE: Final = 0.05
SKEW_MOST_S: Final = 60.0
BEAT_MOST: Final = timedelta(minutes=3)
RESTART_TOLD: Final = timedelta(hours=1)
JOB_WAITS_MOST: Final = timedelta(minutes=10)
BROKER_DOWN_S: Final = 60.0
CERTIFICATE_WARN: Final = timedelta(days=14)
CERTIFICATE_PAGE: Final = timedelta(days=3)
AT: Final = "%Y-%m-%d %H:%M:%S"


def worker(readings: Readings) -> Iterator[Condition]:
    """Tell when no worker is there, or none sends what is due."""
    for trouble in readings.workers:
        what = f"{trouble.what[:1].upper()}{trouble.what[1:]}."
        mend = f"{trouble.mend[:1].upper()}{trouble.mend[1:]}; `forwarder doctor`."
        yield Condition(subject="", severity=PAGE, summary=what, mend=mend)


def worker_restarted(readings: Readings) -> Iterator[Condition]:
    """Tell that a worker took nothing and was started again lately."""
    for one in readings.measured("worker_restarts"):
        if readings.now - one.at < RESTART_TOLD:
            yield Condition(
                subject=one.subject,
                severity=WARN,
                summary=f"The worker on {one.subject} was up and took nothing; it was "
                f"started again at {one.at:%H:%M} UTC.",
                mend="Once is no harm. If it happens again, look into its log for "
                "`watchdog`, and at the disk and the database.",
            )


def job_waits(readings: Readings) -> Iterator[Condition]:
    """Tell of a job that nobody begins: another one has not ended, or a shop drips."""
    if readings.planned is None:
        return
    job_id, since = readings.planned
    waited = readings.now - since
    if waited > JOB_WAITS_MOST:
        yield Condition(
            subject="",
            severity=WARN,
            summary=f"Job {job_id} has waited for {span(waited)} and was not begun.",
            mend="Jobs are done one after the other, and shops are asked so, too. See "
            "what runs before it with `forwarder jobs list`; cancel that, or wait.",
            link="/console/jobs",
        )


def set_back(readings: Readings) -> Iterator[Condition]:
    """Tell that the database lacks what it had: answered webhooks may be missing."""
    for one in readings.measured("set_back_from"):
        since = datetime.fromtimestamp(one.value, UTC)
        until_s = readings.measures["set_back_to", one.subject].value
        until = datetime.fromtimestamp(until_s, UTC)
        yield Condition(
            subject=one.subject,
            severity=PAGE,
            summary=f"The database is older than it was: it ends at {since:{AT}} UTC "
            f"and had come to {until:{AT}} UTC. A copy was restored, or its log was "
            "lost.",
            mend="Fetch what came in between, endpoint by endpoint: `forwarder "
            f"import-missing --endpoint NAME --since {since:%Y-%m-%dT%H:%M}`. Ask "
            "senders without an API to send again; what is known is a duplicate.",
        )


def broker(readings: Readings) -> Iterator[Condition]:
    """Tell when the broker does not answer: slower, but nothing is lost."""
    for one in readings.measured("broker_down_seconds"):
        if one.value >= BROKER_DOWN_S:
            yield Condition(
                subject=one.subject,
                severity=WARN,
                summary=f"The broker has not answered {one.subject} for "
                f"{span(timedelta(seconds=one.value))}. Nothing is lost: workers look "
                "for work every 5 seconds.",
                mend="Start the broker; `forwarder doctor` shows its fault.",
            )


def beat(readings: Readings) -> Iterator[Condition]:
    """Tell when no beat has run for three periods, where there should be one."""
    seen = [one.at for one in readings.measured("beat_seen")]
    if not readings.known.has_beat or readings.now - max(seen) <= BEAT_MOST:
        return
    yield Condition(
        subject="",
        severity=WARN,
        summary=f"No beat has run for {span(readings.now - max(seen))}. Workers look "
        "for work by themselves every 5 seconds.",
        mend="Start `forwarder beat`.",
    )


def disk(readings: Readings) -> Iterator[Condition]:
    """Tell when a disk is nearly full."""
    for one in readings.measured("disk_free_share"):
        if one.value < DISK_WARN:
            yield Condition(
                subject=one.subject,
                severity=PAGE if one.value < DISK_PAGE else WARN,
                summary=f"{one.value:.0%} of the disk is free on {one.subject}. When "
                "it is full, webhooks are answered 503.",
                mend="Make room, or shorten keep_log_days and keep_notice_days.",
            )


def clock(readings: Readings) -> Iterator[Condition]:
    """Tell when the clock is wrong: times would be, and signatures too old."""
    for one in readings.measured("clock_skew_seconds"):
        if abs(one.value) > SKEW_MOST_S:
            yield Condition(
                subject=one.subject,
                severity=PAGE,
                summary=f"The clock of this machine is {span_of_skew(one.value)} "
                f"compared with that of the {one.subject}.",
                mend="Let NTP set the clock.",
            )


def span_of_skew(skew_s: float) -> str:
    """Return a difference of clocks in words. Units: ours minus theirs."""
    word = "ahead" if skew_s > 0 else "behind"
    return f"{span(timedelta(seconds=abs(skew_s)))} {word}"


def certificate(readings: Readings) -> Iterator[Condition]:
    """Tell when the certificate of the public address ends soon, or has."""
    for one in readings.measured("certificate_left_seconds"):
        left = timedelta(seconds=one.value)
        if left < CERTIFICATE_WARN:
            when = "has ended" if one.value <= 0 else f"ends in {span(left)}"
            yield Condition(
                subject=one.subject,
                severity=PAGE if left < CERTIFICATE_PAGE else WARN,
                summary=f"The certificate of {one.subject} {when}. Shops then post no "
                "webhooks.",
                mend="Renew it at the proxy in front, and see why that did not happen "
                "by itself.",
            )


def unreachable(readings: Readings) -> Iterator[Condition]:
    """Tell when the public address does not lead to this service."""
    for one in readings.measured("public_url_faults"):
        if one.value > 1:  # one may be chance: it is asked every ten minutes
            yield Condition(
                subject=one.subject,
                severity=PAGE,
                summary=f"{one.subject} did not lead to this service "
                f"{number(int(one.value), 'time')} in a row.",
                mend="Check the proxy, the port and the name server; `forwarder "
                "doctor` shows the fault.",
            )
