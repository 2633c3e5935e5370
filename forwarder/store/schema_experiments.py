"""Experiments: the plan as it was made, the days as they came, the verdict."""

import sqlalchemy as sa

from forwarder.store.schema import Moment, column, metadata

experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("name", sa.Text(), primary_key=True),
    column("plan", sa.LargeBinary()),
    column("created_at", Moment()),
    comment="Never changed: what was planned before the start is what is judged",
)

experiment_days = sa.Table(
    "experiment_days",
    metadata,
    sa.Column("experiment", sa.Text(), primary_key=True),
    sa.Column("variant", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("on_day", sa.Text(), primary_key=True),
    column("impressions", sa.BigInteger()),
    column("successes", sa.BigInteger()),
    column("revised_impressions", sa.BigInteger(), "not told otherwise later"),
    column("revised_successes", sa.BigInteger(), "not told otherwise later"),
    comment="A day counts as it was first told; what was told later stands beside it",
)

experiment_verdicts = sa.Table(
    "experiment_verdicts",
    metadata,
    sa.Column("experiment", sa.Text(), primary_key=True),
    column("verdict", sa.LargeBinary()),
    column("decided_at", Moment()),
    comment="The first final verdict; later days never change it",
)
