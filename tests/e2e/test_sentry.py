"""What goes wrong in each door is reported, and names nobody."""

import re
import threading
from collections.abc import Iterator

import pytest
import requests

from tests.e2e import canary
from tests.e2e.box import Box
from tests.e2e.canary import seen
from tests.e2e.processes import wait_until
from tests.telemetry.test_sentry import Inbox

pytestmark = pytest.mark.slow

SERIAL = 314_159
EMAIL = f"zilpzalp.{SERIAL}@buyers.example.com"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A stand-in for Sentry on loopback."""
    opened = Inbox()
    thread = threading.Thread(target=opened.server.serve_forever, args=(0.02,))
    thread.start()
    yield opened
    opened.server.shutdown()
    thread.join()
    opened.server.server_close()


def report_to(box: Box, inbox: Inbox) -> None:
    file = box.folder / "forwarder.toml"
    text = file.read_text()
    file.write_text(text.replace("[service]", f'[service]\nsentry_dsn = "{inbox.dsn}"'))


def rename(box: Box, old: str, new: str) -> None:
    with box.store.write() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


def post(box: Box) -> None:
    """Post the person everywhere, while no door can do its work."""
    headers = {"User-Agent": EMAIL, "X-Forwarded-For": canary.IP}
    for source, notice in canary.notices(SERIAL):
        url = f"{box.url}/hooks/my-{source.replace('_', '-')}/{notice.path_secret}"
        told = {**notice.headers, **headers}
        requests.post(
            f"{url.rstrip('/')}?who={EMAIL}", notice.body, headers=told, timeout=20
        )
    requests.get(f"{box.url}/console/login?next={EMAIL}", headers=headers, timeout=20)


def roles(inbox: Inbox) -> set[str]:
    """Return which doors have reported something."""
    return set(re.findall(r'"role":\s*"(\w+)"', inbox.text()))


def test_an_error_in_each_door_is_reported_without_the_person(
    one_box: Box, inbox: Inbox
) -> None:
    report_to(one_box, inbox)
    one_box.upgrade()
    one_box.start_sandbox()
    one_box.start_web()
    post(one_box)  # something for the worker to fail over
    rename(one_box, "payloads", "no_payloads")
    rename(one_box, "notices", "no_notices")
    post(one_box)
    one_box.start_worker()
    wait_until("both are reported", lambda: {"web", "worker"} <= roles(inbox), 30)
    rename(one_box, "no_notices", "notices")
    rename(one_box, "no_payloads", "payloads")
    told = b"\n".join(inbox.bodies)

    assert set() == seen(told)
    assert EMAIL.encode() not in told
    for secret in (one_box.token, one_box.data_key, *canary.TEST_SECRETS.values()):
        assert secret.encode() not in told
