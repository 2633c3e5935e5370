"""The conversions that followed a click, by device and by the way they came."""

from dataclasses import dataclass

from forwarder.core.reports import Level
from forwarder.reconcile.comparison import Comparison

WAYS = {None: "way not known", False: "one hop at most", True: "several hops"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One line: of `n` conversions with a known click the tag took `n_tag` as well."""

    device: str
    way: str
    n: int
    n_tag: int


def routes(c: Comparison) -> tuple[Route, ...]:
    """Return the lines, in a fixed order; none without clicks and the mirror."""
    if c.level is not Level.ATTRIBUTION or not c.evidence.routes:
        return ()
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for cell in c.evidence.routes:
        key = cell.device, WAYS[cell.multi_hop]
        n, n_tag = counts.get(key, (0, 0))
        counts[key] = n + cell.n, n_tag + cell.n_tag
    return tuple(
        Route(device=device, way=way, n=n, n_tag=n_tag)
        for (device, way), (n, n_tag) in sorted(counts.items())
    )
