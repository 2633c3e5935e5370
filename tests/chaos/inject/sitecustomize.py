"""Python imports this at its start where it stands in PYTHONPATH."""

from tests.chaos import syncs

syncs.begin()
