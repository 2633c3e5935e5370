"""The web door: read the settings, wire, and hand Flask to a WSGI server."""

import atexit
import gc
import os
from functools import partial
from ipaddress import ip_network
from pathlib import Path

from flask import Flask, redirect
from werkzeug.middleware.proxy_fix import ProxyFix

from config.settings import Settings, load, needs_path_secret
from config.shown import ahead, shown
from forwarder import __version__, telemetry
from forwarder.clicks import spool
from forwarder.clicks.follow import Follow, Rules, Tools
from forwarder.clicks.links import Links
from forwarder.core import failpoints
from forwarder.core.links import UtmPolicy
from forwarder.lookout import Keeper
from forwarder.nudge import Nudger, publisher
from forwarder.pipeline.collect import MirrorQueue
from forwarder.samples import sendable
from forwarder.sources import SOURCES
from forwarder.store import clicks, mirror
from forwarder.store.migrate import upgrade
from forwarder.web import slow
from forwarder.web.api import api
from forwarder.web.api_alerts import api_alerts
from forwarder.web.api_audit import api_audit
from forwarder.web.api_deliveries import api_deliveries
from forwarder.web.api_desk import api_desk
from forwarder.web.api_jobs import api_jobs
from forwarder.web.api_kpi import api_kpi
from forwarder.web.api_links import api_links
from forwarder.web.api_reports import api_reports
from forwarder.web.api_sources import api_sources
from forwarder.web.api_users import api_users
from forwarder.web.clicks import Going, Way
from forwarder.web.collect import Collect, collect_routes
from forwarder.web.console import console
from forwarder.web.desk import EXTENSION, WebDesk
from forwarder.web.headers import harden, strict
from forwarder.web.hooks import hooks
from forwarder.web.refused import Refusals, last_refused
from forwarder.web.rules import anyone
from forwarder.web.sheet import Sheet
from forwarder.web.shortcut import Shortcut
from forwarder.web.vitals import vitals
from forwarder.wiring import Wired, hookup, sample, thresholds, wire

FORM_MAX_BYTES = 2 * 1024 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application, wired. Raises: UnusableSettings, BadKey."""
    is_server = settings is None
    if settings is None:
        settings = load(os.environ, sources=SOURCES)
    service = settings.service
    telemetry.setup("web", service.log_level, service.sentry_dsn, __version__)
    wired = wire(settings, "web")
    if wired.store.is_sqlite:  # PostgreSQL is upgraded on the release line
        upgrade(wired.store)
    app = Flask("forwarder.web")
    app.secret_key = wired.store.sealer.secret("console sessions")
    is_https = service.public_url.startswith("https://")
    app.config.update(
        MAX_CONTENT_LENGTH=FORM_MAX_BYTES,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_https,
        # The prefix lets no neighbour below our domain set it.
        SESSION_COOKIE_NAME=f"{'__Host-' if is_https else ''}forwarder_session",
    )
    desk = app.extensions[EXTENSION] = _desk(wired, settings)
    if is_server:  # not where somebody else builds the application and closes it
        Keeper(wired, failpoints.now).start()
    more_api = (api_alerts, api_audit, api_deliveries, api_jobs, api_links, api_reports)
    of_the_desk = (api_desk, api_sources, api_users, console)
    for blueprint in (hooks, vitals, api, api_kpi, *more_api, *of_the_desk):
        app.register_blueprint(blueprint)
    app.register_blueprint(collect_routes(_collect(wired)))
    app.add_url_rule("/", "root", anyone(partial(redirect, "/console/")))
    app.after_request(partial(harden, headers=strict(service.public_url)))
    app.wsgi_app = Shortcut(app.wsgi_app, desk, service.web_threads)  # type: ignore[method-assign]
    app.wsgi_app = Going(app.wsgi_app, _way(wired, is_server=is_server))  # type: ignore[method-assign]
    slow.watch()
    if service.trusted_proxies:
        n = service.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    if is_server:
        # To look through all this for garbage takes 100 ms, once in 15,000 clicks.
        gc.freeze()
    return app


def _desk(wired: Wired, settings: Settings) -> WebDesk:
    """Return what every request handler needs."""
    service = settings.service
    return WebDesk(
        store=wired.store,
        endpoints=wired.endpoints,
        destinations={d.name: d for d in wired.destinations.values()},
        nudge=Nudger(publisher(service.broker_url, service.data_dir)),
        clock=failpoints.now,
        public_url=service.public_url,
        version=__version__,
        link_hosts=settings.clicks.allowed_hosts,
        counts_first_click=settings.clicks.model == "first",
        found_for_days=service.find_people_days,
        is_sandbox=wired.is_sandbox,
        refused=Refusals(service.data_dir, wired.endpoints, failpoints.now).note,
        limits=thresholds(settings),
        last_refused=partial(last_refused, service.data_dir),
        hookup=partial(hookup, wired),
        samples=sendable,
        sample=partial(sample, wired),
        sheet=_sheet(settings),
    )


def _sheet(settings: Settings) -> Sheet:
    """Return the settings as people may see them."""
    again = partial(load, os.environ, settings.file, sources=SOURCES)
    return Sheet(
        rows=tuple(shown(settings)),
        file="" if settings.file is None else str(settings.file.absolute()),
        doubts=settings.doubts,
        ahead=partial(ahead, settings, again),
        path_secret=frozenset(
            name for name, one in settings.endpoints.items() if needs_path_secret(one)
        ),
    )


def _collect(wired: Wired) -> Collect:
    """Return what the browser mirror needs; what waits is written at the end."""
    settings = wired.settings.collect
    queue = MirrorQueue(partial(mirror.add, wired.store))
    atexit.register(queue.stop)
    return Collect(
        endpoints=frozenset(wired.endpoints),
        origins=frozenset(settings.allowed_origins),
        per_address=settings.per_address_per_minute,
        per_minute=settings.per_minute,
        put=queue.put,
        clock=failpoints.now,
    )


def _way(wired: Wired, *, is_server: bool) -> Way:
    """Return how links are followed; what waits is written at the end."""
    settings, store = wired.settings.clicks, wired.store
    known, spooled = Links(store), spool.Spool(_spool_folder(wired))
    atexit.register(spooled.stop)
    if is_server:
        known.known("")  # so that the first visitor does not wait
        if not store.is_sqlite:  # the worker may be on another machine
            spool.Importer(_spool_folder(wired), partial(clicks.keep, store))
    rules = Rules(
        param=settings.param,
        utm_policy=UtmPolicy(settings.utm_policy),
        fallback_url=settings.fallback_url,
        obeys_gpc=settings.gpc == "no_share",
        obeys_dnt=settings.dnt == "no_share",
        consent=settings.require_consent,
        internal=[ip_network(one) for one in settings.internal_networks],
    )
    tools = Tools(
        links=known,
        rules=rules,
        put=spooled.put,
        seal=store.sealer.seal,
        clock=failpoints.now,
        random=os.urandom,
    )
    return Way(
        follow=Follow(tools),
        target=known.target,
        bio=known.bio,
        cookie_days=settings.window_days,
        landing_origins=frozenset(settings.landing_origins),
        consent_cookie=settings.consent_cookie,
        country_header=settings.country_header,
    )


def _spool_folder(wired: Wired) -> Path:
    return wired.settings.service.data_dir / spool.FOLDER
