"""Two lists joined event by event: seen by both, by the tag only, by us only."""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forwarder.reconcile.log import BoolArray, FloatArray, IntArray, first_of_each

Counts = tuple[int, int, int]  # in both lists, in the tag's only, in ours only
MIN_BOTH = 25  # conversions in both lists that a stratum of its own needs
MIN_CAUTION = 100  # conversions from which shared bad days show beside chance
MIN_SPLIT = 1_000  # conversions in all below which nothing is split


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """One list of conversions, as columns of equal length.

    Units: `at_s` epoch seconds. `order` 0 = not given.
    """

    event: IntArray
    order: IntArray
    at_s: FloatArray
    value: FloatArray
    device: IntArray
    hops: IntArray

    def rows(self, keep: NDArray[np.generic]) -> Self:
        """Return the rows marked or numbered in `keep`."""
        return type(self)(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})

    def distinct(self) -> Self:
        """Return one row per event, in the order of their ids."""
        once = self.rows(first_of_each(self.event, (self.at_s, self.value)))
        return once.rows(np.argsort(once.event, kind="stable"))

    def one_per_order(self, preferred: BoolArray) -> Self:
        """Return one row per order, a preferred one before an earlier one."""
        named = np.flatnonzero(self.order != 0)
        keep = np.ones(len(self.event), dtype=np.bool_)
        keys = (~preferred[named], self.at_s[named], self.event[named])
        keep[named] = first_of_each(self.order[named], keys)
        return self.rows(keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Who saw what. Shape: `both` holds our rows of the pairs."""

    both: Events
    tag_only: Events
    server_only: Events

    @property
    def n(self) -> Counts:
        """How many in both lists, in the tag's only, in ours only."""
        return (
            len(self.both.event),
            len(self.tag_only.event),
            len(self.server_only.event),
        )

    @property
    def worth(self) -> "Worth":
        """What they are worth; the sums do not depend on the order of the rows."""
        both, tag, server = (
            np.sort(part.value) for part in (self.both, self.tag_only, self.server_only)
        )
        return Worth(
            sums=(float(both.sum()), float(tag.sum()), float(server.sum())),
            squares=(float(both @ both), float(tag @ tag), float(server @ server)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Values by cell, as in Counts: their sums, and the sums of their squares."""

    sums: tuple[float, float, float]
    squares: tuple[float, float, float]

    def cv2(self, n: int) -> float:
        """Return the squared coefficient of variation of one of `n` values."""
        total = sum(self.sums)
        if n == 0 or total <= 0:
            return 0.0
        return max(sum(self.squares) * n / total**2 - 1, 0.0)


def join(tag: Events, server: Events, start_s: float, end_s: float) -> Joined:
    """Join by event id, then by order id, and cut to the period afterwards.

    A pair belongs to the period by our time, so a tag that is late by a second at
    midnight does not tear it apart. Repeated rows and reloads count once.
    """
    server = server.distinct()
    server = server.one_per_order(np.ones(len(server.event), dtype=np.bool_))
    tag = tag.distinct()
    tag = tag.one_per_order(np.isin(tag.event, server.event))
    paired_tag, paired_server = _pairs(tag, server)
    joined = Joined(
        both=server.rows(paired_server),
        tag_only=tag.rows(~paired_tag),
        server_only=server.rows(~paired_server),
    )
    return _cut(joined, start_s, end_s)


def _pairs(tag: Events, server: Events) -> tuple[BoolArray, BoolArray]:
    in_tag = np.zeros(len(tag.event), dtype=np.bool_)
    in_server = np.zeros(len(server.event), dtype=np.bool_)
    _, left, right = np.intersect1d(tag.event, server.event, True, True)  # noqa: FBT003
    in_tag[left], in_server[right] = True, True
    rest_tag = np.flatnonzero(~in_tag & (tag.order != 0))
    rest_server = np.flatnonzero(~in_server & (server.order != 0))
    _, left, right = np.intersect1d(
        tag.order[rest_tag], server.order[rest_server], return_indices=True
    )
    in_tag[rest_tag[left]], in_server[rest_server[right]] = True, True
    return in_tag, in_server


def _cut(joined: Joined, start_s: float, end_s: float) -> Joined:
    def inside(events: Events) -> Events:
        return events.rows((events.at_s >= start_s) & (events.at_s < end_s))

    return Joined(
        both=inside(joined.both),
        tag_only=inside(joined.tag_only),
        server_only=inside(joined.server_only),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Strata:
    """Cells by stratum, finest split that the counts allow.

    Shape: three columns of one length: both, tag only, server only. `caution` widens
    the odds-ratio range for chance correlation of the lists' bad days.
    """

    both: IntArray
    tag_only: IntArray
    server_only: IntArray
    caution: float


def pooled_caution(n: int) -> float:
    """Return by how much the odds-ratio range is widened when nothing is split.

    In a small month the lists' bad days hide behind chance.
    """
    return 1.10 if n >= MIN_CAUTION else 1.05


_SPLITS = (("device", "route", 1.05), ("device", "", 1.08), ("", "route", 1.10))


def strata(joined: Joined) -> Strata:
    """Return the finest split with enough pairs in every stratum that is not empty."""
    pooled = Strata(
        both=np.array([joined.n[0]]),
        tag_only=np.array([joined.n[1]]),
        server_only=np.array([joined.n[2]]),
        caution=pooled_caution(sum(joined.n)),
    )
    if sum(joined.n) < MIN_SPLIT:
        return pooled
    for device, route, caution in _SPLITS:
        split = _split(joined, bool(device), bool(route), caution)
        if split.both.min() >= MIN_BOTH:
            return split
    return pooled


def _split(
    joined: Joined,
    by_device: bool,  # noqa: FBT001 the split is a pair of yes and no
    by_route: bool,  # noqa: FBT001
    caution: float,
) -> Strata:
    parts = (joined.both, joined.tag_only, joined.server_only)
    device = np.concatenate([part.device * by_device for part in parts])
    route = np.concatenate([(part.hops > 1) & by_route for part in parts])
    names, device = np.unique(device, return_inverse=True)
    code = 2 * device + route
    seen_by = np.repeat(np.arange(len(parts)), joined.n)
    size = 2 * len(names)
    counts = np.bincount(seen_by * size + code, minlength=len(parts) * size)
    counts = counts.reshape(len(parts), size)
    both, tag_only, server_only = counts[:, counts.sum(axis=0) > 0]
    return Strata(
        both=both, tag_only=tag_only, server_only=server_only, caution=caution
    )
