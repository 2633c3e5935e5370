"""Broker, workers, beat, what waits, clicks in files, which alerts are open."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from forwarder.alerts.conditions import number, span
from forwarder.alerts.of_deliveries import WAITS_PAGE
from forwarder.alerts.of_machines import BEAT_MOST, RESTART_TOLD
from forwarder.broker import folders, is_one_box
from forwarder.cli.checkup.finding import Finding, ok, red, warn
from forwarder.clicks import spool
from forwarder.nudge import eviction_policy, fault_of_broker
from forwarder.pipeline.progress import progress
from forwarder.store import alerts, health, watch
from forwarder.store.alerts import OPEN
from forwarder.store.watch import Measure
from forwarder.wiring import Wired

NEAR_END: Final = timedelta(hours=24)
CLICKS_WAIT_MOST: Final = timedelta(minutes=5)
GOOD_POLICIES: Final = frozenset({"noeviction", ""})


def check_broker(wired: Wired) -> Iterator[Finding]:
    """Look whether wake-ups get through."""
    service = wired.settings.service
    if is_one_box(service.broker_url):
        n_waiting = sum(1 for _ in folders(service.data_dir)[0].glob("*.msg"))
        yield ok("broker", f"a folder, {number(n_waiting, 'wake-up')} in it")
        return
    fault = fault_of_broker(service.broker_url)
    if fault:
        mend = "start it; until then a worker looks for work every 5 s only"
        yield red("broker", f"no answer ({fault})", mend)
        return
    policy = eviction_policy(service.broker_url)
    if policy in GOOD_POLICIES:
        yield ok("broker", "answers")
    else:
        mend = "set maxmemory-policy noeviction: it may forget wake-ups else"
        yield warn("broker", f"Redis evicts ({policy})", mend)


def check_work(wired: Wired) -> Iterator[Finding]:
    """Look whether deliveries go out."""
    now = wired.store.now()
    names = {one.name for one in wired.destinations.values()}
    state = progress(wired.store, now, names)
    n = state.n_pending
    seen = f"{number(n, 'delivery', 'deliveries')} {'waits' if n == 1 else 'wait'}"
    troubles = [one for one in state.problems if one.part != "destination"]
    for trouble in troubles:
        yield red("worker", trouble.what, trouble.mend)
    if not troubles:
        yield ok("worker", seen)
    measures = watch.all_measures(wired.store)
    yield from _restarts(measures, now)
    if not is_one_box(wired.settings.service.broker_url):
        yield from _beat(measures, now)
    yield from _waiting(wired, now)


def _restarts(measures: list[Measure], now: datetime) -> Iterator[Finding]:
    for one in measures:
        if one.name == "worker_restarts" and now - one.at < RESTART_TOLD:
            seen = f"it took nothing and was started again at {one.at:%H:%M} UTC"
            mend = "look into its log for `watchdog`, and at disk and database"
            yield warn("worker", seen, mend)


def _beat(measures: list[Measure], now: datetime) -> Iterator[Finding]:
    seen = [one.at for one in measures if one.name == "beat_seen"]
    mend = "start `forwarder beat`; until then workers look every 5 s only"
    if not seen:
        yield warn("beat", "no beat has ever run", mend)
    elif now - max(seen) > BEAT_MOST:
        yield warn("beat", f"no beat for {span(now - max(seen))}", mend)
    else:
        yield ok("beat", "runs")


def _waiting(wired: Wired, now: datetime) -> Iterator[Finding]:
    ours = {one.name for one in wired.destinations.values()}
    for one in watch.waiting(wired.store):
        if one.destination not in ours:
            seen = f"{number(one.n, 'delivery', 'deliveries')} for {one.destination}, "
            mend = f"put it back, or `events discard --destination {one.destination}`"
            yield red("waiting", f"{seen}which is not in the settings", mend)
        elif now - one.oldest_at > WAITS_PAGE:
            age = span(now - one.oldest_at)
            seen = f"the oldest delivery to {one.destination} waits for {age}"
            mend = "the reason stands beside it: `forwarder events list`"
            yield red("waiting", seen, mend)
    for aging in health.near_deadline(wired.store, now, NEAR_END):
        n = number(aging.n_events, "event")
        seen = f"{n} for {aging.destination} will be too old within a day"
        mend = "mend what holds the destination; what is too old can not be sent"
        yield red("waiting", seen, mend)


def check_clicks(wired: Wired) -> Iterator[Finding]:
    """Look for files of clicks that nobody takes in, and for those put by."""
    folder = wired.settings.service.data_dir / spool.FOLDER
    now = datetime.now(UTC)  # noqa: TID251  files have this machine's time
    age = now - min(_written(folder), default=now)
    if age > CLICKS_WAIT_MOST:
        seen = f"they wait in files for {span(age)}: nobody takes them in"
        mend = "start a worker; its log tells why by `clicks not imported`"
        yield red("clicks", seen, mend)
    n_refused = sum(1 for _ in folder.glob(f"*{spool.REFUSED}"))
    if n_refused:
        seen = f"{number(n_refused, 'file')} in {folder} with lines that are no clicks"
        mend = "the other lines are kept; docs/clicks.md, No request waits"
        yield warn("clicks", seen, mend)


def _written(folder: Path) -> Iterator[datetime]:
    for path in folder.glob(f"*{spool.SUFFIX}"):
        with suppress(FileNotFoundError):  # it was taken in this moment
            yield datetime.fromtimestamp(path.stat().st_mtime, UTC)


def check_alerts(wired: Wired) -> Iterator[Finding]:
    """Count what is open, and look whether the telling works."""
    found = alerts.list_alerts(wired.store, (OPEN,))
    if found:
        names = ", ".join(sorted({one.rule for one in found}))
        seen = f"{number(len(found), 'alert')} open: {names}"
        yield warn("alerts", seen, "`forwarder alerts list`")
    else:
        yield ok("alerts", "none is open")
    for alert in found:
        for message in alerts.messages_of(wired.store, alert.id):
            if message.fault:
                seen = f"a message by {message.channel} did not leave: {message.fault}"
                yield red("alerts", seen, "mend [alerts]; `forwarder alerts test`")
                return
