"""Every setting the doors know, and `load`, which reads them once at start."""

import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from dotenv import dotenv_values

from config import checks
from config.alerts import Alerts
from config.clicks import Clicks
from config.collect import Collect
from config.kpi import Kpi
from config.places import DestinationSettings, EndpointSettings
from config.reading import Reader, suggestion
from config.reports import Reports
from config.service import Service
from config.values import Origin, Secret, UnusableSettings

__all__ = [
    "Alerts",
    "Clicks",
    "Collect",
    "DestinationSettings",
    "EndpointSettings",
    "Kpi",
    "Reports",
    "Secret",
    "Service",
    "Settings",
    "UnusableSettings",
    "load",
]

FILE_NAME: Final = "forwarder.toml"
OUR_API: Final = "api"
SANDBOX_URL: Final = "FORWARDER_SANDBOX_URL"  # set by `serve --sandbox` for children
SANDBOX_FILE: Final = "sandbox.url"  # the same, for the commands of a second terminal
PLACEHOLDER: Final = "put-the-"  # anybody could sign with it
DECLARED: Final = "declared"  # described by a mapping instead of a module
# The address is the secret.
PATH_SECRET_SOURCES: Final = frozenset(
    {"activecampaign", "flodesk", "gumroad", "kajabi", "mailchimp", "teachable"}
)
_TABLES: Final = (
    "service", "alerts", "reports", "collect", "clicks", "kpi", "destinations",
    "endpoints",
)  # fmt: skip

_Group = TypeVar("_Group", DestinationSettings, EndpointSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a door needs to know. `doubts` are sentences for `doctor`.

    `origins` tells where each value was found, by table and key; `file` is what was
    read, None where there was no file.
    """

    service: Service
    alerts: Alerts = field(default_factory=Alerts)
    reports: Reports = field(default_factory=Reports)
    collect: Collect = field(default_factory=Collect)
    clicks: Clicks = field(default_factory=Clicks)
    kpi: Kpi = field(default_factory=Kpi)
    destinations: Mapping[str, DestinationSettings] = field(default_factory=dict)
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    origins: Mapping[str, Origin] = field(default_factory=dict, compare=False)
    file: Path | None = None


def load(
    env: Mapping[str, str],
    path: Path | None = None,
    *,
    sources: Collection[str] | None = None,
    is_unfinished: bool = False,
) -> Settings:
    """Return the settings of file and environment; the environment wins.

    Without `path` it is $FORWARDER_CONFIG, else forwarder.toml in the current folder
    if there is one. A `.env` beside the file is read too; the real environment wins.
    With `sources`, a source that is not among them is a fault. While they are
    unfinished, a secret may still be what `forwarder init` wrote.
    Raises: UnusableSettings with every fault at once.
    """
    file = _file(env, path)
    base = _base(file)
    reader = Reader(env=_with_dotenv(env, base), base=base)
    table = {} if file is None else _table(file, reader)
    service = reader.group(Service, reader.table(table, "service"), "service")
    collect = reader.group(Collect, reader.table(table, "collect"), "collect")
    clicks = reader.group(Clicks, reader.table(table, "clicks"), "clicks")
    alerts = reader.group(Alerts, reader.table(table, "alerts"), "alerts")
    reports = reader.group(Reports, reader.table(table, "reports"), "reports")
    kpi = reader.group(Kpi, reader.table(table, "kpi"), "kpi")
    settings = Settings(
        service=Service() if service is None else _anchored(service, base),
        alerts=Alerts() if alerts is None else alerts,
        reports=Reports() if reports is None else reports,
        collect=Collect() if collect is None else collect,
        clicks=Clicks() if clicks is None else clicks,
        kpi=Kpi() if kpi is None else kpi,
        destinations=dict(_named(reader, table, "destinations", DestinationSettings)),
        endpoints=dict(_named(reader, table, "endpoints", EndpointSettings)),
    )
    reader.faults += _crosswise(settings, _names(table, "destinations"), sources)
    if not is_unfinished:
        reader.faults += _placeholders(settings)
    if reader.faults:
        raise UnusableSettings([*_no_file(file, base), *reader.faults])
    doubts = (*reader.doubts, *reader.stray("FORWARDER_"), *_doubts(settings))
    return replace(settings, doubts=doubts, origins=reader.origins, file=file)


def secret_of(text: str, env: Mapping[str, str]) -> Secret:
    """Return a secret as the settings would read it: `env:NAME`, `file:PATH`, itself.

    Raises: Unfit.
    """
    base = _base(_file(env, None))
    return Reader(env=_with_dotenv(env, base), base=base).secret(text, "")


def _base(file: Path | None) -> Path:
    return Path.cwd() if file is None else file.absolute().parent


def _file(env: Mapping[str, str], path: Path | None) -> Path | None:
    if path is not None:
        return path
    named = env.get("FORWARDER_CONFIG")
    if named is not None:
        return Path(named)
    return Path(FILE_NAME) if Path(FILE_NAME).is_file() else None


def _no_file(file: Path | None, folder: Path) -> Iterator[str]:
    if file is None:
        yield (
            f"no {FILE_NAME} in {folder}: go to its folder, name it in "
            "FORWARDER_CONFIG, or run `forwarder init`"
        )


def _with_dotenv(env: Mapping[str, str], base: Path) -> Mapping[str, str]:
    beside = dotenv_values(base / ".env", interpolate=False)
    known = {name: value for name, value in beside.items() if value is not None}
    return {**known, **env}


def _table(file: Path, reader: Reader) -> Mapping[str, object]:
    """Return the file's tables; what stops it being read becomes the only fault."""
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as fault:
        raise UnusableSettings(
            [f"{file} cannot be read ({fault.strerror}). `forwarder init` makes one."]
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise UnusableSettings([f"{file} is not TOML: {fault}."]) from None
    for key in found:
        if key not in _TABLES:
            reader.faults.append(f"[{key}] is not known{suggestion(key, _TABLES)}")
    return found


def _named(
    reader: Reader, table: Mapping[str, object], group: str, shape: type[_Group]
) -> Iterator[tuple[str, _Group]]:
    """Read the tables of a group, one by one; their names are parts of addresses."""
    tables = reader.table(table, group)
    for name in tables:
        where = f"{group}.{name}"
        if not checks.NAME.match(name):
            reader.faults.append(
                f"[{where}] is no name: small letters, digits, - and _ only. "
                f"Example: [{group}.my-shop]"
            )
        found = reader.group(shape, reader.table(tables, name, where), where)
        if found is not None:
            yield name, found


def _names(table: Mapping[str, object], group: str) -> tuple[str, ...]:
    inner = table.get(group, {})
    return tuple(inner) if isinstance(inner, Mapping) else ()


def _anchored(service: Service, base: Path) -> Service:
    """Return the service with its files beside the settings, wherever it is run."""
    return replace(
        service,
        data_dir=base / service.data_dir,
        database_url=_anchored_url(service.database_url, base),
    )


def _anchored_url(url: Secret, base: Path) -> Secret:
    if not url.startswith("sqlite:///"):
        return url
    return Secret(f"sqlite:///{base / url.removeprefix('sqlite:///')}")


def _crosswise(
    settings: Settings,
    destinations: Collection[str],
    sources: Collection[str] | None,
) -> Iterator[str]:
    """Name what is wrong between tables that are right by themselves."""
    if settings.alerts.webhook_url and not settings.alerts.webhook_secret:
        yield "alerts.webhook_secret is missing: webhooks of alerts are always signed"
    if settings.reports.webhook_url and not settings.reports.webhook_secret:
        yield "reports.webhook_secret is missing: webhooks of reports are always signed"
    for name, endpoint in settings.endpoints.items():
        where = f"endpoints.{name}"
        if endpoint.destination not in destinations:
            hint = suggestion(endpoint.destination, destinations)
            yield (
                f"{where}.destination names [destinations.{endpoint.destination}], "
                f"which is not there{hint}"
            )
        if sources is not None and endpoint.source not in {*sources, DECLARED}:
            hint = suggestion(endpoint.source, sources)
            yield f'{where}.source "{endpoint.source}" is not known{hint}'
        if (endpoint.source == DECLARED) != bool(endpoint.mapping.content):
            yield (
                f'{where}.mapping and source = "{DECLARED}" belong together: the '
                'mapping says how to read a platform. Example: mapping = "shop.toml"'
            )
        if not endpoint.secrets:
            yield f"{where}.secrets is empty: nobody could post there"
        if name == OUR_API:
            yield f"[{where}] is the name of our own API: choose another"
        if needs_path_secret(endpoint):
            yield from _weak_path_secrets(where, endpoint)
        else:
            yield from _short_secrets(where, endpoint)


def needs_path_secret(endpoint: EndpointSettings) -> bool:
    """Tell whether the secret of an endpoint has no other place than its address."""
    if endpoint.source in PATH_SECRET_SOURCES:
        return True
    told = endpoint.mapping.content.get("secret")
    return isinstance(told, Mapping) and told.get("in", "path") == "path"


def _placeholders(settings: Settings) -> Iterator[str]:
    for name, endpoint in settings.endpoints.items():
        if any(secret.startswith(PLACEHOLDER) for secret in endpoint.secrets):
            yield (
                f"endpoints.{name}.secrets still holds what `forwarder init` wrote: "
                "put the secret of the shop into .env"
            )


def _short_secrets(where: str, endpoint: EndpointSettings) -> Iterator[str]:
    for place, secret in enumerate(endpoint.secrets, start=1):
        if len(secret) < checks.SECRET_MIN_CHARS:
            yield (
                f"{where}.secrets: secret {place} is too short to prove anything: it "
                f"needs at least {checks.SECRET_MIN_CHARS} characters. Choose a longer "
                "one in the shop's admin and here."
            )


def _weak_path_secrets(where: str, endpoint: EndpointSettings) -> Iterator[str]:
    for place, secret in enumerate(endpoint.secrets, start=1):
        if not checks.PATH_SECRET.match(secret):
            yield (
                f"{where}.secrets: secret {place} stands in the address, so it needs "
                "at least 22 letters, digits, - or _. `forwarder init` makes one."
            )


def _doubts(settings: Settings) -> Iterator[str]:
    url = settings.service.public_url
    if url.startswith("http://") and not checks.is_near(url):
        yield (
            "service.public_url is http://: shops would send customers' data in clear. "
            "Put a proxy with TLS in front; see docs/running.md."
        )
