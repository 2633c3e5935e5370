"""The settings of one installation."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from config import checks
from config.values import Secret, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One installation: where it listens, where it keeps things, and for how long."""

    public_url: str = field(
        default="http://127.0.0.1:8000",
        metadata=told(
            "The address shops reach this service under, as they see it.",
            example="https://events.example.com",
            check=checks.public_url,
        ),
    )
    database_url: Secret = field(
        default=Secret("sqlite:///var/forwarder.db"),
        metadata=told(
            "The database: a SQLite file (one box) or PostgreSQL. A relative file is "
            "looked for beside this settings file.",
            example="postgresql://forwarder@db.example.com/forwarder",
            check=checks.database_url,
        ),
    )
    broker_url: Secret = field(
        default=Secret(""),
        metadata=told(
            "The Celery broker, Redis or RabbitMQ. Empty means one box: wake-ups go "
            "through a folder and no broker is needed.",
            example="redis://127.0.0.1:6379/0",
            check=checks.broker_url,
        ),
    )
    data_keys: tuple[Secret, ...] = field(
        default=(Secret("env:FORWARDER_DATA_KEY"),),
        metadata=told(
            "Keys that seal person data at rest: the first seals, all open. "
            "`forwarder init` makes one, `forwarder keys rotate` puts a new one before "
            "it. One value may hold several keys with commas between.",
            unit="32 bytes in base64url each",
            example="env:FORWARDER_DATA_KEY",
            mend="`forwarder init` makes one.",
            check=checks.data_keys,
        ),
    )
    sentry_dsn: Secret = field(
        default=Secret(""),
        metadata=told(
            "Where faults are reported to, without any person data. Empty reports "
            "nowhere.",
            example="env:SENTRY_DSN",
            env="SENTRY_DSN",
            check=checks.sentry_dsn,
        ),
    )
    data_dir: Path = field(
        default=Path("var"),
        metadata=told(
            "The folder for wake-ups and locks. On a local disk; a "
            "relative one lies beside this settings file.",
            example="/var/lib/forwarder",
            check=checks.data_dir,
        ),
    )
    web_threads: int = field(
        default=8,
        metadata=told(
            "Requests read at the same time; those that wait for the database are not "
            "counted.",
            unit="threads",
            least=1,
            most=128,
        ),
    )
    worker_threads: int = field(
        default=4,
        metadata=told(
            "Tasks a worker runs at the same time.", unit="threads", least=1, most=64
        ),
    )
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info", metadata=told("The least important line that is logged.")
    )
    keep_person_h: int = field(
        default=72,
        metadata=told(
            "How long sealed person data stays after the last delivery of its event "
            "has settled: the event, and the exact bytes that were sent.",
            unit="hours",
            least=1,
            most=24 * 90,
        ),
    )
    find_people_days: int = field(
        default=7,
        metadata=told(
            "How long deliveries are found by an e-mail address or a phone number: "
            "keyed hashes of both stay so long, or longer where clicks need them. 0 "
            "keeps none where there are no links, which spares a worker 0.1 ms an "
            "event.",
            unit="days",
            least=0,
            most=90,
        ),
    )
    keep_notice_days: int = field(
        default=30,
        metadata=told(
            "How long the sealed body of a webhook stays, for reading it again.",
            unit="days",
            least=1,
            most=365,
        ),
    )
    keep_payload_days: int = field(
        default=30,
        metadata=told(
            "How long the log shows what was sent, hashed and masked, once it settled.",
            unit="days",
            least=1,
            most=3650,
        ),
    )
    keep_history_days: int = field(
        default=90,
        metadata=told(
            "How long each attempt and the platform's answer stay.",
            unit="days",
            least=7,
            most=3650,
        ),
    )
    keep_log_days: int = field(
        default=90,
        metadata=told(
            "How long the lines of the delivery log stay, and with them the event_ids "
            "that keep one order from being counted twice. At least 30.",
            unit="days",
            least=30,
            most=3650,
        ),
    )
    keep_repeats_days: int = field(
        default=90,
        metadata=told(
            "How long a webhook is recognised when a shop sends it again. At least 30: "
            "shops repeat for that long.",
            unit="days",
            least=30,
            most=3650,
        ),
    )
    keep_jobs_days: int = field(
        default=365,
        metadata=told(
            "How long finished jobs stay: what operators had sent again, read again or "
            "given up. The audit log is never cleared.",
            unit="days",
            least=30,
            most=3650,
        ),
    )
    keep_alerts_days: int = field(
        default=90,
        metadata=told(
            "How long the history of alerts stays: what opened when, who "
            "acknowledged it, and which messages were sent.",
            unit="days",
            least=7,
            most=3650,
        ),
    )
    trusted_proxies: int = field(
        default=0,
        metadata=told(
            "How many proxies in front of this service set X-Forwarded-For. 0 "
            "believes nobody.",
            unit="proxies",
            least=0,
            most=8,
        ),
    )
