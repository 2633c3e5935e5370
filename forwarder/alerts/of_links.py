"""Rules about links of our own: what their audits found, and clicks not kept."""

from collections.abc import Iterator
from typing import Final

from forwarder.alerts.conditions import WARN, Condition, number
from forwarder.alerts.readings import Readings

# Amber from its first audit on is how somebody made it; green before, it is news.
_BAD: Final = frozenset({("amber", "green"), ("red", "green"), ("red", "amber")})


def link(readings: Readings) -> Iterator[Condition]:
    """Tell when the way of a link loses something that it did not lose before."""
    for one in readings.links:
        is_new = one.verdict == "red" and one.before is None
        if is_new or (one.verdict, one.before) in _BAD:
            was = "" if one.before is None else f" It was {one.before} before."
            yield Condition(
                subject=one.slug,
                severity=WARN,
                summary=f"The audit of the link {one.slug} is {one.verdict}.{was}",
                mend="Its audit names the first bad hop and the mend.",
                link=f"/console/link-audits/{one.audit_id}",
            )


def clicks(readings: Readings) -> Iterator[Condition]:
    """Tell when clicks are lost, or wait in memory since a disk takes none."""
    n_lost = readings.clicks["clicks_lost"]
    if n_lost:
        yield Condition(
            subject="lost",
            severity=WARN,
            summary=f"{number(n_lost, 'click')} of the last hours led on and "
            f"{'is' if n_lost == 1 else 'are'} in no count.",
            mend="`forwarder_clicks_dropped_total` in /metrics says why, by reason; "
            "docs/clicks.md, No request waits, what each means.",
        )
    n_failed = readings.clicks["clicks_unwritten"]
    if n_failed:
        yield Condition(
            subject="unwritten",
            severity=WARN,
            summary="The disk of a web process did not take clicks "
            f"{number(n_failed, 'time')} in the last hours. They wait in memory.",
            mend="Make room for the folder `clicks` in the data folder, and see that "
            "it is ours to write. What waits is lost when the web process ends.",
        )
