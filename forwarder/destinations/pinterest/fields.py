"""The fields of a person: Pinterest's key for each, its rule, its junk, its context."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final, Literal

from forwarder.destinations.pinterest import contact, place, traits
from forwarder.destinations.pinterest.texts import (
    DIGEST_LENGTHS,
    EMPTY,
    JUNK,
    JUNK_ELSEWHERE,
    JUNK_EVERYWHERE,
    NOT_HASHED,
    Drop,
    Mended,
    clean,
    digest,
    junk_digests,
    prehashed,
)

Need = Literal["nothing", "country", "home", "today"]
Normalise = Callable[[str, str | None], str | Mended | Drop]
Wider = Callable[[str, str], tuple[str, ...]]

_CACHED_TEXTS: Final = 8192
_NO_MAID: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The choices an operator has about identifiers. Defaults are the careful ones."""

    candidates: Literal["strict", "wide"] = "strict"
    external_id_case: Literal["lower", "keep"] = "lower"
    drop_reserved: bool = True  # example.com, .test, addresses for documentation
    prehashed: Literal["auto", "always", "never"] = "auto"


@dataclass(frozen=True, slots=True)
class Found:
    """More to tell than one hash: several, or one with a note."""

    hashes: tuple[str, ...]
    note: str = ""


Digest = Callable[[str, str | None], str | Found | Drop]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of `Person`: `digest_of(value, context)` gives its hashes."""

    name: str
    key: str  # at Pinterest
    needs: Need
    digest_of: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spec:
    """How one field is read. `needs` names what else decides."""

    name: str
    key: str
    normalise: Normalise
    wider: Wider | None = None
    junk: frozenset[str] = JUNK_ELSEWHERE
    needs: Need = "nothing"
    is_opaque: bool = False  # any text may be an id, even one that looks like MD5
    is_cached: bool = False  # few texts, many customers: towns, first names


def fields(rules: Rules) -> tuple[Field, ...]:
    """Return the fields of a person, bound to the operator's rules."""
    return tuple(
        Field(
            name=spec.name,
            key=spec.key,
            needs=spec.needs,
            digest_of=_digester(spec, rules),
        )
        for spec in _specs(rules)
    )


def _specs(rules: Rules) -> tuple[_Spec, ...]:
    email = partial(contact.email, drop_reserved=rules.drop_reserved)
    external_id = partial(
        traits.external_id, keep_case=rules.external_id_case == "keep"
    )
    return (
        _Spec(name="email", key="em", normalise=email),
        _Spec(
            name="phone",
            key="ph",
            normalise=contact.phone,
            wider=contact.phone_with_trunk_zero,
            needs="home",
        ),
        *_names(),
        _Spec(name="gender", key="ge", normalise=traits.gender, is_cached=True),
        _Spec(name="date_of_birth", key="db", normalise=traits.birthday, needs="today"),
        *_places(),
        _Spec(
            name="external_id",
            key="external_id",
            normalise=external_id,
            junk=JUNK_ELSEWHERE | {"0", "guest"},
            is_opaque=True,
        ),
        _Spec(
            name="maid",
            key="hashed_maids",
            normalise=traits.maid,
            wider=traits.maid_in_capitals,
            junk=JUNK_ELSEWHERE | {_NO_MAID},
        ),
    )


def _names() -> tuple[_Spec, ...]:
    return tuple(
        _Spec(
            name=name,
            key=key,
            normalise=traits.name,
            wider=traits.name_without_spaces,
            junk=JUNK_EVERYWHERE,
            is_cached=True,
        )
        for name, key in (("first_name", "fn"), ("last_name", "ln"))
    )


def _places() -> tuple[_Spec, ...]:
    return (
        _Spec(name="city", key="ct", normalise=place.city, is_cached=True),
        _Spec(
            name="state",
            key="st",
            normalise=place.state,
            junk=JUNK_EVERYWHERE,
            needs="country",
            is_cached=True,
        ),
        _Spec(
            name="postal_code",
            key="zp",
            normalise=place.postal_code,
            wider=place.digits_only,
            needs="country",
            is_cached=True,
        ),
        _Spec(
            name="country",
            key="country",
            normalise=place.country,
            junk=JUNK_EVERYWHERE,
            is_cached=True,
        ),
    )


def _digester(spec: _Spec, rules: Rules) -> Digest:
    """Return the function from one value of a field to its hashes."""
    junk, normalise = spec.junk, spec.normalise
    wider = spec.wider if rules.candidates == "wide" else None
    take_hash = _hash_taker(spec, rules)

    def digest_of(value: str, context: str | None) -> str | Found | Drop:
        text = clean(value)
        if isinstance(text, Drop):
            return text
        lower = text.lower()
        if lower in junk:
            return JUNK if lower else EMPTY
        if len(lower) in DIGEST_LENGTHS or rules.prehashed == "always":
            hashed = take_hash(lower)
            if hashed is not None:
                return hashed
        normal = normalise(text, context)
        if wider is None and isinstance(normal, str):
            return digest(normal)
        return _found(text, normal, wider)

    return lru_cache(_CACHED_TEXTS)(digest_of) if spec.is_cached else digest_of


def _hash_taker(spec: _Spec, rules: Rules) -> Callable[[str], str | Drop | None]:
    """Return what recognises values that came hashed; None from it means: not one."""
    junk_hashes = junk_digests(spec.junk)

    def take_hash(lower: str) -> str | Drop | None:
        if rules.prehashed == "never":
            return None
        found = prehashed(lower, junk_hashes, is_opaque=spec.is_opaque)
        return NOT_HASHED if found is None and rules.prehashed == "always" else found

    return take_hash


def _found(text: str, normal: str | Mended | Drop, wider: Wider | None) -> Found | Drop:
    if isinstance(normal, Drop):
        return normal
    plain, note = (
        (normal, "") if isinstance(normal, str) else (normal.text, normal.note)
    )
    more = () if wider is None else wider(text, plain)
    return Found((digest(plain), *map(digest, more)), note)
