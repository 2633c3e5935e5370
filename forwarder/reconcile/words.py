"""Sentences for somebody who owns the shop and not the statistics."""

from collections.abc import Iterator, Sequence

from forwarder.core.event import Kind
from forwarder.core.reports import Level, Measures
from forwarder.reconcile.align import Step
from forwarder.reconcile.calendar_of import final_at
from forwarder.reconcile.cause import CAUSES, UNTOLD
from forwarder.reconcile.compare import Estimate
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.verdict import FEW, Grade, Verdict

HOPELESS = 5  # conversions of ours below which not even a range is worth saying
MANY = 100  # conversions from which the single number comes before the range

_NOUNS = {
    Kind.CHECKOUT: ("purchase", "purchases"),
    Kind.LEAD: ("lead", "leads"),
    Kind.SIGNUP: ("sign-up", "sign-ups"),
}
_QUESTIONS = {
    Level.DELIVERY: "were they seen at all?",
    Level.ATTRIBUTION: "did they follow a Pinterest click?",
}
_GRADES = {
    Grade.A: "order ledger and a mirror of the tag",
    Grade.B: "a mirror of the tag",
    Grade.C: "the tag's daily totals beside our own log",
    Grade.D: "totals only, our log knows no Pinterest click",
}


_CERTAIN = {"bounds": "at most", "estimate": "estimated"}


def noun(kind: Kind, n: int) -> str:
    """Return the plain word for n conversions of a kind."""
    plain = kind.value.replace("_", " ")
    one, many = _NOUNS.get(kind, (f"{plain} event", f"{plain} events"))
    return one if n == 1 else many


def counted(kind: Kind, n: int) -> str:
    """Return a count with its noun and the word exact."""
    return f"{n:,} {noun(kind, n)} (exact)"


def headline(c: Comparison) -> str:
    """Return what is compared, as a title."""
    return (
        f"{noun(c.kind, 2).capitalize()}: {_QUESTIONS[c.level]} ({c.level.value} level)"
    )


def who(c: Comparison) -> str:
    """Return whose list stands beside ours."""
    if c.measures is Measures.PLATFORM:
        return "Pinterest's report (tag and server together)"
    return "The Pinterest tag"


def whose(c: Comparison) -> str:
    """Return the other list within a sentence."""
    return "Pinterest's report" if c.measures is Measures.PLATFORM else "the tag"


def mode(c: Comparison) -> str:
    """Return how the lists were compared."""
    return "order by order" if c.pairs is not None else "day by day"


def period(c: Comparison) -> str:
    """Return the days that are compared, of an unfinished month as far as it came."""
    if c.so_far_on is not None:
        return f"{c.first_on} to {c.so_far_on} so far"
    return f"{c.first_on} to {c.last_on}"


def nothing_of(empty: Sequence[Comparison]) -> str:
    """Return one sentence for all that neither list holds."""
    kinds: dict[str, list[str]] = {}
    for c in empty:
        kinds.setdefault(noun(c.kind, 2), []).append(c.level.value)
    named = ", ".join(f"{what} ({', '.join(on)})" for what, on in kinds.items())
    return f"Nothing on either side (exact): {named}."


def how_many(c: Comparison) -> str:
    """Return the first sentence: what each list holds."""
    ours = f"our server recorded {counted(c.kind, c.n_server)}"
    if c.n_tag is None:
        return f"From {period(c)} {ours}. There is no report of the tag for it."
    theirs = f"{who(c)} shows {counted(c.kind, c.n_tag)}"
    return f"{theirs} from {period(c)}; {ours} that meet the same rules."


def how_far(c: Comparison) -> str:
    """Return how far apart the lists are, with the range that fits the traffic."""
    gap = c.estimates.get("gap")
    if gap is None:
        return _no_gap(c)
    if says_nothing(gap):
        return _too_few(c)
    low, high = gap.bands["95"]
    ours, reach = "Of every 100 that our server saw", f"{span(low, high)} (95% band)"
    if gap.n < FEW:
        return f"{ours}, {reach}. No single number is fair."
    about = f"about {_missed(gap.value)} by {whose(c)}"
    if gap.n < MANY:
        return f"{ours}, {reach}; {about}."
    return f"{ours}, {about}: {_reach(low, high)} (95% band)."


def says_nothing(gap: Estimate) -> bool:
    """Say whether a gap is too loose for a share: few of ours, or anything is possible.

    A share of next to nothing is thousands of percent, which misleads.
    """
    low, high = gap.bands["95"]
    return gap.n < HOPELESS or (low < -1 and high > 0)


def _too_few(c: Comparison) -> str:
    if c.verdict is Verdict.DISAGREES:
        return "Ours are too few to give a share, but chance alone does not explain it."
    return "Too few to judge: chance alone may have made this difference."


def _no_gap(c: Comparison) -> str:
    if c.n_tag is None:
        return "So there is nothing to compare yet."
    if c.n_tag == 0 and c.n_server == 0:
        return "Neither list holds anything, so there is nothing to compare."
    if c.n_server == 0:
        return "Our list is empty, so no gap can be given."
    return "A single day is too little to compare."


def _reach(low: float, high: float) -> str:
    """Return a band without the verb that the number before it has."""
    text = span(low, high)
    return text.removesuffix(" were missed") if low >= 0 else text


def _missed(gap: float) -> str:
    if gap < -1:
        return "more than 100 too many were counted"
    number = round(abs(gap) * 100)
    return f"{number} were missed" if gap >= 0 else f"{number} too many were counted"


def percent(share: float) -> str:
    """Return a signed percentage without a minus before zero."""
    return f"{round(share * 100) + 0:+d}%"


def percent_span(low: float, high: float) -> str:
    """Return a band of shares; beyond twice ours it only says so."""
    if high < -1:
        return "below -100%"
    return f"{'below -100%' if low < -1 else percent(low)} to {percent(high)}"


def span(low: float, high: float) -> str:
    """Return a band of a gap in natural frequencies."""
    a, b = round(low * 100), round(high * 100)
    if a >= 0:
        return f"between {a} and {b} were missed"
    if high < -1:
        return "more than 100 too many were counted"
    if low < -1:
        return f"{-b} or more too many were counted"
    if b <= 0:
        return f"between {-b} and {-a} too many were counted"
    return f"anything between {-a} counted too many and {b} missed"


def in_money(c: Comparison) -> str | None:
    """Return the sentence on value; None when nothing is told."""
    if c.currency is None or (c.server_value == 0 and not c.tag_value):
        return None
    ours = f"{c.server_value:,.2f} {c.currency} (exact)"
    if c.tag_value is None:
        told = "" if c.n_tag is None else "; the report tells no value"
        return f"In value our server recorded {ours}{told}."
    theirs = f"{c.tag_value:,.2f} {c.currency} (exact)"
    text = f"In value {whose(c)} shows {theirs}, our server {ours}"
    gap = c.estimates.get("revenue_gap")
    if gap is None:
        return f"{text}; no gap in value can be given."
    if says_nothing(gap):
        return f"{text}; too few to judge."
    return f"{text}; {_percent_band(gap)}."


def _percent_band(gap: Estimate) -> str:
    low, high = gap.bands["95"]
    text = f"the gap in value is {percent_span(low, high)} (95% band)"
    is_rough = gap.n < FEW or gap.value < -1
    return text if is_rough else f"{text}, about {percent(gap.value)}"


def added(c: Comparison) -> str | None:
    """Return what reached Pinterest only through our server; None when not known."""
    if c.pairs is None or c.pairs.counts[2] == 0:
        return None
    told = counted(c.kind, c.pairs.counts[2])
    worth = c.pairs.worth.sums[2]
    if c.currency is not None and worth:
        told = f"{told}, worth {worth:,.2f} {c.currency} (exact),"
    return f"{told} reached Pinterest only because our server sent them."


def how_sure(c: Comparison) -> str:
    """Return the grade and whether the numbers can still move."""
    stamp = _stamp(c)
    if not c.estimates:
        return f"no band is given; {stamp}."
    rests = f"evidence of grade {c.grade.value}, of A (best) to D: {_GRADES[c.grade]}"
    return f"{rests}; {stamp}."


def _stamp(c: Comparison) -> str:
    if c.is_final:
        return "final: the numbers have settled"
    day = final_at(c.first_on.replace(day=1), c.definitions).date()
    return f"provisional until {day.isoformat()}: the numbers still move"


def moved(step: Step) -> int:
    """Return by how many conversions a step changed our count."""
    return step.after - step.before


def why(c: Comparison) -> Iterator[str]:
    """Yield what explains the difference, as far as totals can explain it."""
    changed = sorted((s for s in c.steps if moved(s)), key=lambda s: -abs(moved(s)))
    if changed:
        listed = ", ".join(f"{s.name} {moved(s):+,}" for s in changed[:3])
        yield (
            f"Counting by the report's rules took our log from {c.steps[0].before:,} "
            f"to {c.n_server:,} (exact): {listed}."
        )
    if c.n_refunded:
        yield (
            f"{_all_or(c.n_refunded, c.n_server)} of ours refunded or cancelled later "
            "(exact); the report does not take that back."
        )
    if c.pairs is not None:
        yield from _why_in_pairs(c)
    if c.estimates and c.parts:
        widest = max(c.parts, key=lambda part: part.high - part.low)
        yield (
            "Daily totals cannot show which ones are missing. The largest unknown is "
            f"{widest.name} ({percent(widest.low)} to {percent(widest.high)}, "
            f"{widest.evidence.value})."
        )


def _why_in_pairs(c: Comparison) -> Iterator[str]:
    known = [cause for cause in c.causes if cause.certainty not in UNTOLD]
    named = [cause for cause in known if round(cause.n) and cause.name in CAUSES]
    for cause in sorted(named, key=lambda one: -abs(one.n))[:3]:
        way = "fewer" if cause.n > 0 else "more"
        yield (
            f"{cause.name}: {abs(round(cause.n)):,} {way} on the tag's side "
            f"({_CERTAIN.get(cause.certainty.value, cause.certainty.value)}); "
            f"{cause.evidence}."
        )


def _all_or(n: int, total: int) -> str:
    return f"All {n}" if n == total else f"{n}"
