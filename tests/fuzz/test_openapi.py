"""The whole description of the API, tried out by schemathesis on a real server."""

import os
from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from forwarder.store import access
from forwarder.store.access import ApiKey
from tests.e2e.box import Box

pytestmark = pytest.mark.slow

KEYS = {"admin": "fwd_administers", "events:write": "fwd_writes"}
N_EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))  # of each operation
STORE_DOWN = 503


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web process of its own; its address."""
    with Box(tmp_path_factory.mktemp("openapi")) as box:
        box.upgrade()
        for scope, text in KEYS.items():
            key = ApiKey(name=scope, scope=scope, created_at=box.store.now())
            access.add_api_key(box.store, key, text)
        box.start_web()
        yield box.url
        assert [] == box.crashes()


def test_every_operation_answers_as_it_is_described(web: str) -> None:
    described = requests.get(f"{web}/api/v1/openapi.json", timeout=20).json()
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=web)
    tried = []
    for found in schema.get_all_operations():
        operation = found.ok()
        _try(operation)
        tried.append(operation.label)

    assert len(tried) == sum(
        len({"get", "post", "put", "patch", "delete"} & set(path))
        for path in described["paths"].values()
    )


def _try(operation: schemathesis.schemas.APIOperation) -> None:
    session = requests.Session()

    @settings(
        max_examples=N_EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=operation.as_strategy())
    def answers(case: schemathesis.Case) -> None:
        is_write = operation.path.endswith("/events")
        key = KEYS["events:write" if is_write else "admin"]
        headers = {"Authorization": f"Bearer {key}"}
        response = case.call(headers=headers, session=session)
        if response.status_code == STORE_DOWN:
            assert response.headers["Retry-After"]
            return
        case.validate_response(response, checks=[not_a_server_error])

    try:
        answers()
    finally:
        session.close()
