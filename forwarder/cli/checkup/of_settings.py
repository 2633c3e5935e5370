"""Settings, secrets, the files they lie in, and the public address."""

import os
import stat
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from config import checks
from config.settings import FILE_NAME, Settings
from forwarder.alerts.conditions import number, span
from forwarder.alerts.of_machines import CERTIFICATE_PAGE, CERTIFICATE_WARN
from forwarder.cli.checkup.finding import Finding, ok, red, warn
from forwarder.lookout import look_at_ourselves
from forwarder.store import access
from forwarder.wiring import Wired

SECRET_LEAST_CHARS: Final = 16
_EVERYBODY: Final = stat.S_IRWXO
_GROUP: Final = stat.S_IRWXG


def check_settings(settings: Settings) -> Iterator[Finding]:
    """Look at what can be read, and is unwise all the same."""
    yield ok("settings", "read without faults")
    for doubt in settings.doubts:
        yield warn("settings", doubt, "see docs/settings.md")
    if not settings.destinations:
        mend = "add [destinations.main], as `forwarder init` writes it"
        yield red("settings", "no destination is set: nothing can be sent", mend)
    if not settings.endpoints:
        mend = "add [endpoints.my-shop], as `forwarder init` writes it"
        yield warn("settings", "no endpoint is set: no shop can post", mend)
    yield from _secrets(settings)
    yield from _retention(settings)
    yield from _files()


def _secrets(settings: Settings) -> Iterator[Finding]:
    places: defaultdict[str, list[str]] = defaultdict(list)
    for name, endpoint in settings.endpoints.items():
        for secret in endpoint.secrets:
            places[secret].append(f"endpoints.{name}")
            if len(secret) < SECRET_LEAST_CHARS:
                seen = f"a secret of endpoints.{name} is shorter than 16 characters"
                mend = "let the shop make a new one; a short one can be guessed"
                yield warn("secrets", seen, mend)
    for name, destination in settings.destinations.items():
        places[destination.token].append(f"destinations.{name}")
    for where in places.values():
        if len(set(where)) > 1:
            seen = f"{' and '.join(sorted(set(where)))} have the same secret"
            mend = "give each its own: who knows one could post as the other"
            yield red("secrets", seen, mend)


def _retention(settings: Settings) -> Iterator[Finding]:
    service = settings.service
    longest_h = max(
        (one.max_event_age_h for one in settings.destinations.values()), default=0
    )
    if service.keep_person_h > 24 * service.keep_log_days:
        seen = (
            "keep_person_h outlives keep_log_days: the log goes first, with all of it"
        )
        mend = "set service.keep_person_h to less than 24 times keep_log_days"
        yield warn("retention", seen, mend)
    if 24 * service.keep_repeats_days < longest_h:
        seen = "keep_repeats_days is shorter than max_event_age_h: a repeat of an old"
        mend = "raise service.keep_repeats_days, or lower max_event_age_h"
        yield red("retention", f"{seen} webhook would be sent again", mend)


def _files() -> Iterator[Finding]:
    """Look who may read the settings and what they name."""
    folder = Path(os.environ.get("FORWARDER_CONFIG", FILE_NAME)).absolute().parent
    named = [
        Path(value)
        for name, value in sorted(os.environ.items())
        if name.endswith("_FILE") and name.startswith(("FORWARDER_", "PINTEREST_"))
    ]
    for file in (folder / ".env", *named):
        if file.is_file():
            yield from _file(file)


def _file(file: Path) -> Iterator[Finding]:
    mode = file.stat().st_mode
    mend = f"chmod 600 {file.name}"
    if mode & _EVERYBODY:
        yield red("files", f"every user of this machine may read {file.name}", mend)
    elif mode & _GROUP:
        yield warn("files", f"a group of users may read {file.name}", mend)
    else:
        yield ok("files", f"{file.name} is its owner's alone")


def check_people(wired: Wired) -> Iterator[Finding]:
    """Look whether anybody can log in, and whether anybody is told."""
    if not access.list_users(wired.store):
        mend = "`forwarder user add NAME --role admin`"
        yield warn("console", "nobody may log in to the console", mend)
    alerts = wired.settings.alerts
    if not alerts.email_to and not alerts.webhook_url:
        seen = "nobody is told when something is wrong"
        yield warn("alerts", seen, "set alerts.email_to or alerts.webhook_url")


def check_address(wired: Wired, now: datetime) -> Iterator[Finding]:
    """Ask the public address whether it leads here, and how long its name is good."""
    service = wired.settings.service
    url = service.public_url
    if wired.is_sandbox:
        yield ok("address", f"{url} is not asked while the sandbox runs")
        return
    if checks.is_near(url):
        seen = f"{url} is known to this machine only"
        mend = "set service.public_url to the address that shops reach"
        yield warn("address", seen, mend)
        return
    if not url.startswith("https://"):
        mend = "put a proxy with TLS in front: docs/running.md"
        yield red("address", f"{url} is not https: data would go in clear", mend)
        return
    if not service.trusted_proxies:
        seen = "trusted_proxies is 0: every sender seems to be the proxy"
        yield warn("address", seen, "set service.trusted_proxies = 1 behind one proxy")
    seen_there = look_at_ourselves(wired, now)
    if seen_there.fault:
        mend = "check proxy, port and name server; docs/running.md, TLS in front"
        yield red("address", f"{url}: {seen_there.fault}", mend)
    else:
        yield ok("address", f"{url} leads here")
    yield from _certificate(seen_there.certificate_left)


def _certificate(left: timedelta | None) -> Iterator[Finding]:
    if left is None:
        return
    mend = "renew it at the proxy, and see why that did not happen by itself"
    if left <= timedelta(0):
        yield red("certificate", "it has ended: shops post no webhooks", mend)
    elif left < CERTIFICATE_PAGE:
        yield red("certificate", f"it ends in {span(left)}", mend)
    elif left < CERTIFICATE_WARN:
        yield warn("certificate", f"it ends in {span(left)}", mend)
    else:
        yield ok("certificate", f"good for {number(left.days, 'day')}")
