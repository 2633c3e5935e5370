"""Keep experiments and their days; a day once told is judged as it was told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec
import sqlalchemy as sa

from forwarder.core.experiment import Plan, Shown
from forwarder.store.access import Exists
from forwarder.store.engine import Store
from forwarder.store.schema_experiments import (
    experiment_days,
    experiment_verdicts,
    experiments,
)
from forwarder.store.upsert import insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A day of a variant, and what was told about the same day later."""

    shown: Shown
    revised: Shown | None


def create(store: Store, plan: Plan, now: datetime) -> None:
    """Keep a new experiment. Raises: Exists."""
    row = {"name": plan.name, "plan": msgspec.json.encode(plan), "created_at": now}
    try:
        with store.write() as connection:
            connection.execute(sa.insert(experiments).values(row))
    except sa.exc.IntegrityError:
        raise Exists(plan.name) from None


def find(store: Store, name: str) -> Plan | None:
    """Return the plan of this name; None when there is none."""
    query = sa.select(experiments.c.plan).where(experiments.c.name == name)
    with store.read() as connection:
        found = connection.execute(query).scalar()
    return None if found is None else msgspec.json.decode(found, type=Plan)


def plans(store: Store) -> Sequence[Plan]:
    """Return all plans, newest first."""
    query = sa.select(experiments.c.plan).order_by(
        experiments.c.created_at.desc(), experiments.c.name
    )
    with store.read() as connection:
        found = connection.execute(query).scalars().all()
    return [msgspec.json.decode(plan, type=Plan) for plan in found]


def record(store: Store, name: str, days: Sequence[Shown]) -> int:
    """Keep days of an experiment; return how many were new.

    A day that is there stays as it is; other numbers for it stand beside it.
    """
    n_new = 0
    with store.write() as connection:
        for day in days:
            statement = insert_into(experiment_days, store.engine).values(
                _row(name, day)
            )
            kept = statement.on_conflict_do_nothing().returning(
                experiment_days.c.variant
            )
            if connection.execute(kept).first() is None:
                _revise(connection, name, day)
            else:
                n_new += 1
    return n_new


def _row(name: str, day: Shown) -> dict[str, object]:
    return {
        "experiment": name,
        "variant": day.variant,
        "on_day": day.on.isoformat(),
        "impressions": day.impressions,
        "successes": day.successes,
        "revised_impressions": None,
        "revised_successes": None,
    }


def _revise(connection: sa.Connection, name: str, day: Shown) -> None:
    c = experiment_days.c
    connection.execute(
        sa.update(experiment_days)
        .where(
            c.experiment == name,
            c.variant == day.variant,
            c.on_day == day.on.isoformat(),
        )
        .values(revised_impressions=day.impressions, revised_successes=day.successes)
    )


def told(store: Store, name: str) -> Sequence[Told]:
    """Return the days of an experiment by date and variant."""
    c = experiment_days.c
    query = (
        sa.select(experiment_days)
        .where(c.experiment == name)
        .order_by(c.on_day, c.variant)
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [_told(row) for row in rows]


def _told(row: sa.RowMapping) -> Told:
    variant, on = row["variant"], date.fromisoformat(row["on_day"])
    revised = row["revised_impressions"]
    return Told(
        shown=Shown(
            variant=variant,
            on=on,
            impressions=row["impressions"],
            successes=row["successes"],
        ),
        revised=None
        if revised is None
        else Shown(
            variant=variant,
            on=on,
            impressions=revised,
            successes=row["revised_successes"],
        ),
    )


def begun(store: Store) -> Mapping[str, datetime]:
    """Return when each experiment was created, by its name."""
    query = sa.select(experiments.c.name, experiments.c.created_at)
    with store.read() as connection:
        return {row.name: row.created_at for row in connection.execute(query)}


def decide(store: Store, name: str, verdict: bytes, now: datetime) -> None:
    """Keep how an experiment was decided; the first word stays."""
    row = {"experiment": name, "verdict": verdict, "decided_at": now}
    with store.write() as connection:
        connection.execute(
            insert_into(experiment_verdicts, store.engine)
            .values(row)
            .on_conflict_do_nothing()
        )


def decided(store: Store, name: str) -> bytes | None:
    """Return how an experiment was decided; None while it is not."""
    query = sa.select(experiment_verdicts.c.verdict).where(
        experiment_verdicts.c.experiment == name
    )
    with store.read() as connection:
        found: bytes | None = connection.execute(query).scalar()
    return found
