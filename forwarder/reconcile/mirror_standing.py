"""How the browser mirror stands: when it told last, and how often the tag was dead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from forwarder.core.mirror import TagState
from forwarder.store import Store, mirror, report_inputs

LATELY = timedelta(days=7)
SILENT_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorStanding:
    """What browsers told lately. `last_at` None: no browser has ever reported.

    Units: reports of 7 days; of `n_tagged` on pages with a tag `n_dead` saw it dead,
    `n_bare` were on pages without one.
    """

    last_at: datetime | None
    n_tagged: int
    n_dead: int
    n_bare: int

    def is_silent(self, now: datetime) -> bool:
        """Say whether nothing came for so long that something is probably broken."""
        return self.last_at is None or now - self.last_at > SILENT_AFTER

    @property
    def sentence(self) -> str:
        """What it tells, for a person."""
        if self.last_at is None:
            return "no browser has ever reported"
        last = f"the last browser reported at {self.last_at:%Y-%m-%d %H:%M} UTC"
        if self.n_tagged == 0:
            return f"{last}; in 7 days no page had the Pinterest tag"
        dead = (
            f"{self.n_dead:,} of {self.n_tagged:,} ({self.n_dead / self.n_tagged:.0%})"
        )
        bare = f", and {self.n_bare:,} pages had none" if self.n_bare else ""
        return f"{last}; in 7 days the tag was dead in {dead}{bare}"


def mirror_standing(
    store: Store, endpoints: Sequence[str], now: datetime
) -> MirrorStanding:
    """Return how the mirror of these shops stands. Raises: StoreDown."""
    told = mirror.cells(store, endpoints, now - LATELY, now + timedelta(seconds=1))
    tagged = [one for one in told if one.tag is not TagState.ABSENT]
    return MirrorStanding(
        last_at=report_inputs.mirror_last_at(store, endpoints),
        n_tagged=sum(one.n for one in tagged),
        n_dead=sum(one.n for one in tagged if one.tag is not TagState.ALIVE),
        n_bare=sum(one.n for one in told if one.tag is TagState.ABSENT),
    )
