"""Turn settings into the values the floors below work with, in one place."""

import os
import random  # noqa: TID251  the jitter starts here
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta

import requests

from config import checks
from config.keys import key_watch
from config.sandboxed import sandboxed
from config.settings import (
    DECLARED,
    PLACEHOLDER,
    SANDBOX_URL,
    DestinationSettings,
    EndpointSettings,
    Settings,
    UnusableSettings,
)
from forwarder import outside, samples
from forwarder.accounts import caller
from forwarder.asking import Caller, NoAnswer
from forwarder.core.delivery import Destination
from forwarder.core.event import Forged, Kind, Notice
from forwarder.core.snapshots import Windows
from forwarder.core.source import Options, Source
from forwarder.destinations import DESTINATIONS
from forwarder.enrich import STEPS, look_up
from forwarder.hookups import PLATFORMS, Hookup
from forwarder.insights.pulling import Subject as KpiSubject
from forwarder.insights.thresholds import Thresholds
from forwarder.pipeline.drain import Desk
from forwarder.pipeline.enrich import LookUp
from forwarder.pipeline.receive import Endpoint
from forwarder.pipeline.snapshots import Subject
from forwarder.pulls import ALL, PULLS, Access
from forwarder.pulls.access import nobody_waits
from forwarder.pulls.pinterest_account import PINTEREST, Account
from forwarder.pulls.pinterest_organic import ORGANIC, Organic
from forwarder.pulls.pinterest_reports import Reports
from forwarder.sources import SOURCES
from forwarder.sources.declared import Incomplete, declared
from forwarder.store import Store, open_store

_OPTIONS = tuple(name for name in Options.__slots__ if name != "shop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """One installation, ready to work. Destinations are by the word in the settings.

    In the sandbox nothing reaches Pinterest.
    """

    settings: Settings
    store: Store
    endpoints: Mapping[str, Endpoint]
    destinations: Mapping[str, Destination]
    is_sandbox: bool

    def desk(self, is_stopping: Callable[[], bool]) -> Desk:
        """Return the working place of this process."""
        return Desk(
            store=self.store,
            worker=f"{socket.gethostname()}:{os.getpid()}",
            clock=self.store.now,
            jitter=random.SystemRandom().random,
            is_stopping=is_stopping,
            click_window=timedelta(days=self.settings.clicks.window_days),
        )


def wire(settings: Settings, role: str) -> Wired:
    """Return everything built and connected. Raises: BadKey, UnusableSettings."""
    settings = sandboxed(settings, os.environ.get(SANDBOX_URL))
    service = settings.service
    destinations = {
        name: _destination(name, found) for name, found in settings.destinations.items()
    }
    return Wired(
        settings=settings,
        store=open_store(
            service.database_url,
            service.data_keys,
            role,
            service.web_threads if role == "web" else service.worker_threads + 2,
            key_watch(os.environ),
        ),
        endpoints={
            name: _endpoint(name, found, destinations)
            for name, found in settings.endpoints.items()
        },
        destinations=destinations,
        is_sandbox=SANDBOX_URL in os.environ,
    )


def _destination(name: str, found: DestinationSettings) -> Destination:
    """Build a destination.

    In the sandbox its deliveries carry another name: they never mix with real ones.
    """
    word = f"{name}:sandbox" if SANDBOX_URL in os.environ else name
    return DESTINATIONS[found.platform](word, asdict(found))


def _endpoint(
    name: str, found: EndpointSettings, destinations: Mapping[str, Destination]
) -> Endpoint:
    return Endpoint(
        name=name,
        source_name=found.source,
        source=_source(name, found),
        secrets=found.secrets,
        destination=destinations[found.destination].name,
        options=_options(name, found),
        is_paused=found.paused,
    )


def _source(name: str, found: EndpointSettings) -> Source:
    """Return the adapter of an endpoint. Raises: UnusableSettings for its mapping."""
    if found.source != DECLARED:
        return SOURCES[found.source]
    try:
        return declared(found.mapping.content)
    except Incomplete as incomplete:
        where = f"endpoints.{name}.mapping"
        faults = [f"{where}: {fault}" for fault in incomplete.faults]
        raise UnusableSettings(faults) from None


def _options(name: str, found: EndpointSettings) -> Options:
    values = {option: getattr(found, option) for option in _OPTIONS}
    values["newsletter_kind"] = Kind(found.newsletter_kind)
    values["form_kind"] = Kind(found.form_kind)
    return Options(shop=name, **values)


def snapshot_subjects(wired: Wired, nap: Callable[[float], None]) -> list[Subject]:
    """Return whose reports can be pulled: the destinations with a report token."""
    return [
        _subject(wired, name, found, nap)
        for name, found in wired.settings.destinations.items()
        if found.report_token
    ]


def _subject(
    wired: Wired, name: str, found: DestinationSettings, nap: Callable[[float], None]
) -> Subject:
    is_near = checks.is_near(found.base_url)
    session = outside.session(allow_private=is_near, any_port=is_near)
    caller = Caller(
        api=PINTEREST,
        session=session,
        base_url=found.base_url,
        headers={"Authorization": f"Bearer {found.report_token}"},
    )
    click, engagement, view = map(int, found.report_windows.split("/"))
    return Subject(
        store=wired.store,
        destination=wired.destinations[name].name,
        reports=Reports(
            Account(
                caller=caller,
                ad_account_id=found.ad_account_id,
                session=session,
                nap=nap,
            )
        ),
        windows=Windows(click_days=click, engagement_days=engagement, view_days=view),
    )


def thresholds(settings: Settings) -> Thresholds:
    """Return what the rules of the KPI board compare with."""
    told = asdict(settings.kpi)
    return Thresholds(**{one.name: told[one.name] for one in fields(Thresholds)})


def kpi_subject(wired: Wired, nap: Callable[[float], None]) -> KpiSubject:
    """Return whose counts the KPI board is made of; without a token of imports only."""
    found, organic = wired.settings.kpi, None
    if found.token:
        is_near = checks.is_near(found.base_url)
        caller = Caller(
            api=ORGANIC,
            session=outside.session(allow_private=is_near, any_port=is_near),
            base_url=found.base_url,
            headers={"Authorization": f"Bearer {found.token}"},
        )
        organic = Organic(caller=caller, nap=nap)
    limits = thresholds(wired.settings)
    return KpiSubject(store=wired.store, organic=organic, limits=limits)


def look_ups(wired: Wired) -> Mapping[str, LookUp]:
    """Return, by endpoint, what looks up the rest of a thin event."""
    return {
        name: look_up(endpoint.source_name, endpoint.options, calling(endpoint.options))
        for name, endpoint in wired.endpoints.items()
        if endpoint.source_name in STEPS and endpoint.options.api_key
    }


def calling(options: Options) -> requests.Session:
    """Return what an endpoint's API is called with.

    Addresses of this very machine are called only where the settings name one.
    """
    is_near = bool(options.api_url) and checks.is_near(options.api_url)
    return outside.session(allow_private=is_near, any_port=is_near)


def hookup(wired: Wired, name: str) -> Hookup | str:
    """Return an endpoint's webhooks at its platform, or why they are set up by hand."""
    endpoint = wired.endpoints[name]
    source, options = endpoint.source_name, endpoint.options
    platform = PLATFORMS.get(source)
    if platform is None:
        known = ", ".join(sorted(PLATFORMS))
        return f"{source} takes webhooks by hand: follow its steps. By API: {known}"
    if not options.api_key:
        return f"set api_key in [endpoints.{name}]: see docs/missing.md"
    try:
        account = caller(source, platform.api, options, calling(options))
    except NoAnswer as none:
        return str(none)
    secret = endpoint.secrets[0]
    return Hookup(
        platform=platform,
        account=account,
        url=f"{wired.settings.service.public_url}/hooks/{name}",
        secret="" if secret.startswith(PLACEHOLDER) else secret,
    )


def sample(wired: Wired, name: str, case: str, now: datetime) -> Notice | str:
    """Return a sample as an endpoint's shop would sign it, or why that can not be."""
    endpoint = wired.endpoints[name]
    source, secret = endpoint.source_name, endpoint.secrets[0]
    if secret.startswith(PLACEHOLDER):
        return f"set the secret of [endpoints.{name}] first: docs/sources/{source}.md"
    url = f"{wired.settings.service.public_url}/hooks/{name}"
    try:
        made = samples.fresh(source, case, secret, now, samples.any_serial())
        return endpoint.source.sign(replace(made, url=url), secret, now)
    except Forged as forged:
        return str(forged)


def told_by_api(
    endpoint: Endpoint,
    what: str,
    since: datetime,
    until: datetime,
    nap: Callable[[float], None],
    alive: Callable[[], None] = nobody_waits,
) -> Iterator[Notice]:
    """Give what an endpoint's platform tells afterwards: orders, people or all.

    `alive` is called before each question, and may end it by raising. Raises: NoAnswer;
    KeyError for a source that can not be asked.
    """
    access = Access(
        options=endpoint.options,
        session=calling(endpoint.options),
        since=since,
        until=until,
        nap=nap,
        alive=alive,
    )
    for part, pull in PULLS[endpoint.source_name].items():
        if what in {part, ALL}:
            yield from pull(access)
