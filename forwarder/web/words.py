"""What the one-word reasons mean and what to do about them: said once, for all doors.

The words themselves stand in the table, the JSON and the metrics; here is the sentence
that console and command line put beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from forwarder.core.delivery import NoticeStatus, Status


@dataclass(frozen=True, slots=True)
class Word:
    """A reason in words. `remedy` is empty when there is nothing to do."""

    label: str
    remedy: str = ""


STATUSES: Final[Mapping[Status, str]] = {
    Status.DELIVERED: "Pinterest took it.",
    Status.PENDING: "It waits for its next attempt.",
    Status.BLOCKED: "It waits until a person mends the destination.",
    Status.REFUSED: "It will not be sent again by itself.",
    Status.SKIPPED: "It was left out on purpose.",
}

NOTICES: Final[Mapping[NoticeStatus, str]] = {
    NoticeStatus.ACCEPTED: "it is genuine and was taken in",
    NoticeStatus.DUPLICATE: "it is genuine and was known already",
    NoticeStatus.IGNORED: "it is genuine, and there is no conversion in it",
    NoticeStatus.QUARANTINED: "it is genuine, but was not understood; it is kept",
}

GONE: Final = "no longer kept: erased, or over its time"

_LATER: Final = "Nothing to do: it is sent again by itself."
_NOTHING: Final = "Nothing to do."

REASONS: Final[Mapping[str, Word]] = {
    # Left out on purpose.
    "consent": Word(
        "No consent",
        "Nothing to do: the visitor did not allow it.",
    ),
    "erase_requested": Word(
        "A request to erase somebody",
        "Nothing to do: the worker carries it out within a minute and notes it in the"
        " audit log.",
    ),
    "erased": Word(
        "Erased on request",
        "Nothing to do: who it was about is not known here any more.",
    ),
    "discarded": Word("Discarded by a person", _NOTHING),
    "duplicate": Word("Seen before", _NOTHING),
    "live_order": Word(
        "Live order at a test endpoint",
        "This endpoint takes test orders only. Set `live = true` to forward real ones.",
    ),
    "not_mapped": Word(
        "Kept for the report, not for Pinterest",
        "Nothing to do. Refunds, cancellations and renewals are no conversions.",
    ),
    "offline_order": Word(
        "Not placed on the website",
        "Till, draft and imported orders stay here unless the endpoint says"
        ' `offline_orders = "send"`.',
    ),
    "order_cancelled": Word("Cancelled before it was sent", _NOTHING),
    "test_order": Word(
        "Test order",
        "Nothing to do. To check the whole way to Pinterest, use a destination with"
        " `test_mode = true` and an endpoint with `live = false`.",
    ),
    "too_old": Word(
        "Older than Pinterest takes",
        "It cannot be sent any more. If it came late, look why the shop or the worker"
        " was down: `forwarder doctor`.",
    ),
    "unpaid": Word(
        "Not paid yet",
        "The shop tells when it is paid, and then it is sent. To send at once, set"
        ' `unpaid_orders = "send"` at the endpoint.',
    ),
    "zero_value": Word(
        "Order of 0",
        'Set `zero_value = "send"` or `"omit"` at the endpoint to forward such orders.',
    ),
    # Refused: a person may mend the cause and send it again.
    "attempts_exhausted": Word(
        "Every attempt failed",
        "See the last message below. When the cause is gone, send it again.",
    ),
    "event_id": Word(
        "The event_id cannot be used",
        "It needs 1 to 256 printable characters: mend `event_id` at the endpoint, or"
        " what the shop sends as pin_event_id.",
    ),
    "event_time": Word(
        "No plausible time", "Check the clock and the time zone of the shop."
    ),
    "in_future": Word(
        "Lies in the future",
        "The clock of the shop, or of this machine, is wrong. Set it, then send again.",
    ),
    "invalid": Word(
        "Pinterest found a fault in it",
        "The message says which field. Mend it in the shop or report it to the makers"
        " of the forwarder, then send it again.",
    ),
    "no_identity": Word(
        "Nobody in it that Pinterest could know",
        "Pinterest needs an e-mail address, a device id, or IP address and user agent."
        " Its page tells what was left out and why.",
    ),
    "not_readable": Word(
        "The sealed event does not open",
        "Put the data key it was sealed with back into `data_keys`, then send it again."
        " After the person's data was cleared it cannot be sent any more.",
    ),
    "rejected": Word(
        "Pinterest said no to this event",
        "The message says why. When the cause is gone, send it again.",
    ),
    "too_large": Word(
        "Too large for one request",
        "An order with very many lines. It cannot be sent as it is.",
    ),
    "unhashed": Word(
        "Clear text where a hash must be",
        "It was held back to protect the person. Please report it to the makers of the"
        " forwarder.",
    ),
    # Blocked: a person is needed.
    "account": Word(
        "Pinterest does not know the ad account",
        "Compare `ad_account_id` with the number in the address of Ads Manager.",
    ),
    "auth": Word(
        "Pinterest does not accept the token",
        "Make a new conversion access token in Ads Manager, put it into the settings"
        " and restart. Everything that waits is then sent by itself.",
    ),
    "permission": Word(
        "The token may not write to this ad account",
        "Let the owner of the ad account make the token, put it into the settings and"
        " restart.",
    ),
    # Pending: by itself, later.
    "answer_lost": Word(
        "Sent, but the answer was lost",
        "Nothing to do: the same bytes are sent again, and Pinterest counts them once.",
    ),
    "answer_unclear": Word(
        "Pinterest's answer did not name this event",
        "Nothing to do: the same bytes are sent again, and Pinterest counts them once.",
    ),
    "awaits_customer": Word("The shop has not told the customer yet", _LATER),
    "enriching": Word("The order's lines are being looked up", _LATER),
    "network": Word(
        "Pinterest was not reached",
        "It is sent again by itself. If it lasts, check the network of this machine:"
        " `forwarder doctor`.",
    ),
    "rate_limited": Word("Pinterest asked for a pause", _LATER),
    "redirect": Word(
        "Pinterest's address answered with a redirect",
        "Check `base_url` and any proxy in between: a redirect is never followed.",
    ),
    "rejected_for_now": Word("Pinterest said: not now", _LATER),
    "server_error": Word("Pinterest had a fault", _LATER),
    "unexpected_status": Word(
        "An answer that Pinterest does not describe",
        "It is sent again by itself. If it lasts, check `base_url` and any proxy.",
    ),
    # Delivered, but.
    "late_offline": Word(
        "Later than an hour: counts as offline",
        "If this happens often, look why webhooks or worker are late:"
        " `forwarder doctor`.",
    ),
}

# Why a field was left out of what was sent.
DROPPED: Final[Mapping[str, str]] = {
    "birthday_ambiguous": "day and month cannot be told apart",
    "birthday_impossible": "no date on which anybody was born",
    "birthday_unreadable": "no date that we can read",
    "control_character": "holds a control character",
    "country_unknown": "no country of ISO 3166",
    "currency_unknown": "no currency of ISO 4217",
    "empty": "empty",
    "gender_unknown": "not f, m or n",
    "hash_not_sha256": "a hash, but not the one that Pinterest knows",
    "ip_for_documentation": "an address that nobody can have",
    "ip_not_public": "not a public address",
    "junk": "a placeholder, not a value",
    "language_unknown": "no language of ISO 639",
    "negative": "below zero",
    "not_a_browser": "not a browser's user agent",
    "not_a_number": "no number",
    "not_a_phone": "no phone number",
    "not_a_postal_code": "no postal code",
    "not_a_url": "no web address",
    "not_an_email": "no e-mail address",
    "not_an_ip_address": "no IP address",
    "not_hashed": "clear text where a hash was promised",
    "out_of_range": "too large or too small",
    "personal_data": "holds personal data, which must not leave in clear",
    "phone_no_country": "a national number, and the country is unknown: set `country`",
    "reserved_domain": "a domain that nobody can own",
    "state_not_code": "no state that we know in that country",
    "too_long": "too long",
}

OUTCOMES: Final[Mapping[str, str]] = {
    "blocked": "blocked",
    "cut_off": "cut off: the worker ended or stood still",
    "deferred": "again later",
    "delivered": "delivered",
    "refused": "refused",
    "skipped": "skipped",
}

MODES: Final[Mapping[str, str]] = {
    "auto": "by itself",
    "manual": "by hand",
    "replay": "replay",
}

# Why a job left alone something that its filter found.
LEFT_ALONE: Final[Mapping[str, str]] = {
    "too_old": "too old",
    "cleared": "without the person's data",
    "for_good": "left out on purpose",
    "counted": "delivered over a day ago (might be counted twice)",
    "final": "delivered or skipped (--include-final takes them)",
    "waiting": "waiting",
    "changed": "changed meanwhile",
    "unreadable": "still not readable",
}

# What a shop told when it was asked afterwards, and is not taken in. Of the missing,
# what is too old to be sent is taken in all the same, and skipped.
NOT_TAKEN: Final[Mapping[str, str]] = {
    "no_conversion": "no conversion",
    "outside": "at another time",
    "not_understood": "not understood",
    "too_old": "of the missing too old to be sent: kept, skipped",
}


def reason_label(reason: str) -> str:
    """Return a reason in a few words; one that is not known here, as it stands."""
    word = REASONS.get(reason)
    return reason.replace("_", " ") if word is None else word.label


def reason_remedy(reason: str) -> str:
    """Return what to do about a reason; empty when nothing is known."""
    word = REASONS.get(reason)
    return "" if word is None else word.remedy


def explain_reason(reason: str) -> str:
    """Return a reason and what to do about it, in one line."""
    label, remedy = reason_label(reason), reason_remedy(reason)
    return f"{label}. {remedy}" if remedy else label


def dropped_label(reason: str) -> str:
    """Return why a field was left out; a word that is not known, as it stands."""
    return DROPPED.get(reason, reason.replace("_", " "))
