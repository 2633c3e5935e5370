"""Identifiers and advice on match quality in words: said once, for all doors."""

from collections.abc import Callable, Mapping
from typing import Final

from forwarder.pipeline.quality import Advice, Match
from forwarder.web.words import GONE, dropped_label

NAMES: Final[Mapping[str, str]] = {
    "email": "E-mail address",
    "click_id": "Pinterest's click id",
    "phone": "Phone number",
    "maid": "Device id of an app",
    "ip": "IP address",
    "user_agent": "User agent",
    "external_id": "Customer id",
    "first_name": "First name",
    "last_name": "Last name",
    "city": "City",
    "state": "State",
    "postal_code": "Postal code",
    "country": "Country",
    "date_of_birth": "Date of birth",
    "gender": "Gender",
}
# What to do where a field is left out for this reason.
MENDS: Final[Mapping[str, str]] = {
    "phone_no_country": "It belongs into `[endpoints.{endpoint}]`; national numbers "
    "are then read.",
    "not_a_phone": "Let the form check the number, or ask for it with its country.",
    "not_an_email": "Let the form check the address.",
    "reserved_domain": "They are test addresses. Where they are meant to count, set "
    "`drop_reserved_domains = false` at the destination.",
    "junk": "Let the form ask for the real value, or leave the field empty.",
    "hash_not_sha256": "Let the sender hash with SHA-256, or send the value in clear: "
    "it is hashed here.",
    "not_hashed": "Let the sender hash it, as it promises, or send it in clear.",
    "ip_for_documentation": "It is made up, as in a test; real visitors have others.",
    "ip_not_public": "The shop tells its own address or that of its proxy. Let it pass "
    "on the visitor's: `docs/carrying-ids.md`.",
    "not_a_browser": "The shop tells its own user agent. Let it pass on the visitor's: "
    "`docs/carrying-ids.md`.",
    "state_not_code": "Let the shop tell the country beside the state.",
    "birthday_ambiguous": "Let the sender write dates as 1990-12-31.",
    "birthday_unreadable": "Let the sender write dates as 1990-12-31.",
}
SMALLEST: Final = 0.01
CARRY: Final = (
    "`forwarder snippet ids --endpoint {endpoint}` prints the code that carries it "
    "from the browser into the order: `docs/carrying-ids.md`."
)
MISSING: Final[Mapping[str, str]] = {
    "email": "Where the checkout or form asks for it, let the webhook tell it: see "
    "`docs/sources/{source}.md`.",
    "phone": "Where the checkout asks for it anyway, let the webhook tell it.",
    "external_id": "Let the shop tell its own customer id, the one that the tag sends.",
    "click_id": "Only visitors from Pinterest have one, but none at all is a sign that "
    f"it is lost on the way. {CARRY}",
    "ip": CARRY,
    "user_agent": CARRY,
}


def name_of(field: str) -> str:
    """Return an identifier as people say it; another field as it stands."""
    return NAMES.get(field, field)


def sentence(advice: Advice, match: Match) -> str:
    """Return what would raise the match, in words, with names of the settings."""
    text = _WRITE[advice.word](advice, match)
    return text.replace("{endpoint}", match.endpoint).replace("{source}", match.source)


def nothing_known(match: Match) -> str:
    """Return why not one of the events tells who was in it."""
    if match.n_gone:
        return f"What was sent is {GONE}"
    if match.n_nobody == match.n:
        return "Nothing of it was sent: all of them named nobody"
    return "Nothing of it was sent: see the reasons in the list"


def _key(_: Advice, __: Match) -> str:
    return (
        "Set `api_key` in `[endpoints.{endpoint}]`: the webhook leaves out what the "
        "platform's API tells. See `docs/sources/{source}.md`."
    )


def _nobody(advice: Advice, match: Match) -> str:
    share = percent(advice.n / match.n)
    return (
        f"{share} of the events named nobody and were refused. Pinterest takes an "
        "e-mail address, a device id, or IP address and user agent together."
    )


def _left_out(advice: Advice, match: Match) -> str:
    told = f"{name_of(advice.field)}: {percent(advice.n / match.n_told)} left out, "
    mend = MENDS.get(
        advice.reason, "Look at one of the events to see where it is told."
    )
    return f"{told}{dropped_label(advice.reason)}. {mend}"


def _missing(advice: Advice, match: Match) -> str:
    share = percent(advice.n / match.n_written)
    return f"{name_of(advice.field)}: missing in {share}. {MISSING[advice.field]}"


def _told_late(advice: Advice, match: Match) -> str:
    share = percent(advice.n / match.n_delivered)
    return (
        f"{share} were delivered later than an hour after they happened, since the "
        "webhook came late: see in the shop's admin whether webhooks wait or fail."
    )


def _sent_late(advice: Advice, match: Match) -> str:
    share = percent(advice.n / match.n_delivered)
    return (
        f"{share} were delivered later than an hour after they happened, though the "
        "webhook came in time: `forwarder doctor` tells what holds the worker up."
    )


_WRITE: Final[Mapping[str, Callable[[Advice, Match], str]]] = {
    "api_key": _key,
    "nobody": _nobody,
    "left_out": _left_out,
    "missing": _missing,
    "told_late": _told_late,
    "sent_late": _sent_late,
}


def percent(share: float) -> str:
    """Return a share in percent; neither end is rounded to."""
    if 0 < share < SMALLEST:
        return "under 1 %"
    if 1 - SMALLEST < share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"
