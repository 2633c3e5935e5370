"""The roll of the rules: each says what is wrong, given the readings.

A condition holds counts, words of the settings and reasons, never anything of a person.
A rule that cannot be judged this time leaves its alerts as they are.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from forwarder.alerts import of_deliveries, of_links, of_machines, of_sources
from forwarder.alerts.conditions import Condition
from forwarder.alerts.readings import Readings

Rule = Callable[[Readings], Iterable[Condition]]

RULES: Final[Mapping[str, Rule]] = {
    "answer_lost": of_deliveries.answer_lost,
    "beat": of_machines.beat,
    "blocked": of_deliveries.blocked,
    "breaker": of_deliveries.breaker,
    "broker": of_machines.broker,
    "certificate": of_machines.certificate,
    "clicks": of_links.clicks,
    "clock": of_machines.clock,
    "conflict": of_sources.conflict,
    "disk": of_machines.disk,
    "forged": of_sources.forged,
    "forgotten": of_deliveries.forgotten,
    "job_waits": of_machines.job_waits,
    "link": of_links.link,
    "near_deadline": of_deliveries.near_deadline,
    "oldest_unsent": of_deliveries.oldest_unsent,
    "quarantined": of_sources.quarantined,
    "quiet": of_sources.quiet,
    "refused": of_deliveries.refused,
    "refused_share": of_deliveries.refused_share,
    "set_back": of_machines.set_back,
    "unreachable": of_machines.unreachable,
    "worker": of_machines.worker,
    "worker_restarted": of_machines.worker_restarted,
}
_NEEDS: Final = {
    "beat": "beat_seen",
    "broker": "broker_down_seconds",
    "certificate": "certificate_left_seconds",
    "clock": "clock_skew_seconds",
    "disk": "disk_free_share",
    "set_back": "set_back_from",  # open until a person resolves it
    "unreachable": "public_url_faults",
}


def judged(readings: Readings) -> dict[str, list[Condition]]:
    """Return, for each rule that can be judged now, what is wrong."""
    return {
        name: list(rule(readings))
        for name, rule in RULES.items()
        if _can_judge(name, readings)
    }


def _can_judge(name: str, readings: Readings) -> bool:
    if name == "quiet":
        return readings.quiet is not None
    needed = _NEEDS.get(name)
    return needed is None or bool(readings.measured(needed))
