"""What the doors need for watching and reporting: posts, readings, probes.

Settings become values here, as in `wiring`.
"""

import atexit
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import requests
import structlog

from config import checks
from config.alerts import Alerts
from config.reports import Reports
from config.settings import Settings
from forwarder import outside
from forwarder.alerts import probes
from forwarder.alerts.channels import Channel, Email, Webhook
from forwarder.alerts.probes import Seen
from forwarder.alerts.readings import Known
from forwarder.alerts.watching import Post, deliver, is_late, watch_minute
from forwarder.broker import is_one_box
from forwarder.insights.as_mail import as_mail
from forwarder.insights.board import build_board
from forwarder.insights.gather import gather, latest_month
from forwarder.reconcile.posting import Mailbag
from forwarder.store import duties, tallies, watch
from forwarder.store.writer import StoreDown
from forwarder.wiring import Wired, thresholds

if TYPE_CHECKING:
    from forwarder.reconcile.making import Place

KEEPER_EVERY_S = 5.0
KEEPER_ENDS_S = 3.0
EXIT_CODE = 75  # of sysexits: try again
BOARD_JOB = "board by e-mail"
log = structlog.get_logger(__name__)


def post(wired: Wired) -> Post:
    """Return the watchman's post of this installation."""
    settings = wired.settings
    return Post(
        store=wired.store,
        known=Known(
            endpoints=frozenset(
                name for name, one in wired.endpoints.items() if not one.is_paused
            ),
            destinations=frozenset(one.name for one in wired.destinations.values()),
            has_beat=not is_one_box(settings.service.broker_url),
        ),
        channels=list(channels(settings.alerts)),
        off=frozenset(settings.alerts.off),
        public_url=settings.service.public_url,
        kept_for=timedelta(days=settings.service.keep_alerts_days),
    )


def channels(settings: Alerts) -> Iterator[Channel]:
    """Give the ways of telling that are set up."""
    if settings.email_to:
        yield _email(settings, settings.email_to)
    if settings.webhook_url:
        yield _webhook(settings)


def mailbag(settings: Settings) -> Mailbag:
    """Return how finished reports leave; e-mails by the mail server of alerts."""
    reports = settings.reports
    ways: list[Email | Webhook] = []
    if reports.email_to:
        ways.append(_email(settings.alerts, reports.email_to))
    if reports.webhook_url:
        ways.append(_webhook(reports))
    return Mailbag(
        channels=ways,
        public_url=settings.service.public_url,
        sends_provisional=reports.send_provisional,
    )


def board_of_the_week(wired: Wired) -> bool:
    """Send the KPI board once a week, from Monday on; tell whether it went out now.

    After a failure again the next hour. Raises: NotSent.
    """
    recipients, store = wired.settings.kpi.email_to, wired.store
    now = store.now()
    week = f"{now:%G-W%V}"
    if not recipients or duties.is_taken(store, BOARD_JOB, week):
        return False
    if not duties.take_duty(store, BOARD_JOB, f"{now:%Y-%m-%dT%H}", now):
        return False
    limits = thresholds(wired.settings)
    month = latest_month(store, now.date(), limits)
    board = build_board(gather(store, month, now.date(), limits), limits)
    way = _email(wired.settings.alerts, recipients)
    url = wired.settings.service.public_url
    way.mail(as_mail(board, way.sender, recipients, url, now))
    duties.take_duty(store, BOARD_JOB, week, now)
    return True


def report_place(wired: Wired, destination: str) -> "Place":
    """Return whose month is reported, and how it is judged, by the settings."""
    from forwarder.reconcile.capture import Assumed  # noqa: PLC0415  numpy, scipy
    from forwarder.reconcile.making import Place  # noqa: PLC0415  likewise
    from forwarder.reconcile.report import Rules  # noqa: PLC0415  likewise

    settings = wired.settings.reports
    assumed = Assumed(
        or_range=(1.0, float(settings.odds_ratio_most)),
        link_failure_max=settings.broken_links_per_1000 / 1_000,
        duplicate_max=settings.double_counts_per_1000 / 1_000,
    )
    return Place(
        destination=destination,
        endpoints=tuple(wired.endpoints),
        rules=Rules(tolerance_share=settings.tolerance_percent / 100, assumed=assumed),
    )


def _email(settings: Alerts, recipients: tuple[str, ...]) -> Email:
    return Email(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password,
        sender=settings.email_from or recipients[0],
        recipients=recipients,
    )


def _webhook(settings: Alerts | Reports) -> Webhook:
    is_inside = settings.webhook_inside
    return Webhook(
        url=settings.webhook_url,
        secret=settings.webhook_secret,
        session=partial(outside.session, allow_private=is_inside, any_port=is_inside),
    )


def instance(wired: Wired) -> str:
    """Return a word that tells this installation from others, and nothing else."""
    return wired.store.sealer.secret("instance")[:6].hex()


def free_share(folder: Path) -> tuple[float, int]:
    """Return how much of the disk of a folder is free: as a share, and in bytes."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    disk = shutil.disk_usage(there)
    return disk.free / disk.total, disk.free


def note_machine(wired: Wired, now: datetime) -> None:
    """Write down how this machine is: its disk, and its clock beside the database's."""
    store, host = wired.store, socket.gethostname()
    share, n_bytes = free_share(wired.settings.service.data_dir)
    at = store.now()
    watch.note_measure(store, "disk_free_share", host, share, at)
    watch.note_measure(store, "disk_free_bytes", host, n_bytes, at)
    if not store.is_sqlite:
        skew_s = (now - at).total_seconds()
        watch.note_measure(store, "clock_skew_seconds", "database", skew_s, at)


def note_outside(wired: Wired, now: datetime) -> None:
    """Write down how this service looks from outside. Raises: StoreDown."""
    store, url = wired.store, wired.settings.service.public_url
    at = store.now()
    is_public = url.startswith("https://") and not checks.is_near(url)
    if is_public and not wired.is_sandbox:  # where one tries out, it may lead nowhere
        seen = look_at_ourselves(wired, now)
        _note_seen(wired, url, seen, at)
    for name, found in wired.settings.destinations.items():
        skew_s = probes.skew_s(found.base_url, session_for(found.base_url), now)
        if skew_s is not None:
            subject = f"platform of {name}"
            watch.note_measure(store, "clock_skew_seconds", subject, skew_s, at)


def _note_seen(wired: Wired, url: str, seen: Seen, at: datetime) -> None:
    store = wired.store
    before = {(one.name, one.subject): one.value for one in watch.all_measures(store)}
    n_faults = before.get(("public_url_faults", url), 0) + 1 if seen.fault else 0
    watch.note_measure(store, "public_url_faults", url, n_faults, at)
    if seen.certificate_left is not None:
        left_s = seen.certificate_left.total_seconds()
        watch.note_measure(store, "certificate_left_seconds", url, left_s, at)


def look_at_ourselves(wired: Wired, now: datetime) -> Seen:
    """Ask the public address whether it leads here. Never raises for the network."""
    url = wired.settings.service.public_url
    return probes.look_at(url, instance(wired), session_for(url), now)


def session_for(url: str) -> requests.Session:
    """Return what an address of the settings is called with.

    Addresses of this very machine are called only where the settings name one.
    """
    is_near = checks.is_near(url)
    return outside.session(allow_private=is_near, any_port=is_near)


class Keeper:
    """What runs beside the requests of a web process: counters, and a spare watchman.

    Workers watch. When none has for some minutes, the web does, so that somebody tells
    that no worker is there.
    """

    def __init__(self, wired: Wired, clock: Callable[[], datetime]) -> None:
        """Take the installation and this machine's clock; `start` begins."""
        self._wired = wired
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin; the last counts are written when the process ends in order."""
        self._thread.start()
        atexit.register(self._stop)

    def _stop(self) -> None:
        self._stopping.set()
        self._thread.join(KEEPER_ENDS_S)

    def _run(self) -> None:
        while not self._stopping.wait(KEEPER_EVERY_S):
            self._end_if_unsure()
            self._try(self._stand_in)
            self._try(self._count)
        self._try(self._count)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except StoreDown:
            return  # readyz says so; the counts stay here
        except Exception as fault:
            log.exception("keeper failed", fault=type(fault).__name__)

    def _end_if_unsure(self) -> None:
        """End this process after a failed sync; the server starts another."""
        if self._wired.store.is_unsure:
            log.error("the disk did not confirm a write: this process ends")
            os._exit(EXIT_CODE)

    def _count(self) -> None:
        tallies.flush(self._wired.store)

    def _stand_in(self) -> None:
        store = self._wired.store
        now = store.now()
        if is_late(store, now):
            note_machine(self._wired, self._clock())
            watchman = post(self._wired)
            watch_minute(watchman, now)
            deliver(watchman, now)
