"""What was measured beside the two lists: the ground that the causes stand on.

Every part may be missing. A cause without its part says so, and what to switch on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from forwarder.core.event import Kind
from forwarder.core.pairs import PairedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of how many."""

    n: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCell:
    """Conversions of ours that followed a click, and how many of them the tag saw too.

    `is_safari` and `is_late` (more than 7 days after the click) say where browsers cut
    the life of a cookie; `multi_hop` that the click came over more than one redirect,
    None where nobody looked at its way.
    """

    device: str
    is_safari: bool
    multi_hop: bool | None
    is_late: bool
    n: int
    n_tag: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Counts of one kind of event in one month. None means that nobody looked.

    `blocked`: browsers' reports in which the tag did not live, by device. `routes`:
    from the click log and the mirror. `token_losses`: conversions with a known click
    that had lost its token on the way. `opted_out`: reports of browsers that did not
    allow measuring. `late`: accepted events that were sent more than an hour after
    they happened. `cross_device`: conversions on another kind of device than their
    click, of those where both are known.
    `ledger_total`: what the shop itself counted. `quality`: the platform's own score
    by ingestion source.
    """

    blocked: Mapping[str, Share] | None = None
    routes: Sequence[SeenCell] | None = None
    token_losses: Share | None = None
    opted_out: Share | None = None
    late: Share | None = None
    cross_device: Share | None = None
    ledger_total: int | None = None
    quality: Mapping[str, str] | None = None


NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a report takes beside the two lists.

    Shape: `pairs` of every kind, days counted from the month's first; None without a
    mirror. `began_at` is when our own log begins and `mirror_began_at` when the mirror
    does, None when they are empty.
    """

    pairs: Sequence[PairedRow] | None = None
    evidence: Mapping[Kind, Evidence] = field(default_factory=dict)
    began_at: datetime | None = None
    mirror_began_at: datetime | None = None

    def of(self, kind: Kind) -> Evidence:
        """Return the evidence of one kind."""
        return self.evidence.get(kind, NO_EVIDENCE)
