"""The verdict in words, and the one thing to do about it."""

from forwarder.core.reports import Level
from forwarder.reconcile.comparison import Comparison
from forwarder.reconcile.verdict import Grade, Verdict
from forwarder.reconcile.words import whose

_NEXT = {
    Verdict.AGREES: "nothing; both lists tell the same story.",
    Verdict.TOO_FEW: (
        "wait: about 200 conversions a month narrow the band to 20% either way, 500 "
        "to 15%, 2,400 to 10%."
    ),
    Verdict.CANNOT_TELL: (
        "measure one of the assumptions below; more traffic will not narrow the band."
    ),
    Verdict.NOTHING: "nothing; come back when something has happened.",
}
_VERDICTS = {
    Verdict.AGREES: "{} and our server agree.",
    Verdict.DISAGREES: "{} and our server do not agree.",
    Verdict.TOO_FEW: "Too little traffic to tell.",
    Verdict.CANNOT_TELL: "Cannot tell yet: the assumptions leave too much open.",
    Verdict.NOTHING: "There is nothing to compare.",
}


def verdict_line(c: Comparison) -> str:
    """Return the verdict as a sentence."""
    text = _VERDICTS[c.verdict].format(whose(c))
    return f"{text[0].upper()}{text[1:]}"


def tolerance(c: Comparison) -> str:
    """Return the sentence on what the verdict was judged at."""
    limit = f"{c.tolerance_share:.0%} either way"
    return f"They count as agreeing when all of the 90% band lies within {limit}."


def says(c: Comparison) -> str:
    """Return the verdict with the tolerance it was judged at."""
    return f"{verdict_line(c)} {tolerance(c)}"


def what_next(c: Comparison) -> str:
    """Return one thing to do."""
    if c.n_tag is None:
        return "export the daily numbers and run `forwarder import tag-report FILE`."
    if c.n_server == 0 and c.n_tag:
        return _empty_server(c)
    if c.verdict is Verdict.DISAGREES:
        return _apart(c)
    return _NEXT[c.verdict]


def _empty_server(c: Comparison) -> str:
    if c.level is Level.ATTRIBUTION and c.grade is Grade.D:
        return "use click links, so that our log knows who came from Pinterest."
    return "see `forwarder doctor` and the delivery log: nothing of ours was accepted."


def _apart(c: Comparison) -> str:
    if c.estimates["gap"].value > 0:
        return (
            "check that the tag stands on the thank-you page, fires before people "
            "leave it, and is not held back by the consent banner."
        )
    return (
        "check `forwarder events list --status refused` and that every shop's "
        "webhooks arrive."
    )
