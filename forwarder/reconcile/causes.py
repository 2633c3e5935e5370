"""The waterfall from our log to the tag's number: each step with its evidence.

Definitions come first and are exact. What follows is counted where the mirror saw it,
estimated by standardised contrasts where the click log allows, bounded otherwise; the
rest is called unexplained. The points always add up to the whole difference.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forwarder.core.mirror import TagState
from forwarder.core.reports import Level
from forwarder.reconcile.align import Step
from forwarder.reconcile.bands import Band, im_critical, wilson
from forwarder.reconcile.cause import (
    ABSENT,
    BLOCKED,
    CONSENT,
    COOKIE,
    DEDUP,
    DEVICES,
    LATE,
    QUIET,
    ROUTE,
    TAG_ONLY,
    UNEXPLAINED,
    Cause,
    Certainty,
    counted,
    none,
    not_here,
)
from forwarder.reconcile.contrasts import Contrast, by_cookie, by_route
from forwarder.reconcile.evidence import Evidence, Share
from forwarder.reconcile.pairs import SILENT, Pairs
from forwarder.reconcile.systematic import CROSS_DEVICE, Part

MIN_EVENTS = 25  # a contrast on fewer is no evidence
ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the causes of one comparison are worked out from.

    `gap` is the 95% band of the difference after alignment, in conversions; None when
    it cannot be given.
    """

    level: Level
    steps: Sequence[Step]
    n_server: int
    n_tag: int
    gap: Band | None
    parts: Sequence[Part]
    pairs: Pairs | None
    evidence: Evidence
    torn: float  # pairs that may have been torn apart, at most


def waterfall(ground: Ground) -> tuple[Cause, ...]:
    """Return the steps; their points add up to our log's count less the tag's."""
    definitions = [
        _definition(step) for step in ground.steps if step.before != step.after
    ]
    found = list(_found(ground))
    known = sum(cause.n for cause in found)
    rest = ground.n_server - ground.n_tag - known
    return (*definitions, *found, _unexplained(ground, found, rest))


def _definition(step: Step) -> Cause:
    n = step.before - step.after
    return Cause(
        name=step.name, n=n, low=n, high=n, certainty=Certainty.EXACT, evidence=step.why
    )


def _found(ground: Ground) -> Iterator[Cause]:
    if ground.pairs is not None:
        yield from _mirrored(ground.pairs, ground.torn)
    else:
        yield _blocked(ground)
    yield from _contrasts(ground)
    yield _cross_device(ground)
    yield _consent(ground.evidence.opted_out)
    yield _late(ground)
    yield _dedup(ground.pairs)


def _mirrored(pairs: Pairs, torn: float) -> Iterator[Cause]:
    """Count what the browsers themselves said about the conversions of ours alone."""
    states = pairs.states
    stopped = states[TagState.BLOCKED] + states[TagState.LATE]
    yield counted(
        BLOCKED, stopped, "the mirror saw the page, the tag's script did not run",
        "keep server events on: they reach Pinterest without the script",
    )  # fmt: skip
    yield counted(
        ABSENT, states[TagState.ABSENT], "the mirror saw a page without the tag",
        "put the tag on that page",
    )  # fmt: skip
    silent, tag_only = states[SILENT], pairs.counts[1]
    loose = min(torn, silent, tag_only)
    yield Cause(
        name=QUIET,
        n=silent,
        low=silent - loose,
        high=silent,
        certainty=Certainty.BOUNDS,
        evidence="no browser reported it: closed early, sold elsewhere, or blocked too",
        remedy="put the mirror on every page that ends an order" if silent else "",
    )
    yield Cause(
        name=TAG_ONLY,
        n=-tag_only,
        low=-tag_only,
        high=loose - tag_only,
        certainty=Certainty.BOUNDS,
        evidence="the tag reported it, Pinterest took no such event from us",
        remedy="see the refused and quarantined ones in the log" if tag_only else "",
    )


def _blocked(ground: Ground) -> Cause:
    by_device = ground.evidence.blocked
    if ground.level is Level.ATTRIBUTION:
        return not_here(BLOCKED, "a blocked tag shows at delivery level")
    if not by_device or not sum(share.of for share in by_device.values()):
        return none(BLOCKED, "no browser was asked", "switch on the mirror")
    n, of = (sum(getattr(s, name) for s in by_device.values()) for name in ("n", "of"))
    low, high = wilson(n, of, im_critical(0, 1, ALPHA))
    return Cause(
        name=BLOCKED,
        n=round(n / of * ground.n_server),
        low=low * ground.n_server,
        high=high * ground.n_server,
        certainty=Certainty.ESTIMATE,
        evidence=f"the tag did not run in {n:,} of {of:,} reports of the mirror",
    )


def _contrasts(ground: Ground) -> Iterator[Cause]:
    if ground.level is Level.DELIVERY:
        yield not_here(ROUTE, "a route matters to credit, not to delivery")
        yield not_here(COOKIE, "a cookie matters to credit, not to delivery")
        return
    cells = ground.evidence.routes
    if cells is None:
        yield from (_unseen(name, ground.evidence) for name in (ROUTE, COOKIE))
        return
    yield _estimated(ROUTE, by_route(cells), _of_routes(ground.evidence.token_losses))
    yield _estimated(
        COOKIE, by_cookie(cells), "Safari after 7 days against before, less the others"
    )


def _unseen(name: str, evidence: Evidence) -> Cause:
    if evidence.token_losses is None:
        return none(name, "no click was logged", "use click links")
    told = _lost_tokens(evidence.token_losses)
    return none(name, f"no browser was asked; {told}", "switch on the mirror")


def _lost_tokens(losses: Share) -> str:
    return f"{losses.n:,} of {losses.of:,} had lost the click's token on the way"


def _of_routes(losses: Share | None) -> str:
    told = "same device, one hop against more"
    if losses is None:
        return told
    return f"{told}; {_lost_tokens(losses)}"


def _estimated(name: str, contrast: Contrast, evidence: str) -> Cause:
    n, variance, seen = contrast
    if seen < MIN_EVENTS:
        todo = "wait" if name == COOKIE else "audit the links, or wait"
        return none(name, f"{seen} conversions are too few to contrast", todo)
    reach = im_critical(0, 1, ALPHA) * math.sqrt(variance)
    return Cause(
        name=name, n=n, low=n - reach, high=n + reach, certainty=Certainty.ESTIMATE,
        evidence=evidence,
    )  # fmt: skip


def _cross_device(ground: Ground) -> Cause:
    if ground.level is Level.DELIVERY:
        return not_here(DEVICES, "a device matters to credit, not to delivery")
    part = next(part for part in ground.parts if part.name == CROSS_DEVICE)
    if ground.evidence.cross_device is None and part.high == 0:
        return not_here(DEVICES, part.source)
    share = ground.evidence.cross_device
    high = part.high * ground.n_tag
    evidence = part.source
    if share is not None:
        high = wilson(share.n, share.of, im_critical(0, 1, ALPHA))[1] * ground.n_tag
        evidence = (
            f"click and conversion on different kinds of device in {share.n:,} of "
            f"{share.of:,}"
        )
    return Cause(
        name=DEVICES,
        n=0,
        low=-high,
        high=0,
        certainty=Certainty.BOUNDS,
        evidence=evidence,
        remedy="" if share is not None else "use click links, with the mirror on",
    )


def _consent(share: Share | None) -> Cause:
    if share is None or share.of == 0:
        return none(CONSENT, "no browser was asked", "switch on the mirror")
    return Cause(
        name=CONSENT, n=0, low=0, high=0, certainty=Certainty.EXACT,
        evidence=f"{share.n:,} of {share.of:,} browsers did not allow measuring: "
        "taken out of both lists",
    )  # fmt: skip


def _late(ground: Ground) -> Cause:
    share = ground.evidence.late
    if share is None:
        return none(LATE, "nothing was sent in this month", "")
    # The mirror's list does not depend on how Pinterest books ours.
    high = 0 if ground.pairs is not None else share.n
    return Cause(
        name=LATE,
        n=0,
        low=0,
        high=high,
        certainty=Certainty.BOUNDS if high else Certainty.EXACT,
        evidence=f"{share.n:,} of {share.of:,} were sent more than an hour later: "
        "Pinterest may book them as offline",
        remedy="see how old the oldest pending event is" if share.n else "",
    )


def _dedup(pairs: Pairs | None) -> Cause:
    if pairs is None:
        return none(DEDUP, "no pair was joined", "switch on the mirror")
    n = pairs.by_order
    return Cause(
        name=DEDUP,
        n=0,
        low=0,
        high=0,
        certainty=Certainty.EXACT,
        evidence=f"{n:,} pairs share their order but not their event id: they are one "
        "sale here, and two for Pinterest",
        remedy="send the same event_id from the tag" if n else "",
    )


def _unexplained(ground: Ground, found: Sequence[Cause], rest: float) -> Cause:
    if ground.pairs is not None:  # every conversion stands in one of the cells above
        return counted(UNEXPLAINED, round(rest), "what is left")
    known = sum(cause.n for cause in found)
    gap = (rest, rest)
    if ground.gap is not None:
        gap = ground.gap[0] - known, ground.gap[1] - known
    low = min(gap[0] - sum(cause.high - cause.n for cause in found), rest)
    high = max(gap[1] + sum(cause.n - cause.low for cause in found), rest)
    is_strange = low > 0 or high < 0
    return Cause(
        name=UNEXPLAINED,
        n=rest,
        low=low,
        high=high,
        certainty=Certainty.ESTIMATE if rest or low < high else Certainty.EXACT,
        evidence="something we do not understand" if is_strange else "what is left",
        remedy="switch on the mirror",
    )
