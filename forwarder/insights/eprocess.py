"""Tell whether one arm of an experiment does better, however often one looks.

A bet against "both arms have the same rate" is placed each day with what earlier days
taught; its winnings are E. If there is no difference, E exceeds 1/alpha with at most
the chance alpha over the whole run, so looking every day fools nobody. Days differ
more than chance alone would have it, so ln E is divided by the dispersion. That
division is checked by simulation (`tests/insights`), not proved; and Pinterest does
not draw lots for its impressions: this is evidence on Pins, no proof on a headline.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from math import exp, log, sqrt
from typing import Final

MIN_RATE: Final = 1e-5  # below, logarithms mean nothing
FUTILE_DAYS: Final = 28
Z_90: Final = 1.645
ALIKE: Final = (0.8, 1.2)  # a ratio in here is not worth waiting for


class State(StrEnum):
    """How far an experiment has come."""

    COLLECTING = "collecting"
    DIRECTIONAL = "directional"
    CONCLUSIVE = "conclusive"
    FUTILE = "futile"


@dataclass(frozen=True, slots=True)
class Day:
    """What one arm did on one settled day: all its Pins summed."""

    impressions: int
    successes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is fixed before the start: `rho` is the account's rate until then.

    `k` is how many impressions that rate is worth as a prior.
    """

    rho: float
    alpha: float = 0.05
    k: float = 500.0
    min_days: int = 7
    min_impressions: int = 3000
    futile_days: int = FUTILE_DAYS
    has_control: bool = True

    def prior(self) -> float:
        """Return the rate that logarithms can be taken of."""
        return max(self.rho, MIN_RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known after `day` settled days; final once conclusive or futile.

    `log_e` is ln E and `l` what the threshold is compared with, of the pair of arms
    that differ most.
    """

    state: State
    day: int
    winner: int | None
    log_e: float
    l: float  # noqa: E741  the name of the method's paper and of our JSON
    threshold: float

    @property
    def dispersion(self) -> float:
        """Return how much more the days vary than chance alone would have it."""
        return self.log_e / self.l if self.l else 1.0


@dataclass(slots=True)
class _Arm:
    """One arm's past days, summed; `squares` are successes**2 / impressions of each."""

    n_shown: int = 0
    impressions: int = 0
    successes: int = 0
    squares: float = 0.0

    def add(self, day: Day) -> None:
        self.impressions += day.impressions
        self.successes += day.successes
        if day.impressions:
            self.n_shown += 1
            self.squares += day.successes**2 / day.impressions

    def rate(self) -> float:
        return self.successes / self.impressions if self.impressions else 0.0

    def chi_square(self) -> tuple[float, int]:
        """Return how far the days lie from the arm's own rate, and for how many."""
        if not self.successes:
            return 0.0, 0
        return max(0.0, self.squares / self.rate() - self.successes), self.n_shown - 1


@dataclass(slots=True)
class _Pair:
    """Two arms that are compared."""

    one: int
    other: int
    log_e: float = 0.0

    def take(self, arms: Sequence[_Arm], today: Sequence[Day], terms: Terms) -> None:
        """Add what this day's bet won or lost; the arms do not know the day yet."""
        days = (today[self.one], today[self.other])
        past = (arms[self.one], arms[self.other])
        rates = [mean(arm.impressions, arm.successes, terms) for arm in past]
        total = sum(day.impressions for day in days)
        if total == 0:
            return
        null = sum(d.impressions * p for d, p in zip(days, rates, strict=True)) / total
        for day, rate in zip(days, rates, strict=True):
            self.log_e += _log_likelihood(rate, day) - _log_likelihood(null, day)

    def tempered(self, arms: Sequence[_Arm]) -> float:
        """Return ln E divided by the dispersion of the days so far."""
        found = [arms[at].chi_square() for at in (self.one, self.other)]
        freedom = sum(df for _, df in found)
        if freedom <= 0:
            return self.log_e
        return self.log_e / max(1.0, sum(chi for chi, _ in found) / freedom)

    def winner(self, arms: Sequence[_Arm]) -> int:
        """Return the arm with the larger rate."""
        return max((self.one, self.other), key=lambda at: arms[at].rate())


def mean(impressions: int, successes: int, terms: Terms) -> float:
    """Return the rate that these days, and the account's before, let one expect."""
    return (successes + terms.k * terms.prior()) / (impressions + terms.k)


def _log_likelihood(rate: float, day: Day) -> float:
    missed = day.impressions - day.successes
    return day.successes * log(rate) + missed * log(1 - rate)


def judge(arms: Sequence[Sequence[Day | None]], terms: Terms) -> Verdict:
    """Return what is known once all days are in; the first verdict stands.

    Arm 0 is the control; `has_control=False` compares every two arms. A day that one
    arm lacks (None) is not used. Where a day has more successes than impressions, it
    is added to the next. Raises: ValueError for fewer than two arms.
    """
    verdicts = list(follow(arms, terms))
    return verdicts[-1]


def follow(arms: Sequence[Sequence[Day | None]], terms: Terms) -> Iterator[Verdict]:
    """Yield what was known after each settled day, beginning before the first."""
    n_arms = len(arms)
    if n_arms < 2:  # noqa: PLR2004  one cannot be compared
        raise ValueError("an experiment has at least two arms")
    pairs = _pairs(n_arms, has_control=terms.has_control)
    threshold = log(len(pairs) / terms.alpha)
    past = [_Arm() for _ in arms]
    verdict = Verdict(
        state=State.COLLECTING, day=0, winner=None, log_e=0.0, l=0.0,
        threshold=threshold,
    )  # fmt: skip
    yield verdict
    for n_days, today in settled(arms):
        for pair in pairs:
            pair.take(past, today, terms)
        for arm, day in zip(past, today, strict=True):
            arm.add(day)
        verdict = _verdict(n_days, past, pairs, terms, threshold)
        yield verdict
        if verdict.state in {State.CONCLUSIVE, State.FUTILE}:
            return


def _pairs(n_arms: int, *, has_control: bool) -> list[_Pair]:
    if has_control:
        return [_Pair(0, other) for other in range(1, n_arms)]
    return [_Pair(*pair) for pair in combinations(range(n_arms), 2)]


def settled(
    arms: Sequence[Sequence[Day | None]],
) -> Iterator[tuple[int, tuple[Day, ...]]]:
    """Yield each settled day with how many days have been used by then."""
    n_days = 0
    held: tuple[Day, ...] | None = None
    for number in range(max(map(len, arms), default=0)):
        given = tuple(arm[number] if number < len(arm) else None for arm in arms)
        if any(not _is_count(day) for day in given):
            continue
        today = tuple(day for day in given if day is not None)
        n_days += 1
        held = today if held is None else tuple(map(_sum, held, today))
        if all(day.successes <= day.impressions for day in held):
            yield n_days, held
            held = None


def _is_count(day: Day | None) -> bool:
    return day is not None and day.impressions >= 0 and day.successes >= 0


def _sum(one: Day, other: Day) -> Day:
    return Day(one.impressions + other.impressions, one.successes + other.successes)


def _verdict(
    n_days: int,
    arms: Sequence[_Arm],
    pairs: Sequence[_Pair],
    terms: Terms,
    threshold: float,
) -> Verdict:
    tempered = {(pair.one, pair.other): pair.tempered(arms) for pair in pairs}
    best = max(pairs, key=lambda pair: tempered[pair.one, pair.other])
    ripe = [pair for pair in pairs if _is_ripe(n_days, arms, pair, terms)]
    proved = [p for p in ripe if tempered[p.one, p.other] >= threshold]
    if proved:
        best = max(proved, key=lambda pair: tempered[pair.one, pair.other])
    return Verdict(
        state=_state(n_days, arms, pairs, terms, is_proved=bool(proved)),
        day=n_days,
        winner=best.winner(arms) if proved else None,
        log_e=best.log_e,
        l=tempered[best.one, best.other],
        threshold=threshold,
    )


def _is_ripe(n_days: int, arms: Sequence[_Arm], pair: _Pair, terms: Terms) -> bool:
    least = min(arms[pair.one].impressions, arms[pair.other].impressions)
    return n_days >= terms.min_days and least >= terms.min_impressions


def _state(
    n_days: int,
    arms: Sequence[_Arm],
    pairs: Sequence[_Pair],
    terms: Terms,
    *,
    is_proved: bool,
) -> State:
    if is_proved:
        return State.CONCLUSIVE
    if not all(_is_ripe(n_days, arms, pair, terms) for pair in pairs):
        return State.COLLECTING
    if n_days >= terms.futile_days and all(
        _is_alike(_ratio_interval(arms[pair.one], arms[pair.other], terms))
        for pair in pairs
    ):
        return State.FUTILE
    return State.DIRECTIONAL


def _is_alike(interval: tuple[float, float]) -> bool:
    return ALIKE[0] <= interval[0] and interval[1] <= ALIKE[1]


def _ratio_interval(one: _Arm, other: _Arm, terms: Terms) -> tuple[float, float]:
    """Return the 90 % interval of the other arm's rate over the one's."""
    middle, spread = _log_ratio(one, other, terms)
    return exp(middle - Z_90 * spread), exp(middle + Z_90 * spread)


def _log_ratio(one: _Arm, other: _Arm, terms: Terms) -> tuple[float, float]:
    hits, misses = zip(*(_posterior(arm, terms) for arm in (one, other)), strict=True)
    means = [hit / (hit + miss) for hit, miss in zip(hits, misses, strict=True)]
    variance = sum(
        1 / hit - 1 / (hit + miss) for hit, miss in zip(hits, misses, strict=True)
    )
    return log(means[1] / means[0]), sqrt(variance)


def _posterior(arm: _Arm, terms: Terms) -> tuple[float, float]:
    rho = terms.prior()
    missed = arm.impressions - arm.successes
    return terms.k * rho + arm.successes, terms.k * (1 - rho) + missed
