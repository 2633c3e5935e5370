"""A fingerprint of everything that a report was made from, whatever its order."""

from collections.abc import Sequence
from hashlib import sha256

from forwarder.core.reports import TagReport
from forwarder.reconcile.evidence import Beside
from forwarder.reconcile.log import Gather


def fingerprint(
    gathered: Gather, reports: Sequence[TagReport], beside: Beside, rules: str
) -> str:
    """Return SHA-256 over rows, reports, evidence and rules: the same say the same."""
    pairs = sorted(repr(row) for row in beside.pairs or ())
    evidence = sorted(
        f"{kind}|{found.ledger_total}|{found!r}"
        for kind, found in beside.evidence.items()
    )
    parts = [
        gathered.fingerprint,
        *(report.fingerprint for report in reports),
        str(beside.pairs is None),
        *pairs,
        *evidence,
        str(beside.began_at),
        str(beside.mirror_began_at),
        rules,
    ]
    return sha256("\n".join(parts).encode()).hexdigest()
