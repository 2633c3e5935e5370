"""Samples and the events they become, as text that a person can read."""

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import forwarder.samples
from forwarder.core.event import Unreadable
from forwarder.core.source import Options
from forwarder.samples import cases, load
from forwarder.sources import SOURCES

SAMPLES = Path(str(files(forwarder.samples)))
CASES = [(source, case) for source in SOURCES for case in cases(source)]
GENUINE = [pair for pair in CASES if not pair[1].startswith("refused-")]


def golden_path(source: str, case: str) -> Path:
    return SAMPLES / source / f"{case}.event.json"


def written(source: str, case: str, options: Options | None = None) -> str:
    """What the adapter makes of a sample; empty fields are left out."""
    options = options or Options(shop=f"my-{source}")
    try:
        reading = SOURCES[source].parse(load(source, case), options)
    except Unreadable as unreadable:
        told: object = {"quarantined": str(unreadable)}
    else:
        told = _plain(reading)
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _plain(value: object) -> object:
    if is_dataclass(value):
        named = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        return {n: v for n, v in named.items() if v not in (None, [], {}, False, "")}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value
