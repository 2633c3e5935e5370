"""No secret stands in a process list, a database, a log or a broker's folder."""

from hashlib import sha256

import psutil
import pytest

from forwarder.samples import TEST_SECRETS
from tests.e2e.box import Box
from tests.e2e.shops import post_all, webhooks

pytestmark = pytest.mark.slow

KEY_FILES = {".env", "forwarder.toml"}


def tree(pid: int) -> list[psutil.Process]:
    one = psutil.Process(pid)
    return [one, *one.children(recursive=True)]


def test_a_secret_is_in_no_process_list_database_log_or_broker(one_box: Box) -> None:
    one_box.start_all()
    password = one_box.folder / "password"
    password.write_text("correct horse battery")
    one_box.run("user", "add", "ada", "--password-file", str(password))
    key = one_box.run("api-key", "add", "k", "--scope", "read").stdout.strip()
    password.unlink()
    post_all(one_box, webhooks(5))
    one_box.wait_until_drained()
    secrets = [
        one_box.token,
        one_box.data_key,
        key,
        "correct horse battery",
        *TEST_SECRETS.values(),
    ]
    shown = [
        word
        for running in one_box.running
        for process in tree(running.pid)
        for word in process.cmdline()
    ]

    assert shown
    assert [] == [word for word in shown if any(secret in word for secret in secrets)]
    one_box.the("serve").stop()
    kept = b"".join(
        one.read_bytes()
        for one in one_box.folder.rglob("*")
        if one.is_file() and one.name not in KEY_FILES
    )
    assert sha256(key.encode()).hexdigest().encode() in kept
    assert [] == [secret for secret in secrets if secret.encode() in kept]
