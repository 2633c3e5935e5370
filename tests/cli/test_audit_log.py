from datetime import UTC, datetime

from forwarder.store import Store, audit
from tests.cli.conftest import Shell

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def test_what_a_shell_did_stands_in_the_log(shell: Shell) -> None:
    (shell.folder / "password").write_text("long enough for anybody")
    shell.run("user", "add", "anna", "--password-file", "password")
    shell.run("user", "remove", "anna")
    shell.run("api-key", "add", "script", "--scope", "read")
    shell.run("api-key", "remove", "script")
    shell.run("user", "remove", "nobody")  # changes nothing
    shell.run("db", "backup", "copy.db")

    told = shell.json("audit-log")

    assert [
        ("backup", "copy.db"),
        ("api-key removed", "script"),
        ("api-key added", "script"),
        ("user removed", "anna"),
        ("user added", "anna"),
    ] == [(one["action"], one["subject"]) for one in told["items"]]
    assert all(one["who"].startswith("shell") for one in told["items"])
    assert None is told["next"]


def test_the_log_is_read_in_pages_and_by_filter(shell: Shell, store: Store) -> None:
    for number in range(3):
        audit.note(store, "anna", "replay", f"order {number}", NOW)
    audit.note(store, "ben", "discard", "order 7", NOW, "no longer wanted")

    first = shell.json("audit-log", "--who", "anna", "--limit", "2")
    second = shell.json("audit-log", "--who", "anna", "--cursor", str(first["next"]))
    text = shell.run("audit-log", "--action", "discard").stdout

    assert ["order 2", "order 1"] == [one["subject"] for one in first["items"]]
    assert ["order 0"] == [one["subject"] for one in second["items"]]
    assert ["2026-11-21", "08:00:00Z", "ben", "discard"] == text.split()[:4]
    assert "no longer wanted" in text
    assert "nobody did" in shell.run("audit-log", "--who", "carl").stdout
    audit.note(store, "carl", "planned an experiment", "spring", NOW)
    assert "planned an experiment spring" in shell.run("audit-log").stdout


def test_a_log_that_somebody_touched_is_bad_news(shell: Shell, store: Store) -> None:
    for number in range(3):
        audit.note(store, "anna", "replay", f"order {number}", NOW)
    fine = shell.json("audit-log", "--verify")
    told = shell.run("audit-log", "--verify").stdout
    assert told.startswith("nobody touched the log: ")
    assert shell.run("audit-log", "--verify", "--head", fine["head"]).exit_code == 0
    with store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        connection.exec_driver_sql("DELETE FROM audit WHERE id = 2")

    bad = shell.run("audit-log", "--verify", "--json")
    cut = shell.run("audit-log", "--verify", "--head", "f" * 64)

    assert (3, None, []) == (fine["n_entries"], fine["broken_at"], fine["faults"])
    assert (1, 1) == (bad.exit_code, cut.exit_code)
    assert '"broken_at": 3' in bad.stdout
    assert "one before it was removed" in cut.stderr
    assert "cut off" in cut.stderr
