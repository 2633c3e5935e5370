"""How strict the fake Pinterest is, and which of the open questions it answers how."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """One reading of Pinterest's contract. The defaults are the likeliest one.

    Every field that stands for an undocumented behaviour can be turned, so that a
    sender is tested against both readings.
    """

    spec: Literal["current", "5.23"] = "current"
    partial_status: Literal[422, 200] = 422  # answer to a batch with good and bad
    is_strict: bool = True  # the 15 faults no schema sees fail the event
    max_event_age_s: int | None = 7 * DAY_S  # None takes any age
    future_tolerance_s: int = 300
    unknown_event: Literal["processed", "failed"] | None = None  # None: as strict says
    uppercase_hex: Literal["failed", "processed"] = "failed"
    schema_error_code: int = 4196  # the `code` of a 400; 1 is the other candidate
    max_body_bytes: int | None = 2_000_000  # None takes any size
    retry_after: Literal["absent", "seconds", "date"] = "absent"  # on a 429
    dedup_window_s: int = 2 * DAY_S
    late_web_dedup: bool = True  # web events over an hour late are deduplicated too
    flag_duplicates: bool = False  # name duplicates in the answer
    empty_message: Literal["", "absent"] | None = ""  # how no message is written
    tokens: frozenset[str] | None = field(default=None, repr=False)  # None: any
    send_only_tokens: frozenset[str] = field(default=frozenset(), repr=False)
    accounts: frozenset[str] | None = None  # None: any digits
    rate_per_minute: int = 5_000  # calls per ad account
    test_rate_per_s: int = 10  # calls with ?test=true per token
    report_rate_per_minute: int = 300  # reporting calls per token
    sum_mode: Literal["exclusive", "inclusive"] = "exclusive"  # reports by source
    report_polls: int = 1  # polls answered IN_PROGRESS before a report is ready
    ledger_path: Path | None = None  # NDJSON file that survives a restart
