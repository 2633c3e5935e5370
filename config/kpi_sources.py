"""Where the counts of the KPI board come from, and who gets the board."""

from dataclasses import dataclass, field

from config import checks
from config.values import Secret, told


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiSources:
    """What the settings of the KPI board say beside its thresholds."""

    token: Secret = field(
        default=Secret(""),
        metadata=told(
            "An access token with the scopes user_accounts:read, pins:read and "
            "boards:read, for a daily pull of Pinterest's own counts; see docs/kpi.md. "
            "Empty pulls nothing: import files instead.",
            example="env:PINTEREST_KPI_TOKEN",
        ),
    )
    base_url: str = field(
        default="https://api.pinterest.com/v5",
        metadata=told(
            "Where Pinterest answers. The sandbox: http://127.0.0.1:PORT/v5",
            example="https://api.pinterest.com/v5",
            check=checks.platform_url,
        ),
    )
    email_to: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "Who gets the board every Monday, by the mail server of `[alerts]`. Empty "
            "sends none.",
            example="owner@example.com",
            check=checks.mailboxes,
        ),
    )
