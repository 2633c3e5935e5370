"""What to do next: three actions at most, and which way of measuring fits this shop."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forwarder.core.reports import Level
from forwarder.reconcile import judgement, words
from forwarder.reconcile.cause import UNTOLD
from forwarder.reconcile.compare import Estimate
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.verdict import Grade, Verdict

MOST = 3
LARGE_GAP_SHARE = 0.20  # from here server events are worth their work
WORTH_IT = 100  # conversions a month from which they are


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of measuring, with this shop's state and what follows from it."""

    name: str
    good: str
    bad: str
    when: str
    state: str
    advice: str


def lead(comparisons: Sequence[Comparison]) -> Comparison | None:
    """Return the comparison that page one is about: purchases, best evidence first."""
    order = {Grade.A: 0, Grade.B: 1, Grade.C: 2, Grade.D: 3}

    def rank(c: Comparison) -> tuple[object, ...]:
        told = c.n_tag is None, "gap" not in c.estimates
        return *told, c.kind.value != "checkout", order[c.grade], c.level.value

    return min(comparisons, key=rank, default=None)


def actions(c: Comparison) -> list[str]:
    """Return at most three things to do, the most useful first, each once."""
    found: dict[str, None] = {}
    for text in (*_first(c), *_from_causes(c)):
        found.setdefault(text, None)
    return list(found)[:MOST] or ["Nothing: both lists tell the same story."]


def _first(c: Comparison) -> Iterator[str]:
    is_known = c.pairs is not None and c.verdict is Verdict.DISAGREES
    if c.verdict is not Verdict.AGREES and not is_known:
        text = judgement.what_next(c)
        yield text[0].upper() + text[1:]


def _from_causes(c: Comparison) -> Iterator[str]:
    def weight(n: float, low: float, high: float) -> float:
        return -max(abs(n), high - low)

    known = [cause for cause in c.causes if cause.remedy]
    for cause in sorted(known, key=lambda one: weight(one.n, one.low, one.high)):
        if cause.certainty not in UNTOLD:
            yield f"{cause.remedy[0].upper()}{cause.remedy[1:]} ({cause.name})."
    for cause in known:
        if cause.certainty in UNTOLD and c.verdict is not Verdict.AGREES:
            yield f"{cause.remedy[0].upper()}{cause.remedy[1:]} ({cause.name})."


def ways(comparisons: Sequence[Comparison]) -> tuple[Way, ...]:
    """Return tag, server events and first-party link as this shop stands."""
    best = lead(comparisons)
    return _tag(best), _server(best), _link(comparisons)


def _tag(c: Comparison | None) -> Way:
    state, advice = "no report of it", "import or mirror what it fires"
    if c is not None and "gap" in c.estimates and not words.says_nothing(_gap(c)):
        low, high = _gap(c).bands["95"]
        state = f"of 100 that our server saw, {words.span(low, high)} (95% band)"
        advice = "keep it; " + (
            "its gap is large, do not rely on it alone"
            if low > LARGE_GAP_SHARE
            else "it is enough for now"
            if max(abs(low), abs(high)) <= LARGE_GAP_SHARE
            else "its gap cannot be called small or large yet"
        )
    return Way(
        name="Tag",
        good="easy; works with ads and analytics",
        bad="blocked by privacy tools; cookie limits",
        when="few products, direct purchases",
        state=state,
        advice=advice,
    )


def _gap(c: Comparison) -> Estimate:
    return c.estimates["gap"]


def _server(c: Comparison | None) -> Way:
    n = 0 if c is None else c.n_server
    state = f"{n:,} accepted in the days compared (exact)"
    advice = "keep them on" if n >= WORTH_IT else "keep them on; few sales so far"
    return Way(
        name="Server events",
        good="no blocker stops them; more of the sales are credited",
        bad="needs set-up, and consent to be passed on",
        when="the value of a sale matters and there are 100 or more a month",
        state=state if n else "none accepted in the days compared (exact)",
        advice=advice if n else "turn them on: see forwarder doctor",
    )


def _link(comparisons: Sequence[Comparison]) -> Way:
    clicked = sum(c.n_server for c in comparisons if c.level is Level.ATTRIBUTION)
    return Way(
        name="First-party link",
        good="shows what happens between the Pin and the sale; one place for all",
        bad="every Pin must use it; sales still need the server events",
        when="several platforms, one source of truth",
        state=f"{clicked:,} conversions with a known Pinterest click (exact)",
        advice="keep the links consistent" if clicked else "use click links",
    )
