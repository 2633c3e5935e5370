"""Every setting in force, as people may see it: secrets only as set or not set."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

from config.reading import toml, variable
from config.settings import Settings
from config.values import (
    Origin,
    Table,
    Told,
    UnusableSettings,
    holds_secret,
    told_of,
)

_NAMED: Final = ("destinations", "endpoints")
_TAKEN_AT_ONCE: Final = frozenset({("service", "data_keys")})
_NOWHERE: Final = Origin("default")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One setting: what is in force, what would be without it, and where it stands.

    Shape: `value` and `default` as TOML writes them; of a secret "set", "2 set" or "not
    set". `origin` is a few words; `variable` wins over the file, empty if none does.
    """

    table: str
    key: str
    value: str
    default: str
    is_default: bool
    is_secret: bool
    origin: str
    variable: str
    unit: str
    limits: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a restart would change; `now` or `then` is empty where there is nothing."""

    table: str
    key: str
    now: str
    then: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """What a restart would bring: changes, or the faults that would stop it."""

    changes: tuple[Change, ...] = ()
    faults: tuple[str, ...] = ()


def shown(settings: Settings) -> Iterator[Shown]:
    """Give every setting, table by table, in the order of docs/settings.md."""
    for table, group in _tables(settings):
        hints = get_type_hints(type(group))
        for setting in fields(cast("Any", group)):
            origin = settings.origins.get(f"{table}.{setting.name}", _NOWHERE)
            yield _shown(table, setting, hints[setting.name], group, origin)


def _tables(settings: Settings) -> Iterator[tuple[str, object]]:
    for one in fields(settings):
        found = getattr(settings, one.name)
        if is_dataclass(found):
            yield one.name, found
        elif one.name in _NAMED:
            yield from ((f"{one.name}.{word}", group) for word, group in found.items())


def _shown(
    table: str, setting: "Field[Any]", hint: object, group: object, origin: Origin
) -> Shown:
    told = told_of(setting)
    value = getattr(group, setting.name)
    is_secret = holds_secret(hint)
    return Shown(
        table=table,
        key=setting.name,
        value=_text(value, is_secret=is_secret),
        default="" if setting.default is MISSING else _default(setting.default),
        is_default=origin.place == "default",
        is_secret=is_secret,
        origin=_origin(origin),
        variable=variable(setting) if table == "service" else "",
        unit=told.unit,
        limits=_limits(told, hint),
        help=told.help,
    )


def _text(value: object, *, is_secret: bool) -> str:
    if isinstance(value, Table):
        return "given" if value.content else "not given"
    if not is_secret:
        return toml(value)
    if isinstance(value, tuple) and len(value) > 1:
        return f"{len(value)} set"
    return "set" if value and all(cast("tuple[str, ...]", value)) else "not set"


def _default(value: object) -> str:
    """Return a default; that of a secret is a reference, an address or nothing."""
    return "not given" if isinstance(value, Table) else toml(value)


def _origin(origin: Origin) -> str:
    places = {
        "default": "default",
        "file": "settings file",
        "variable": f"environment, {origin.variable}",
    }
    where = places[origin.place]
    return f"{where}: {origin.reference}" if origin.reference else where


def _limits(told: Told, hint: object) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(get_args(hint))
    if told.least is None:
        return ""
    return f"at least {told.least:,}{_most(told)}"


def _most(told: Told) -> str:
    return "" if told.most is None else f", at most {told.most:,}"


def ahead(settings: Settings, load: Callable[[], Settings]) -> Ahead:
    """Return what a restart would change, as the file and the environment are now.

    What running processes take by themselves is not part of it.
    """
    try:
        fresh = load()
    except UnusableSettings as unusable:
        return Ahead(faults=unusable.faults)
    now, then = _values(settings), _values(fresh)
    keys = sorted({*now, *then}, key=[*now, *then].index)
    missing = ("", None)
    pairs = ((key, now.get(key, missing), then.get(key, missing)) for key in keys)
    return Ahead(
        changes=tuple(
            Change(table=key[0], key=key[1], now=old[0], then=_other(old[0], new[0]))
            for key, old, new in pairs
            if old[1] != new[1] and key not in _TAKEN_AT_ONCE
        )
    )


def _values(settings: Settings) -> dict[tuple[str, str], tuple[str, object]]:
    """Return each setting as it may be shown, and as it is, to compare."""
    return {
        (table, setting.name): (
            _text(
                getattr(group, setting.name),
                is_secret=holds_secret(get_type_hints(type(group))[setting.name]),
            ),
            getattr(group, setting.name),
        )
        for table, group in _tables(settings)
        for setting in fields(cast("Any", group))
    }


def _other(now: str, then: str) -> str:
    """Return what will be; where it may not be shown, that it is another one."""
    return "another one" if now == then else then
