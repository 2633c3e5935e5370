"""How the database is reached: what must hold before anything breaks."""

from forwarder.store.engine import connect


def test_a_line_to_postgresql_that_died_is_given_up(postgres_url: str) -> None:
    engine = connect(postgres_url, "web")
    with engine.connect() as connection:
        line = connection.connection.dbapi_connection
        assert line is not None
        told = line.info.get_parameters()
    engine.dispose()

    assert "10000" == told["tcp_user_timeout"]
    assert ("10", "3", "3") == tuple(
        told[f"keepalives_{name}"] for name in ("idle", "interval", "count")
    )
