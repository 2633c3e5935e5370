"""The settings of the monthly report: who gets it, and what it assumes."""

from dataclasses import dataclass, field

from config import checks
from config.outbound import INSIDE, NOWHERE, posted, signed_with
from config.values import Secret, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Who gets the monthly report, and what it assumes; see docs/reconciliation.md.

    E-mails leave through the mail server of [alerts]. Without either way the reports
    are found in the console and with `forwarder reconcile versions`.
    """

    email_to: tuple[str, ...] = field(
        default=(),
        metadata=told(
            "Who gets each finished report by e-mail. Empty sends none.",
            example="owner@example.com",
            check=checks.mailboxes,
        ),
    )
    webhook_url: Secret = field(
        default=NOWHERE,
        metadata=posted("each finished report", "env:REPORT_WEBHOOK_URL"),
    )
    webhook_secret: Secret = field(
        default=NOWHERE, metadata=signed_with("env:REPORT_WEBHOOK_SECRET")
    )
    webhook_inside: bool = field(default=False, metadata=INSIDE)
    send_provisional: bool = field(
        default=True,
        metadata=told(
            "Send the provisional report, two days after the month's end, as well as "
            "the final one."
        ),
    )
    tolerance_percent: int = field(
        default=15,
        metadata=told(
            "How far tag and server may be apart, either way, to be said to agree.",
            unit="percent of our conversions",
            least=1,
            most=90,
        ),
    )
    odds_ratio_most: int = field(
        default=3,
        metadata=told(
            "How strongly the two lists may depend on each other, at most: the odds of "
            "being seen by one, given the other. The range begins at 1.",
            unit="odds ratio",
            least=1,
            most=20,
        ),
    )
    broken_links_per_1000: int = field(
        default=10,
        metadata=told(
            "Pairs of the two lists that share neither event id nor order, at most.",
            unit="of 1,000 pairs",
            least=0,
            most=500,
        ),
    )
    double_counts_per_1000: int = field(
        default=5,
        metadata=told(
            "Sales that the tag counts twice without telling an order, at most.",
            unit="of 1,000 of the tag's",
            least=0,
            most=500,
        ),
    )
