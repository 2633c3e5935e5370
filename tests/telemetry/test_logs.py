"""Every logger of the process ends in one clean line of JSON."""

import json
import logging
import sys
import threading
import warnings

import pytest
import structlog

from forwarder import telemetry
from forwarder.telemetry.redact import MASK, WITHHELD

pytestmark = pytest.mark.usefixtures("undone")
CANARY = "canary.person@example.com"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    written = capsys.readouterr()

    assert written.out == ""
    return [json.loads(line) for line in written.err.splitlines()]


def test_our_line_has_its_facts_and_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.setup("web", "info")
    structlog.get_logger("forwarder.x").info(
        "webhook stored", endpoint="my-shop", n_events=2, email=CANARY, note=CANARY
    )
    (line,) = lines(capsys)
    at = line.pop("at")

    assert {
        "event": "webhook stored",
        "endpoint": "my-shop",
        "n_events": 2,
        "email": MASK,
        "note": "[e-mail]",
        "level": "info",
        "logger": "forwarder.x",
        "role": "web",
    } == line
    assert str(at).endswith("Z")


@pytest.mark.parametrize("name", ["celery.worker", "_granian", "some.library"])
def test_the_lines_of_others_pass_the_same_gate(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = logging.getLogger(name)
    other.addHandler(logging.StreamHandler(sys.stderr))
    other.propagate = False
    telemetry.setup("worker", "info")
    other.warning("task for %s\nfailed", CANARY, extra={"email": CANARY})
    (line,) = lines(capsys)

    assert "task for [e-mail]\nfailed" == line["event"]
    assert name == line["logger"]


def test_a_talkative_library_is_quiet_below_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.setup("web", "debug")
    logging.getLogger("sqlalchemy.engine.Engine").info("INSERT %s", CANARY)

    assert [] == lines(capsys)


def test_a_line_break_does_not_make_a_second_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.setup("web", "info")
    structlog.get_logger().warning("a\r\n{}\u2028b", reason="x\ny")

    assert 1 == len(lines(capsys))


@pytest.mark.parametrize(
    "text",
    ["\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\x9b31mb", "a\bb\x7f", "\u202eevil"],
)
def test_what_steers_a_terminal_is_written_out(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    telemetry.setup("web", "info")
    structlog.get_logger().warning(text, reason=text)
    raw = capsys.readouterr().err

    assert 1 == len(raw.splitlines())
    assert [] == [char for char in raw.rstrip("\n") if not char.isprintable()]


def test_an_authorization_is_never_logged(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.setup("web", "info")
    key = "fwd_k3yk3yk3yk3yk3yk3y"
    log = structlog.get_logger()
    header = f"Bearer {key}"
    log.warning(header, authorization=header, Authorization=key)
    log.warning("x", url=f"https://a.example/?key={key}", list=[f"Basic {key}"])

    told = capsys.readouterr().err
    assert (2, False) == (len(told.splitlines()), key in told)


def test_an_exception_is_told_without_values_and_locals(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.setup("web", "info")
    hidden = "Mia Muster"
    try:
        try:
            int(hidden)
        except ValueError as cause:
            raise OSError(28, "No space left on device") from cause
    except OSError:
        structlog.get_logger().exception("store failed")
    (line,) = lines(capsys)
    told = line["exception"]

    assert isinstance(told, list)
    assert [
        "OSError: [Errno 28] No space left on device",
        f"ValueError: {WITHHELD}",
    ] == [one["fault"] for one in told]
    assert hidden not in json.dumps(line)
    assert "test_logs.py" in told[0]["where"][0]


def test_a_crash_of_a_thread_is_one_clean_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.setup("web", "info")

    def fall() -> None:
        raise ValueError(CANARY)

    thread = threading.Thread(target=fall, name="writer")
    thread.start()
    thread.join()
    (line,) = lines(capsys)

    assert ("thread crashed", "writer") == (line["event"], line["thread"])
    assert CANARY not in json.dumps(line)


def test_a_crash_of_the_process_is_one_clean_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.setup("cli", "error")
    sys.excepthook(ValueError, ValueError(CANARY), None)
    (line,) = lines(capsys)

    assert ("process crashed", "critical") == (line["event"], line["level"])


def test_a_warning_is_a_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.setup("web", "info")
    warnings.showwarning(UserWarning(f"odd {CANARY}"), UserWarning, "file.py", 3)
    (line,) = lines(capsys)

    assert "py.warnings" == line["logger"]
    assert CANARY not in json.dumps(line)


def test_what_json_cannot_hold_is_still_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.setup("web", "info")
    structlog.get_logger().info("odd", big=10**30, text="\ud800", n={1: {2}})

    assert 1 == len(lines(capsys))
