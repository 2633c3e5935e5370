"""The web door: read the settings, wire, and hand Flask to a WSGI server."""

import os
from datetime import UTC, datetime
from functools import partial

from flask import Flask, redirect
from werkzeug.middleware.proxy_fix import ProxyFix

from config.settings import Settings, load
from forwarder import __version__, telemetry
from forwarder.nudge import Nudger, publisher
from forwarder.sources import SOURCES
from forwarder.store.migrate import upgrade
from forwarder.web.api import api
from forwarder.web.console import console
from forwarder.web.desk import EXTENSION, WebDesk
from forwarder.web.hooks import hooks
from forwarder.web.shortcut import Shortcut
from forwarder.web.vitals import vitals
from forwarder.wiring import wire

FORM_MAX_BYTES = 2 * 1024 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application, wired. Raises: UnusableSettings, BadKey."""
    if settings is None:
        settings = load(os.environ, sources=SOURCES)
    service = settings.service
    telemetry.setup("web", service.log_level, service.sentry_dsn, __version__)
    wired = wire(settings, "web")
    if wired.store.is_sqlite:  # PostgreSQL is upgraded on the release line
        upgrade(wired.store)
    app = Flask("forwarder.web")
    app.secret_key = wired.store.sealer.secret("console sessions")
    app.config.update(
        MAX_CONTENT_LENGTH=FORM_MAX_BYTES,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=service.public_url.startswith("https://"),
        SESSION_COOKIE_NAME="forwarder_session",
    )
    desk = app.extensions[EXTENSION] = WebDesk(
        store=wired.store,
        endpoints=wired.endpoints,
        destinations={d.name: d for d in wired.destinations.values()},
        nudge=Nudger(publisher(service.broker_url, service.data_dir)),
        clock=partial(datetime.now, UTC),  # noqa: TID251  a door
        public_url=service.public_url,
        version=__version__,
    )
    for blueprint in (hooks, vitals, api, console):
        app.register_blueprint(blueprint)
    app.add_url_rule("/", "root", partial(redirect, "/console/"))
    app.wsgi_app = Shortcut(app.wsgi_app, desk)  # type: ignore[method-assign]
    if service.trusted_proxies:
        n = service.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    return app
