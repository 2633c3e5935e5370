"""What a route or a browser costs the tag: the same buyers, one thing changed."""

from collections.abc import Sequence

from forwarder.reconcile.evidence import SeenCell

Contrast = tuple[
    float, float, int
]  # conversions lost, their variance, conversions seen


def by_route(cells: Sequence[SeenCell]) -> Contrast:
    """Return what several hops lose beside one, on the same devices."""
    lost = variance = 0.0
    seen = 0
    for key in sorted({(cell.device, cell.is_late) for cell in cells}):
        own = [cell for cell in cells if (cell.device, cell.is_late) == key]
        one = _rate([cell for cell in own if cell.multi_hop is False])
        many = _rate([cell for cell in own if cell.multi_hop])
        if one is None or many is None:
            continue
        lost += many[2] * (one[0] - many[0])
        variance += many[2] ** 2 * (one[1] + many[1])
        seen += many[2]
    return lost, variance, seen


def by_cookie(cells: Sequence[SeenCell]) -> Contrast:
    """Return what Safari loses after 7 days, less what that time costs elsewhere."""
    rates = {
        (safari, late): _rate(
            [c for c in cells if c.is_safari is safari and c.is_late is late]
        )
        for safari in (True, False)
        for late in (True, False)
    }
    found = [rate for rate in rates.values() if rate is not None]
    late_safari = rates[True, True]
    if len(found) < len(rates) or late_safari is None:
        return 0.0, 0.0, 0
    safari_early, other_late, other_early = (
        rate[0]
        for key in ((True, False), (False, True), (False, False))
        if (rate := rates[key]) is not None
    )
    n = late_safari[2]
    share = (safari_early - late_safari[0]) - (other_early - other_late)
    return n * share, n * n * sum(rate[1] for rate in found), n


def _rate(cells: Sequence[SeenCell]) -> tuple[float, float, int] | None:
    """Return the tag's share, its variance and the number; None without any."""
    n = sum(cell.n for cell in cells)
    if n == 0:
        return None
    p = (sum(cell.n_tag for cell in cells) + 0.5) / (n + 1)
    return p, p * (1 - p) / n, n
