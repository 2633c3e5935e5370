"""The month report as one page that needs nothing else: no script, no other file."""

from collections.abc import Iterable, Sequence

from forwarder.reconcile import advice, charts, words
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.document import Document, PastMonth, movement
from forwarder.reconcile.html_parts import detail, table
from forwarder.reconcile.markup import Markup, el, joined
from forwarder.reconcile.page_style import STYLE
from forwarder.reconcile.verdict import FEW, Verdict

RECORDED = (
    '"Recorded" means that a list holds it. Neither list says that an ad caused the '
    "sale, and what our server adds is not yet credited by Pinterest."
)
_GOOD = {Verdict.AGREES: "good", Verdict.DISAGREES: "bad"}


def as_html(document: Document) -> str:
    """Return the report as a page: one for the owner, the rest for the operator."""
    report = document.report
    title = f"Attribution gap, {report.month}"
    told = [c for c in report.comparisons if c.n_tag is not None]
    page = el(
        "html",
        el(
            "head",
            el("meta", charset="utf-8"),
            el("meta", name="viewport", content="width=device-width,initial-scale=1"),
            el("title", title),
            el("style", Markup(STYLE)),
        ),
        el(
            "body",
            _first_page(document, title),
            [detail(document, c) for c in told],
            _alone(report.comparisons),
            _ways(report.comparisons) if report.comparisons else None,
            _colophon(document),
        ),
        lang="en",
    )
    return f"<!doctype html>\n{page}\n"


def _first_page(document: Document, title: str) -> Markup:
    c = advice.lead(document.report.comparisons)
    if c is None:
        nothing = f"No conversion in {document.report.month} on either side (exact)."
        return el("section", el("h1", title), el("p", nothing), class_="first")
    stamp = "final" if c.is_final else "provisional: the numbers still move"
    head = f"{words.period(c)} · {stamp}"
    return el(
        "section",
        el("h1", title),
        el("p", f"{words.headline(c)} · {head}", class_="soft"),
        el("p", el("span", _verdict(c), class_=f"verdict {_colour(c)}")),
        _picture(c),
        el(
            "div",
            _answer("How many", [words.how_many(c), words.in_money(c)]),
            _answer("How sure", _sure(c, document.history(c))),
            _answer("Why", [*words.why(c), *c.doubts][:4] or ["Nothing stands out."]),
            _next(c),
            class_="answers",
        ),
        el("p", RECORDED, class_="small"),
        class_="first",
    )


def _verdict(c: Comparison) -> str:
    return f"Tag and server: {c.verdict.value}"


def _colour(c: Comparison) -> str:
    return _GOOD.get(c.verdict, "soft")


def _picture(c: Comparison) -> Markup | None:
    gap = c.estimates.get("gap")
    if gap is None or words.says_nothing(gap):
        return None
    low, high = gap.bands["95"]
    return charts.of_hundred(gap.value if gap.n >= FEW else None, low, high)


def _sure(c: Comparison, past: Sequence[PastMonth]) -> list[str | None]:
    moved = movement(c, past)
    return [
        words.how_far(c),
        words.says(c),
        words.how_sure(c),
        None if moved is None else f"Against other months: {moved}.",
    ]


def _answer(title: str, texts: Iterable[str | None]) -> Markup:
    told = [el("p", f"{text[0].upper()}{text[1:]}") for text in texts if text]
    return el("div", el("h3", title), told, class_="answer")


def _next(c: Comparison) -> Markup:
    listed = el("ol", [el("li", text) for text in advice.actions(c)])
    return el("div", el("h3", "What next"), listed, class_="answer")


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
