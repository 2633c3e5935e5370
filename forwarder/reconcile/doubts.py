"""What a reader should know before believing the numbers, in plain sentences."""

from collections.abc import Iterator

import numpy as np

from forwarder.core.reports import Level, Measures
from forwarder.reconcile.align import UNACCEPTED, Aligned
from forwarder.reconcile.case import Case
from forwarder.reconcile.tag_days import TagTotals

OUTAGE_EXPECTED = 5.0  # conversions missed in a row before silence is called an outage


def doubts(case: Case) -> tuple[str, ...]:
    """Return every doubt about one comparison, most important first."""
    return (*_about_tag(case.tag, case.aligned), *_about_days(case), *_about_ours(case))


def _about_days(case: Case) -> Iterator[str]:
    if case.first_whole_day and case.n_tag is not None:
        yield (
            f"Our log begins in the course of day {case.first_whole_day} of the month: "
            "only the whole days after it are compared."
        )
    if case.pairs is not None and case.period.n_compared < case.period.n_days:
        yield (
            "The mirror was not on all month: only the days on which both lists were "
            "being kept are compared."
        )
    if case.pairs is not None and case.pairs.n_neither:
        yield (
            f"{case.pairs.n_neither} conversions (exact) were seen by the mirror "
            "alone: neither the tag nor our server told Pinterest."
        )


def _about_ours(case: Case) -> Iterator[str]:
    others = {code: n for code, n in case.currencies.items() if code != case.currency}
    if others:
        listed = ", ".join(f"{n} in {code}" for code, n in others.items())
        yield (
            f"Values in other currencies are not added up ({listed}, margins around "
            f"the month included); values here are in {case.currency}."
        )
    untold = int(np.isnan(case.aligned.values).sum()) if not others else 0
    if untold and case.currency is not None:
        yield f"Without a value: {untold} of our conversions (exact)."
    waiting = sum(
        s.before - s.after for s in case.aligned.steps if s.name == UNACCEPTED
    )
    if waiting:
        yield (
            f"Not accepted by Pinterest yet, or refused: {waiting} of our conversions "
            "(exact). See the delivery log."
        )


def _about_tag(tag: TagTotals | None, aligned: Aligned) -> Iterator[str]:
    if tag is None:
        return
    if (
        tag.report.measures is Measures.PLATFORM
        and tag.report.level is Level.ATTRIBUTION
    ):
        yield (
            "This report shows what Pinterest counts from tag and server together, "
            "not the tag alone: the gap says nothing about the tag by itself."
        )
    for first, last, expected in silences(tag, aligned):
        days = f"day {first + 1}" if first == last else f"days {first + 1}-{last + 1}"
        yield (
            f"The tag recorded nothing on {days} of the month, where about "
            f"{expected:.0f} conversions were to be expected: probably an outage."
        )
    if tag.n_rivals:
        yield "More than one report was imported for this month: the last one counts."


def silences(tag: TagTotals, aligned: Aligned) -> Iterator[tuple[int, int, float]]:
    """Yield runs of days without any tag count that chance does not explain.

    Shape: first and last day of the month counted from 0, and how many conversions
    the tag would have been expected to see.
    """
    usual = tag.n / aligned.n if aligned.n else 0.0
    run: list[int] = []
    expected = 0.0
    for day, (theirs, ours) in enumerate(
        zip([*tag.daily_count, 1], [*aligned.daily_count, 0], strict=True)
    ):
        if theirs == 0:
            run.append(day)
            expected += usual * float(ours)
            continue
        if expected >= OUTAGE_EXPECTED:
            yield tag.first_day + run[0], tag.first_day + run[-1], expected
        run, expected = [], 0.0
