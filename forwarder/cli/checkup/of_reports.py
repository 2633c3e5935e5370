"""The browser mirror, and the reports that did not leave."""

from collections.abc import Iterator

from forwarder.cli.checkup.finding import Finding, ok, red, warn
from forwarder.reconcile.mirror_standing import mirror_standing
from forwarder.store import report_posts
from forwarder.wiring import Wired


def check_reports(wired: Wired) -> Iterator[Finding]:
    """Look whether browsers report, where the settings let them, and reports leave."""
    if wired.settings.collect.allowed_origins:
        yield from _mirror(wired)
    for post in report_posts.failed_posts(wired.store):
        seen = f"report {post.version_id} did not leave by {post.channel}: {post.fault}"
        mend = f"mend [reports], then `forwarder reconcile send {post.version_id}`"
        yield red("reports", seen, mend)


def _mirror(wired: Wired) -> Iterator[Finding]:
    now = wired.store.now()
    standing = mirror_standing(wired.store, tuple(wired.endpoints), now)
    if standing.is_silent(now):
        mend = "is the script on the thank-you page? see docs/mirror.md"
        yield warn("mirror", standing.sentence, mend)
    else:
        yield ok("mirror", standing.sentence)
