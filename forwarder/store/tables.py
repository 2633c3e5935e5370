"""All tables: importing this module fills `metadata` with those of every subject."""

from forwarder.store import (
    schema_access,
    schema_alerts,
    schema_audit,
    schema_clicks,
    schema_conversions,
    schema_customers,
    schema_experiments,
    schema_jobs,
    schema_kpi,
    schema_pins,
    schema_posts,
    schema_report,
    schema_versions,
    schema_views,
)
from forwarder.store.schema import metadata

__all__ = [
    "metadata",
    "schema_access",
    "schema_alerts",
    "schema_audit",
    "schema_clicks",
    "schema_conversions",
    "schema_customers",
    "schema_experiments",
    "schema_jobs",
    "schema_kpi",
    "schema_pins",
    "schema_posts",
    "schema_report",
    "schema_versions",
    "schema_views",
]
