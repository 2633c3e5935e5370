"""Every byte that a run left behind: files, tables, what a broker holds."""

from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers import RedisServer


def files(folder: Path) -> bytes:
    """Return every byte of every file under a folder, as far as they stay there."""
    found = []
    for one in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):
            if one.is_file():
                found.append(one.read_bytes())
    return b"\n".join(found)


def tables(url: str) -> bytes:
    """Return every row of every table, as PostgreSQL dumps it."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [row[0] for row in cursor.fetchall()]
        dump = b""
        for name in names:
            query = sql.SQL("COPY {} TO STDOUT (FORMAT binary)")
            with cursor.copy(query.format(sql.Identifier(name))) as copy:
                dump += b"".join(bytes(part) for part in copy)
        return dump


def keys(redis: RedisServer) -> bytes:
    """Return what Redis holds; its own dump would be compressed."""
    with redis.client() as client:
        names = client.keys()
        found = [names]
        for key in names:
            match client.type(key):
                case b"list":
                    found.append(client.lrange(key, 0, -1))
                case b"set":
                    found.append(list(client.smembers(key)))
                case b"zset":
                    found.append(client.zrange(key, 0, -1))
                case b"hash":
                    found.append([*client.hgetall(key).values()])
                case b"string":  # a lock of kombu's, for a moment
                    found.append([client.get(key) or b""])
                case b"none":  # it is gone again
                    continue
                case kind:
                    raise AssertionError(f"who keeps a {kind!r} here?")
    return b"\n".join(value for values in found for value in values)
