"""Finished reports for tests of pages and API."""

from forwarder.reconcile.document import Document, document
from forwarder.reconcile.keeping import KEPT_FORMS
from forwarder.reconcile.rendering import rendered
from forwarder.reconcile.report import build_report
from forwarder.store import Store
from forwarder.store.report_versions import Version, keep_version, latest_contents
from tests.reconcile.mirrored import beside, paired_month, server_side
from tests.reconcile.test_report import LATER, tag


def a_document(store: Store, *, n_both: int = 20) -> Document:
    """A month with a mirror, after those that are kept."""
    pairs = paired_month(n_both, 1, 6, 2)
    report = build_report(
        "2026-10",
        server_side(pairs),
        [tag([14] * 31)],
        LATER,
        None,
        beside(pairs, ledger_total=940),
    )
    return document(report, latest_contents(store, "main", "2026-10"))


def keep_report(
    store: Store, month: str = "2026-10", stamp: str = "final", n_both: int = 20
) -> int:
    """Keep the report of a month; return its number."""
    made = a_document(store, n_both=n_both)
    version = Version(
        destination="main",
        month=month,
        stamp=stamp,
        inputs=made.report.inputs,
        made_at=made.report.made_at,
        content=rendered(made, "json").encode(),
        page=rendered(made, "html"),
        forms={form: rendered(made, form) for form in KEPT_FORMS},
    )
    return keep_version(store, version)
