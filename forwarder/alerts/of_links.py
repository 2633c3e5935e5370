"""Rules about links of our own: what their audits found."""

from collections.abc import Iterator
from typing import Final

from forwarder.alerts.conditions import WARN, Condition
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
