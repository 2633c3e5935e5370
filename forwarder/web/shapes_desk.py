"""The JSON of who may come in and of the settings: alike in console and commands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forwarder.store.access import ApiKey, User
from forwarder.web.shapes import moment
from forwarder.web.sheet import Ahead, Setting


def sheet_json(
    rows: Sequence[Setting], file: str, doubts: Sequence[str], ahead: Ahead
) -> dict[str, Any]:
    """Return the settings; `after_restart` tells what file and environment say now."""
    return {
        "file": file,
        "items": [setting_json(row) for row in rows],
        "doubts": list(doubts),
        "after_restart": {
            "changes": [
                {"table": one.table, "key": one.key, "now": one.now, "then": one.then}
                for one in ahead.changes
            ],
            "faults": list(ahead.faults),
        },
    }


def setting_json(row: Setting) -> dict[str, Any]:
    """Return one setting. Shape: `value` as TOML; of a secret, whether it is set."""
    return {
        "table": row.table,
        "key": row.key,
        "value": row.value,
        "default": row.default,
        "is_default": row.is_default,
        "is_secret": row.is_secret,
        "origin": row.origin,
        "variable": row.variable,
        "unit": row.unit,
        "limits": row.limits,
        "help": row.help,
    }


def user_json(user: User) -> dict[str, Any]:
    """Return who may log in; `disabled_at` is null for who may."""
    return {
        "name": user.name,
        "role": user.role,
        "created_at": moment(user.created_at),
        "disabled_at": moment(user.disabled_at),
    }


def api_key_json(key: ApiKey, now: datetime) -> dict[str, Any]:
    """Return a key by its name, without what opens the door."""
    return {
        "name": key.name,
        "scope": key.scope,
        "created_at": moment(key.created_at),
        "expires_at": moment(key.expires_at),
        "is_expired": key.expires_at is not None and key.expires_at <= now,
    }
