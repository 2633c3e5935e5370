"""The month report for a terminal or an e-mail: plain words first, tables below."""

import textwrap
from collections.abc import Iterator, Sequence

from forwarder.reconcile import advice, judgement, words
from forwarder.reconcile.cause import UNTOLD, Cause
from forwarder.reconcile.comparison import Comparison, MonthReport
from forwarder.reconcile.first_page import RECORDED, TERMS
from forwarder.reconcile.labels import LABELS, assumptions
from forwarder.reconcile.shown import band_text, range_text

WIDTH = 88


def as_text(report: MonthReport) -> str:
    """Return the report as text: every number exact or with its band and period."""
    title = f"Attribution gap, {report.month}"
    lines = [title, "=" * len(title), ""]
    if not report.comparisons:
        lines += _wrapped(f"No conversion in {report.month} on either side (exact).")
    told, alone = _split(report.in_order())
    for comparison in told:
        lines += [*_section(comparison), ""]
    lines += _without_report(alone)
    if report.empty:
        lines += [*_wrapped(words.nothing_of(report.empty)), ""]
    lines += _wrapped(f"{RECORDED} {TERMS}")
    lines += ["", f"  Made {report.made_at:%Y-%m-%d %H:%M} UTC."]
    return "\n".join(lines) + "\n"


def _split(
    comparisons: Sequence[Comparison],
) -> tuple[list[Comparison], list[Comparison]]:
    """Return what is told at length, and what would only repeat that a side is missing.

    Without any report on the other side everything is told, since that says what to do.
    """
    compared = [c for c in comparisons if c.n_tag is not None]
    if not compared:
        return list(comparisons), []
    return compared, [c for c in comparisons if c.n_tag is None]


def _without_report(alone: Sequence[Comparison]) -> list[str]:
    alone = [c for c in alone if c.n_server]
    if not alone:
        return []
    title = "Counted by our server only"
    lines = [title, "-" * len(title)]
    for c in alone:
        lines += _wrapped(
            f"{c.level.value} level: {words.counted(c.kind, c.n_server)}; "
            "no report of the tag covers it."
        )
    return [*lines, ""]


def _section(c: Comparison) -> Iterator[str]:
    title = words.headline(c)
    yield from (title, "-" * len(title))
    yield from _wrapped(" ".join(filter(None, [words.how_many(c), words.how_far(c)])))
    money = words.in_money(c)
    if money is not None:
        yield from _wrapped(money)
    yield from _answers(c)
    yield from _alignment(c)
    yield from _bands(c)
    yield from _causes(c)
    if c.estimates:
        yield from _assumptions(c)
    yield from _definitions(c)


def _answers(c: Comparison) -> Iterator[str]:
    yield from _labelled("Verdict", judgement.says(c))
    yield from _labelled("How sure", words.how_sure(c))
    for reason in words.why(c):
        yield from _labelled("Why", reason)
    for doubt in c.doubts:
        yield from _labelled("Mind", doubt)
    for step in advice.actions(c):
        yield from _labelled("Next", step)


def _alignment(c: Comparison) -> Iterator[str]:
    yield ""
    yield f"  Our log in the report's terms ({words.noun(c.kind, 2)}, exact)"
    rows: list[tuple[str, ...]] = [("step", "before", "after", "moved", "")]
    for step in c.steps:
        numbers = (f"{step.before:,}", f"{step.after:,}", f"{words.moved(step):+,}")
        rows.append((step.name, *numbers, step.why))
    yield from _table(rows, "<>>><")


def _bands(c: Comparison) -> Iterator[str]:
    yield ""
    if not c.estimates:
        yield "  Bands: none, there is nothing to compare."
        return
    yield f"  Bands, {words.period(c)}, grade {c.grade.value}"
    gap = c.estimates.get("gap")
    if gap is None or words.says_nothing(gap):
        yield "  too few to judge"
        return
    rows: list[tuple[str, ...]] = [
        ("", "90%", "95%", "95%, against other months", "unit")
    ]
    for name, estimate in c.estimates.items():
        label = LABELS[name]
        bands = (*estimate.bands.values(), estimate.usual_bands["95"])
        rows.append((label.title, *(band_text(name, one) for one in bands), label.unit))
    yield from _table(rows, "<>>><")


def _assumptions(c: Comparison) -> Iterator[str]:
    yield ""
    yield "  What the lists cannot show (the band rests on it)"
    rows = [("part", "range", "", "source")]
    rows += [
        (one.name, range_text(one), one.status, one.source) for one in assumptions(c)
    ]
    yield from _table(rows, "<><<")
    if c.tipping is not None:
        yield ""
        yield from _wrapped(c.tipping.sentence)


def _causes(c: Comparison) -> Iterator[str]:
    if not c.causes:
        return
    yield ""
    yield "  From our log to the tag's number (conversions)"
    rows = [("cause", "lowers it by", "95% range", "", "evidence")]
    for cause in c.causes:
        reach = f"{round(cause.low):+,} to {round(cause.high):+,}"
        is_known = cause.certainty not in UNTOLD
        number = f"{round(cause.n):+,}" if is_known else ""
        is_wide = is_known and cause.low < cause.high
        rows.append(
            (
                cause.name,
                number,
                reach if is_wide else "",
                cause.certainty.value,
                cause.evidence if is_known else _unknown(cause),
            )
        )
    yield from _table(rows, "<>><<")


def _unknown(cause: Cause) -> str:
    return f"{cause.evidence}; {cause.remedy}" if cause.remedy else cause.evidence


def _definitions(c: Comparison) -> Iterator[str]:
    yield ""
    yield from _wrapped(
        f"Rules: {c.definitions.words}; {words.period(c)}; sampling error clustered by "
        "day."
    )


def _labelled(label: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {label + ':':<10}",
        subsequent_indent=" " * 12,
        break_on_hyphens=False,
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_on_hyphens=False,
    )


def _table(rows: Sequence[tuple[str, ...]], alignment: str) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            f"{cell:{side}{width}}"
            for cell, side, width in zip(row, alignment, widths, strict=True)
        )
        yield ("    " + "  ".join(cells)).rstrip()
