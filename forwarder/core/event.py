"""What a shop told us, in our words: a notice of bytes becomes events about people.

Every adapter in `sources/` ends in these values and every destination starts from
them. Nothing here knows a shop, a platform, a table or a socket.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Unusable(Exception):
    """A notice that leaves no event behind."""


class Forged(Unusable):
    """The signature is missing, malformed or wrong: check the secret on both sides."""


class Stale(Unusable):
    """The signed time is too far from ours: check the clock of this machine."""


class Unreadable(Unusable):
    """Genuine, but not understood: it is kept sealed and can be re-parsed later."""


class Kind(StrEnum):
    """What happened. The values are the words operators and platforms read."""

    ADD_PAYMENT_INFO = "add_payment_info"
    ADD_TO_CART = "add_to_cart"
    ADD_TO_WISHLIST = "add_to_wishlist"
    APP_INSTALL = "app_install"
    APP_OPEN = "app_open"
    CHECKOUT = "checkout"
    CONTACT = "contact"
    CUSTOM = "custom"
    CUSTOMIZE_PRODUCT = "customize_product"
    FIND_LOCATION = "find_location"
    INITIATE_CHECKOUT = "initiate_checkout"
    LEAD = "lead"
    PAGE_VISIT = "page_visit"
    SCHEDULE = "schedule"
    SEARCH = "search"
    SIGNUP = "signup"
    START_TRIAL = "start_trial"
    SUBMIT_APPLICATION = "submit_application"
    SUBSCRIBE = "subscribe"
    VIEW_CATEGORY = "view_category"
    VIEW_CONTENT = "view_content"
    WATCH_VIDEO = "watch_video"
    # Kept for the reconciliation and for privacy requests, never sent anywhere.
    CANCEL = "cancel"
    DISPUTE = "dispute"
    ERASE = "erase"
    REFUND = "refund"
    RENEWAL = "renewal"


LOCAL_KINDS = frozenset(
    {Kind.CANCEL, Kind.DISPUTE, Kind.ERASE, Kind.REFUND, Kind.RENEWAL}
)


# A warning that ends where the sign-up of the customer is found in our own log.
KNOWN_BY_ID = "the customer is known by id only: set api_key, or send sign-ups too"


class Secret(str):
    """A text that never shows itself: `repr` is masked, `str` is the value."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Show that there is a secret, not which."""
        return "Secret('***')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The request a shop sent, untouched.

    Shape: header names in lower case; `body` the raw bytes; `path_secret` the last
    path segment of an unsigned source, empty when there is none. `received_at` is when
    it came in (aware UTC), the time of an event whose source tells none. `url` is the
    address as the sender knows it, which some sign too; empty when it is not known.
    """

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    path_secret: str = field(default="", repr=False)
    received_at: datetime | None = None
    url: str = field(default="", repr=False)

    def __repr__(self) -> str:
        """Show the size only: headers and body hold secrets and people."""
        return f"Notice({len(self.headers)} headers, {len(self.body)} bytes)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who it was, as the source wrote it: clear or already hashed, several allowed.

    Masked in `repr` and never logged. Sealed wherever it rests.
    """

    email: tuple[str, ...] = ()
    phone: tuple[str, ...] = ()
    first_name: tuple[str, ...] = ()
    last_name: tuple[str, ...] = ()
    city: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    postal_code: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    date_of_birth: tuple[str, ...] = ()
    gender: tuple[str, ...] = ()
    external_id: tuple[str, ...] = ()
    maid: tuple[str, ...] = ()
    ip: str | None = None  # the buyer's own, never the webhook sender's
    user_agent: str | None = None  # likewise
    click_id: str | None = None  # Pinterest's epik, sent in clear

    def __repr__(self) -> str:
        """Name the fields that are there, never a value."""
        known = [f.name for f in fields(self) if getattr(self, f.name)]
        return f"Person({', '.join(known)})"


SEVERAL_OF_PERSON = tuple(one.name for one in fields(Person) if one.default == ())
ONE_OF_PERSON = tuple(one.name for one in fields(Person) if one.default is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in major units with its ISO 4217 currency in upper case."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One order line. `price` is the unit price before discount, in major units."""

    id: str | None = None
    name: str | None = None
    brand: str | None = None
    category: str | None = None
    quantity: int | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was bought. `id` is the shop's own; `value` None means not told.

    `discount_codes` are those the buyer typed, as the shop writes them.
    """

    id: str | None = None
    value: Money | None = None
    items: tuple[Item, ...] = ()
    discount_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the person allowed. The defaults say that nobody objected."""

    opt_out: bool = False  # sent, but flagged as opted out of tracking
    ldp: bool = False  # limited data processing, by the law of the person's state
    denied: bool = False  # never sent, recorded as skipped

    @property
    def is_refused(self) -> bool:
        """Say whether nothing may tie the person to a click."""
        return self.denied or self.opt_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One conversion, ready for any destination.

    Units: `occurred_at` is aware UTC and never changes afterwards. `skip` names why
    the source decided that it must not be sent (a test order, say); None sends it.
    `enrich` names a step that the worker should try first, such as
    `stripe_line_items`, with `enrich_ref` as its key; None needs no step. Without a
    step `enrich_ref` may be the event_id of the customer's own sign-up. Of what is
    kept only (a refund, say) it tells that the amount is not known yet.
    """

    event_id: str
    kind: Kind
    occurred_at: datetime
    person: Person = Person()
    order: Order | None = None
    consent: Consent = Consent()
    page_url: str | None = None
    language: str | None = None
    region: str | None = None  # ISO alpha-2 that national phone numbers are read in
    search: str | None = None
    is_test: bool = False
    skip: str | None = None
    enrich: str | None = None
    enrich_ref: str | None = None
    warnings: tuple[str, ...] = ()  # doubts of the adapter, shown to the operator
    click_token: str | None = field(default=None, repr=False)  # of a link of ours
    erases_all: bool = False  # of `erase`: everything of the endpoint, not one person


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a source makes of one genuine notice.

    `ignored` says why there is no event ("ping", "topic not mapped"); it is None
    when there is at least one. A notice that is not understood raises `Unreadable`.
    """

    events: tuple[Event, ...] = ()
    ignored: str | None = None
