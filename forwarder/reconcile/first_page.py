"""What the owner of the shop reads: how many, how sure, why, what next."""

from collections.abc import Iterable, Sequence

from forwarder.reconcile import advice, judgement, words
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.document import Document, PastMonth, movement

RECORDED = (
    '"Recorded" means that a list holds it. Neither list says that an ad caused the '
    "sale, and what our server adds is not yet credited by Pinterest."
)
TERMS = (
    '"Exact" is counted, not estimated. A 95% band is the range that holds the true '
    "number in 95 of 100 such months."
)
REASONS_MAX = 4


def title(document: Document) -> str:
    """Return the title of a report."""
    return f"Attribution gap, {document.report.month}"


def nothing(document: Document) -> str:
    """Return the sentence of a month in which nothing happened."""
    return f"No conversion in {document.report.month} on either side (exact)."


def subject(document: Document, c: Comparison) -> str:
    """Return what the first page is about, for which days, and whether it stands."""
    stamp = "final" if c.is_final else "provisional: the numbers still move"
    if c.is_final and not all(one.is_final for one in document.report.comparisons):
        stamp = "final here; the report is provisional, since others below still move"
    return f"{words.headline(c)} · {words.period(c)} · {stamp}"


def answers(document: Document, c: Comparison) -> list[tuple[str, list[str]]]:
    """Return the four questions, each with its sentences."""
    return [
        ("How many", _told([words.how_many(c), words.in_money(c), words.added(c)])),
        ("How sure", _told(_sure(c, document.history(c)))),
        ("Why", _told([*words.why(c), *c.doubts][:REASONS_MAX])
         or ["Nothing stands out."]),
        ("What next", advice.actions(c)),
    ]  # fmt: skip


def _sure(c: Comparison, past: Sequence[PastMonth]) -> list[str | None]:
    moved = movement(c, past)
    return [
        words.how_far(c),
        words.how_sure(c),
        judgement.tolerance(c),
        None if moved is None else f"Against other months: {moved}.",
    ]


def _told(texts: Iterable[str | None]) -> list[str]:
    return [f"{text[0].upper()}{text[1:]}" for text in texts if text]
