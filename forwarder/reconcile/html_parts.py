"""The operator's pages: every table and picture of one comparison."""

from collections.abc import Iterator, Sequence

from forwarder.reconcile import charts, pairs, words
from forwarder.reconcile.cause import UNTOLD, Cause
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.control import control_days
from forwarder.reconcile.document import Document
from forwarder.reconcile.labels import LABELS, assumptions
from forwarder.reconcile.markup import Child, Markup, el, joined
from forwarder.reconcile.routes import routes
from forwarder.reconcile.shown import band_text, number_text, range_text, value_text
from forwarder.reconcile.verdict import FEW

FEW_IN_A_CELL = 25


def table(head: Sequence[str], rows: Sequence[Sequence[Child]], sides: str) -> Markup:
    """Return a table; `sides` has a letter per column, n for numbers."""

    def cell(content: Child, side: str, *, is_head: bool) -> Markup:
        is_named = is_head and bool(content)
        return el(
            "th" if is_named else "td",
            content,
            scope="col" if is_named else None,
            class_="n" if side == "n" else None,
        )

    def line(row: Sequence[Child], *, is_head: bool = False) -> Markup:
        both = zip(row, sides, strict=True)
        return el("tr", [cell(one, side, is_head=is_head) for one, side in both])

    top = el("thead", line(head, is_head=True))
    body = el("tbody", [line(row) for row in rows])
    # What can be moved sideways has to be reached by keyboard, and needs a name then.
    told = f"Table: {', '.join(filter(None, head))}"
    inner = el("table", top, body)
    return el("div", inner, class_="wide", tabindex="0", role="group", aria_label=told)


def detail(document: Document, c: Comparison) -> Markup:
    """Return all that is known about one comparison."""
    return el("section", *_parts(document, c))


def _parts(document: Document, c: Comparison) -> Iterator[Markup]:
    yield el("h2", words.headline(c))
    yield el("p", " ".join(filter(None, [words.how_many(c), words.how_far(c)])))
    for doubt in c.doubts:
        yield el("p", f"Mind: {doubt}")
    yield _columns(c)
    yield _estimates(c)
    yield from _joined(c)
    yield from _routes(c)
    yield from _waterfall(c)
    yield _steps(c)
    yield from _days(c)
    yield from _rest(c)
    yield from _history(document, c)
    yield el("p", _rules(c), class_="small")


def _columns(c: Comparison) -> Markup:
    def cell(value: float | None, unit: str = "") -> str:
        if value is None:
            return "not told"
        return f"{value:,.2f} {unit} (exact)" if unit else f"{value:,} (exact)"

    rows = [["conversions", cell(c.n_tag), cell(c.n_server)]]
    if c.currency is not None:
        money = (cell(c.tag_value, c.currency), cell(c.server_value, c.currency))
        rows.append(["value", *money])
    rows.append(["refunded or cancelled later", "not told", cell(c.n_refunded)])
    if c.evidence.ledger_total is not None:
        rows.append(
            ["orders the shop counted", "not told", cell(c.evidence.ledger_total)]
        )
    theirs = f"{words.who(c)} (platform)"
    return joined(
        el("h3", f"Both lists, side by side, {words.period(c)}"),
        table(("", theirs, "our server (first party)"), rows, "-nn"),
    )


def _estimates(c: Comparison) -> Markup:
    title = el("h3", f"Estimates, {words.period(c)}, grade {c.grade.value}")
    gap = c.estimates.get("gap")
    if gap is None or words.says_nothing(gap):
        return joined(title, el("p", "Too few to judge: no band would be honest."))
    rows = []
    for name, one in c.estimates.items():
        point = value_text(name, one.value) if one.n >= FEW else "too few"
        bands = [band_text(name, one.bands[level]) for level in ("90", "95")]
        usual = band_text(name, one.usual_bands["95"])
        rows.append([LABELS[name].title, point, *bands, usual, LABELS[name].unit])
    head = ("", "about", "90% band", "95% band", "against other months", "unit")
    return joined(title, table(head, rows, "-nnnn-"))


def _joined(c: Comparison) -> Iterator[Markup]:
    if c.pairs is None:
        return
    both, tag, server = (f"{n:,}" for n in c.pairs.counts)
    yield el("h3", "Order by order (exact)")
    unseen = f"{c.pairs.n_neither:,} that the mirror saw, and an unknown rest"
    rows = [
        ["seen by our server", both, server],
        ["not seen by our server", tag, unseen],
    ]
    yield table(("conversions", "seen by the tag", "not seen by the tag"), rows, "-nn")
    yield el("h3", "The tag by device (exact; grey under 25)")
    head = ("device", "seen by both", "tag only", "server only", "tag's share of ours")
    yield table(
        head, [_device(name, *n) for name, n in c.pairs.devices.items()], "-nnnn"
    )
    states = c.pairs.states
    told = ", ".join(
        f"{'no browser spoke' if name == pairs.SILENT else f'tag {name}'}: {n:,}"
        for name, n in states.items()
        if n
    )
    if told:
        yield el("p", f"Seen by our server only (exact): {told}.")
    if c.dependence is not None:
        d = c.dependence
        reach = f"{d.value:.1f} ({d.low:.1f} to {d.high:.1f}, 95% band)"
        measured = "Dependence of the lists, measured with the order ledger"
        yield el("p", f"{measured}: odds ratio {reach}.")


def _device(name: str, both: int, tag: int, server: int) -> list[Child]:
    share = _share(both, both + server)
    return [name.replace("_", " "), f"{both:,}", f"{tag:,}", f"{server:,}", share]


def _routes(c: Comparison) -> Iterator[Markup]:
    found = routes(c)
    if not found:
        return
    yield el(
        "h3", "Conversions with a known click, by their way (exact; grey under 25)"
    )
    rows: list[list[Child]] = [
        [one.device.replace("_", " "), one.way, f"{one.n:,}", f"{one.n_tag:,}",
         _share(one.n_tag, one.n)]
        for one in found
    ]  # fmt: skip
    head = ("device of the click", "way", "ours", "the tag took", "tag's share of ours")
    yield table(head, rows, "--nnn")


def _share(n: int, of: int) -> Child:
    """Return a share; grey where it stands on few."""
    told = f"{n / of:.0%}" if of else "n/a"
    return el("span", told, class_="soft") if of < FEW_IN_A_CELL else told


def _waterfall(c: Comparison) -> Iterator[Markup]:
    if not c.causes or c.n_tag is None:
        return
    yield el("h3", "From our log to the tag's number")
    before = c.steps[0].before if c.steps else c.n_server
    if before or c.n_tag:
        yield charts.waterfall(c.causes, before, c.n_tag)
    head = ("cause", "lowers the tag by", "95% range", "", "evidence")
    yield table(head, [_cause(cause) for cause in c.causes], "-nn--")


def _cause(cause: Cause) -> list[Child]:
    if cause.certainty in UNTOLD:
        todo = f"{cause.evidence}; {cause.remedy}" if cause.remedy else cause.evidence
        return [cause.name, "", "", cause.certainty.value, todo]
    is_wide = cause.low < cause.high
    reach = f"{number_text(cause.low)} to {number_text(cause.high)}" if is_wide else ""
    number = number_text(cause.n)
    return [cause.name, number, reach, cause.certainty.value, cause.evidence]


def _steps(c: Comparison) -> Markup:
    rows = [
        [step.name, f"{step.before:,}", f"{step.after:,}",
         number_text(step.after - step.before), step.why]
        for step in c.steps
    ]  # fmt: skip
    return joined(
        el("h3", "Our log in the report's terms (conversions, exact)"),
        table(("step", "before", "after", "moved", ""), rows, "-nnn-"),
    )


def _days(c: Comparison) -> Iterator[Markup]:
    days = control_days(c.days)
    if not days:
        return
    yield el("h3", "Day by day: the tag beside what our list lets expect")
    yield charts.daily(days)
    odd = ", ".join(f"{day.on:%d %b} ({day.tag:,})" for day in days if day.is_odd)
    told = f"Outside the limits of chance (99.7%): {odd}." if odd else (
        "No day lies outside the limits of chance (99.7%)."
    )  # fmt: skip
    yield el("p", told, class_="small")


def _rest(c: Comparison) -> Iterator[Markup]:
    known = assumptions(c)
    if known:
        yield el("h3", "What the lists cannot show: the band rests on this")
        rows = [[one.name, range_text(one), one.unit, one.status, one.source]
                for one in known]  # fmt: skip
        yield table(("", "range", "unit", "status", "source"), rows, "-n---")
    if c.tipping is not None:
        yield el("p", c.tipping.sentence)
    if c.totals:
        yield el("h3", "The true total, if the lists depend on each other so strongly")
        rows = [[f"{odds:g}", band_text("N", band)] for odds, band in c.totals.items()]
        yield table(("odds ratio", "true total (95% band)"), rows, "nn")
    if c.evidence.quality:
        told = ", ".join(f"{k}: {v}" for k, v in c.evidence.quality.items())
        yield el("p", f"Event quality as Pinterest scores it, by source: {told}.")


def _history(document: Document, c: Comparison) -> Iterator[Markup]:
    past = document.history(c)
    if past:
        yield el(
            "h3", "The gap of earlier months (share of our conversions, 95% bands)"
        )
        yield charts.history(past)


def _rules(c: Comparison) -> str:
    return (
        f"Rules: {c.definitions.words}; compared {words.mode(c)}; sampling error "
        "clustered by day."
    )
