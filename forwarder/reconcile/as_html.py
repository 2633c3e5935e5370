"""The month report as one page that needs nothing else: no script, no other file."""

from collections.abc import Sequence

from forwarder.reconcile import advice, charts, judgement, words
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.document import Document
from forwarder.reconcile.first_page import (
    RECORDED,
    TERMS,
    answers,
    nothing,
    subject,
    title,
)
from forwarder.reconcile.html_parts import detail, table
from forwarder.reconcile.markup import Markup, el, joined
from forwarder.reconcile.page_style import STYLE
from forwarder.reconcile.verdict import FEW, Verdict

_GOOD = {Verdict.AGREES: "good", Verdict.DISAGREES: "bad"}


def as_html(document: Document) -> str:
    """Return the report as a page: one for the owner, the rest for the operator."""
    report = document.report
    told = [c for c in report.in_order() if c.n_tag is not None]
    page = el(
        "html",
        el(
            "head",
            el("meta", charset="utf-8"),
            el("meta", name="viewport", content="width=device-width,initial-scale=1"),
            el("title", title(document)),
            el("style", Markup(STYLE)),
        ),
        el(
            "body",
            el(
                "main",
                _first_page(document),
                [detail(document, c) for c in told],
                _alone(report.comparisons),
                el("p", words.nothing_of(report.empty)) if report.empty else None,
                _ways(report.comparisons) if report.comparisons else None,
                _colophon(document),
                class_="report",
            ),
        ),
        lang="en",
    )
    return f"<!doctype html>\n{page}\n"


def _first_page(document: Document) -> Markup:
    c = advice.lead(document.report.comparisons)
    head = el("h1", title(document))
    if c is None:
        return el("section", head, el("p", nothing(document)), class_="first")
    return el(
        "section",
        head,
        el("p", subject(document, c), class_="soft"),
        el("p", el("span", judgement.verdict_line(c), class_=f"verdict {_colour(c)}")),
        _picture(c),
        el("div", *_answers(document, c), class_="answers"),
        el("p", f"{RECORDED} {TERMS}", class_="small"),
        class_="first",
    )


def _colour(c: Comparison) -> str:
    return _GOOD.get(c.verdict, "soft")


def _picture(c: Comparison) -> Markup | None:
    gap = c.estimates.get("gap")
    if gap is None or words.says_nothing(gap):
        return None
    low, high = gap.bands["95"]
    return charts.of_hundred(gap.value if gap.n >= FEW else None, low, high)


def _answers(document: Document, c: Comparison) -> list[Markup]:
    *told, (last, actions) = answers(document, c)
    first = [_answer(head, [el("p", one) for one in texts]) for head, texts in told]
    listed = el("ol", [el("li", text) for text in actions])
    return [*first, _answer(last, [listed])]


def _answer(question: str, told: Sequence[Markup]) -> Markup:
    return el("div", el("h2", question), told, class_="answer")


def _alone(comparisons: Sequence[Comparison]) -> Markup | None:
    alone = [c for c in comparisons if c.n_tag is None and c.n_server]
    if not alone:
        return None
    rows = [
        [words.noun(c.kind, 2), c.level.value, f"{c.n_server:,}", words.period(c)]
        for c in alone
    ]
    head = ("what", "level", "our server (exact)", "period")
    return joined(
        el("h2", "Counted by our server only"),
        el("p", "No report of the tag covers these.", class_="soft"),
        table(head, rows, "--n-"),
    )


def _ways(comparisons: Sequence[Comparison]) -> Markup:
    head = ("", "good", "bad", "when", "this shop", "so")
    rows = [
        [way.name, way.good, way.bad, way.when, way.state, way.advice]
        for way in advice.ways(comparisons)
    ]
    return joined(el("h2", "Which way of measuring"), table(head, rows, "------"))


def _colophon(document: Document) -> Markup:
    made = f"{document.report.made_at:%Y-%m-%d %H:%M} UTC"
    inputs = document.report.inputs[:16]
    text = f"Made {made} from inputs {inputs}. The same inputs give the same numbers."
    return el("p", text, class_="small")
