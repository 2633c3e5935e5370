"""Every packaged webhook, spoilt: values, Forged or Unreadable, and nothing else."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import process_time

import pytest

from forwarder.core.delivery import NoticeStatus
from forwarder.core.event import Forged, Notice, Reading, Stale, Unreadable
from forwarder.core.source import Options, storable
from forwarder.pipeline.receive import Endpoint, read
from forwarder.samples import SIGNED_AT, TEST_SECRETS, cases, load
from forwarder.sources import SOURCES
from tests.fuzz.mutate import mutants, with_odd_headers

GENUINE = [
    (source, case)
    for source in sorted(SOURCES)
    for case in cases(source)
    if not case.startswith("refused-")
]
N_MUTANTS = int(os.environ.get("FUZZ_MUTANTS", "8"))  # of each sample
N_HEADERS = N_MUTANTS
GIANT_MOST_BYTES = 200 * 1024 * 1024
HANG_S = 2.0
GIANTS_FOR = ("shopify", "mailchimp", "gumroad", "hubspot")  # JSON, form, both, many
ROOT = Path(__file__).parents[2]
# Some of them have a signed form too; WooCommerce signs no ping.
UNSIGNED = frozenset(
    {
        "activecampaign",
        "beehiiv",
        "bigcommerce",
        "brevo",
        "flodesk",
        "gumroad",
        "hubspot",
        "kajabi",
        "kit",
        "klaviyo",
        "mailchimp",
        "teachable",
        "thrivecart",
        "woocommerce",
        "zapier",
    }
)


def endpoint(source: str) -> Endpoint:
    return Endpoint(
        name="my-shop",
        source_name=source,
        source=SOURCES[source],
        secrets=[TEST_SECRETS[source]],
        destination="main",
        options=Options(shop="my-shop"),
    )


def is_genuine(source: str, notice: Notice) -> bool:
    """Whether it is verified; anything but a refusal in our words is a fault."""
    try:
        SOURCES[source].verify(
            notice, TEST_SECRETS[source], SIGNED_AT, endpoint(source).options
        )
    except (Forged, Stale):
        return False
    return True


def go_through(source: str, notice: Notice) -> Reading | None:
    """Do all that happens to a verified webhook, short of the database."""
    adapter = SOURCES[source]
    key = adapter.delivery_key(notice)
    assert 1 <= len(key) <= 255
    assert isinstance(storable(adapter, notice), Notice)
    try:
        reading = adapter.parse(notice, endpoint(source).options)
    except Unreadable:
        return None
    arrival = read(endpoint(source), notice, key, SIGNED_AT)
    assert arrival.status is not NoticeStatus.QUARANTINED
    return reading


@pytest.mark.parametrize(("source", "case"), GENUINE)
def test_a_spoilt_body_is_read_or_told_unreadable(source: str, case: str) -> None:
    sample, is_signed = load(source, case), _is_body_signed(source, case)
    for mutant in mutants(sample, N_MUTANTS, f"{source} {case}"):
        started_s = process_time()
        if is_signed and mutant.body != sample.body:
            assert not is_genuine(source, mutant)
        signed = SOURCES[source].sign(mutant, TEST_SECRETS[source], SIGNED_AT)
        go_through(source, replace(signed, received_at=SIGNED_AT))

        assert process_time() - started_s < HANG_S


def _is_body_signed(source: str, case: str) -> bool:
    sample = load(source, case)
    return not is_genuine(source, replace(sample, body=sample.body + b" "))


def test_only_platforms_that_sign_nothing_leave_a_body_open() -> None:
    """Their secret stands in the address, a header or the body itself."""
    open_ = {source for source, case in GENUINE if not _is_body_signed(source, case)}

    assert UNSIGNED == open_


@pytest.mark.parametrize(("source", "case"), GENUINE)
def test_a_spoilt_header_is_no_fault(source: str, case: str) -> None:
    for mutant in with_odd_headers(load(source, case), N_HEADERS, f"{source} {case}"):
        if is_genuine(source, mutant):
            go_through(source, mutant)


def test_the_largest_bodies_take_no_time_and_no_memory() -> None:
    measured = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "tests.fuzz.giants", *GIANTS_FOR],
        env=measured,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(done.stdout)

    assert found["slowest_s"] < HANG_S, found
    assert found["grown_bytes"] < GIANT_MOST_BYTES
