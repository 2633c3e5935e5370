"""The files for Grafana and Prometheus name metrics that there are."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"\bforwarder_[a-z_]+\b")
PARTS = re.compile(r"_(bucket|count|sum)$")


def documented() -> set[str]:
    page = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `(forwarder_\w+)` \|", page, re.MULTILINE))


@pytest.mark.parametrize("file", ["grafana.json", "prometheus-rules.yml"])
def test_every_metric_that_is_asked_for_exists(file: str) -> None:
    text = (ROOT / "docs" / file).read_text(encoding="utf-8")
    asked = {PARTS.sub("", name) for name in NAME.findall(text)}

    assert asked
    assert set() == asked - documented()


def test_the_dashboard_is_one_that_can_be_imported() -> None:
    made = json.loads((ROOT / "docs/grafana.json").read_text(encoding="utf-8"))
    panels = made["panels"]

    assert {"title", "schemaVersion", "templating", "panels"} <= set(made)
    assert len(panels) == len({panel["id"] for panel in panels})
    assert all(panel["targets"][0]["expr"] for panel in panels)
