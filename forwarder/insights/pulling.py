"""The day's work for the KPI board: pull what Pinterest counts, record, open tasks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from forwarder.asking import NoAnswer
from forwarder.core.kpi import KpiDay
from forwarder.insights.recording import record_from_pins
from forwarder.insights.tasks import open_tasks
from forwarder.insights.thresholds import Thresholds
from forwarder.pipeline.snapshots import why_not
from forwarder.pulls.pinterest_organic import Organic, reach
from forwarder.store import duties, experiments, kpi, pins
from forwarder.store.engine import Store
from forwarder.store.kpi import Kept

JOB: Final = "kpi"
ALL_ON: Final = 0  # Mondays: every Pin, not only the leading ones
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose counts are pulled and where they are kept; `organic` None: imports only."""

    store: Store
    organic: Organic | None
    limits: Thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What one pull brought. `notes` are sentences about what did not come."""

    first_on: date
    last_on: date
    account: Kept
    of_pins: Kept
    n_pins: int
    gone: tuple[str, ...]
    n_device_days: int
    n_boards: int
    notes: tuple[str, ...]


def pull_kpi(
    organic: Organic, store: Store, now: datetime, *, has_all_pins: bool = False
) -> Pulled:
    """Pull 89 days until yesterday and keep them; what was other before is a revision.

    Raises: NoAnswer where the account's days do not come; what else does not come is a
    note. Pins: the leading ones, those of running experiments, or all.
    """
    today, notes = now.astimezone(UTC).date(), list[str]()
    first_on, last_on = reach(today), today - timedelta(days=1)
    account = kpi.keep(store, organic.account(first_on, last_on), now)
    facts = _tried(lambda: list(organic.facts()), "what the Pins are", notes)
    boards = _tried(lambda: list(organic.boards()), "boards", notes)
    devices = _tried(lambda: organic.devices(first_on, last_on), "kinds of app", notes)
    top = _tried(lambda: organic.top_pins(first_on, last_on), "leading Pins", notes)
    pins.keep_facts(store, facts or (), now)
    pins.keep_boards(store, boards or (), now)
    pins.keep_devices(store, devices or (), now)
    wanted = dict.fromkeys([*(top or ()), *_tried_out(store)])
    if has_all_pins:
        wanted |= dict.fromkeys(one.pin_id for one in facts or ())
    days, gone = _pin_days(organic, list(wanted), first_on, last_on, notes)
    return Pulled(
        first_on=first_on,
        last_on=last_on,
        account=account,
        of_pins=kpi.keep(store, days, now),
        n_pins=len(wanted) - len(gone),
        gone=tuple(gone),
        n_device_days=len(devices or ()),
        n_boards=len(boards or ()),
        notes=tuple(notes),
    )


def _tried_out(store: Store) -> list[str]:
    """Return the Pins of experiments that are not decided."""
    return [
        pin
        for plan in experiments.plans(store)
        if experiments.decided(store, plan.name) is None
        for variant in plan.variants
        for pin in variant.pin_ids
    ]


def _pin_days(
    organic: Organic, wanted: list[str], first_on: date, last_on: date, notes: list[str]
) -> tuple[list[KpiDay], list[str]]:
    """Return the days of the Pins, as many as came, and the Pins that are gone."""
    found: list[KpiDay] = []
    gone: list[str] = []
    try:
        for pin, days in organic.pins(wanted, first_on, last_on):
            if days is None:
                gone.append(pin)
            else:
                found += days
    except NoAnswer as none:
        notes.append(f"some Pins: {why_not(none)}")
    return found, gone


def _tried(ask: Callable[[], Found], what: str, notes: list[str]) -> Found | None:
    """Return an answer that one can do without; note why there is none."""
    try:
        return ask()
    except NoAnswer as none:
        notes.append(f"{what}: {why_not(none)}")
        return None


def follow_up(store: Store, limits: Thresholds, now: datetime) -> int:
    """Record experiments from the days there are, open tasks; return how many are new.

    After every pull and every import: what they brought may decide something.
    """
    record_from_pins(store, limits, now)
    return open_tasks(store, now.astimezone(UTC).date(), limits)


def kpi_of_the_day(subject: Subject, now: datetime) -> Pulled | None:
    """Do the day's work once, whoever asks; after a failure again the next hour.

    Raises: NoAnswer. None where it is done, or nothing can be pulled.
    """
    store, day = subject.store, f"{now:%Y-%m-%d}"
    if duties.is_taken(store, JOB, day):
        return None
    if not duties.take_duty(store, JOB, f"{now:%Y-%m-%dT%H}", now):
        return None
    pulled = None
    if subject.organic is not None:
        is_all = now.weekday() == ALL_ON
        pulled = pull_kpi(subject.organic, store, now, has_all_pins=is_all)
    follow_up(store, subject.limits, now)
    duties.take_duty(store, JOB, day, now)
    return pulled
