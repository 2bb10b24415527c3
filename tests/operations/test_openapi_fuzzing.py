"""The service against its OpenAPI document, by Schemathesis: all checks, and the links between operations."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.hosting import hosted
from tests.support.processes import AD_METRICS, environment, run

# Four thousand requests take longer on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "60")
"""With 16, one run in three follows no cursor."""

EXCLUDED = (
    # JSON Schema cannot express parameters that exclude each other, or the labels of a database.
    "positive_data_acceptance",
)


CONFIGURATION = """
[checks.negative_data_rejection]
# A refused text may also make the URL (414) or the request's head (431) too long.
expected-statuses = [401, 403, 404, 405, 414, 422, 429, 431, "5xx"]
"""


def schemathesis(site: str, directory: Path, key: str, *more: str) -> subprocess.CompletedProcess[str]:
    (directory / "schemathesis.toml").write_text(CONFIGURATION)
    command = [
        sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run", f"{site}/openapi.json",
        "--checks", "all", "--exclude-checks", ",".join(EXCLUDED), "--phases", "examples,coverage,fuzzing,stateful",
        "--max-examples", EXAMPLES, "--request-timeout", "20", "--no-color", "--suppress-health-check", "all",
        "-H", f"Authorization: Bearer {key}", *more,
    ]  # fmt: skip
    return subprocess.run(
        command, cwd=directory, env=environment(), capture_output=True, text=True, timeout=1700, check=False
    )


def test_reading_follows_the_document(facts_database: str, own_facts: str, tmp_path: Path) -> None:
    key = run([*AD_METRICS, "keys", "create", "fuzz"], DATABASE_URL=own_facts).stdout.strip()
    settings = {"API_AUTH": "required", "API_RATE_LIMIT": "0", "LOG_LEVEL": "WARNING"}
    with hosted(own_facts, tmp_path, workers=1, **settings) as service:
        done = schemathesis(service.site, tmp_path, key)
        assert done.returncode == 0, done.stdout[-5000:]
        assert "API Links:    4 covered" in done.stdout or "API Links:    3 covered" in done.stdout
        counts = service.get("/metrics", headers={"Authorization": f"Bearer {key}"}).text
        assert 'status="500"' not in counts
        assert 'status="401"' in counts
        assert "Traceback" not in service.said


def test_loading_follows_the_document(own_facts: str, tmp_path: Path) -> None:
    key = run([*AD_METRICS, "keys", "create", "fuzz", "--scope", "ingest"], DATABASE_URL=own_facts).stdout.strip()
    settings = {"API_AUTH": "required", "API_RATE_LIMIT": "0", "LOG_LEVEL": "ERROR", "INGEST_HTTP": "true"}
    with hosted(own_facts, tmp_path, workers=1, **settings) as service:
        # While the limit of loads is reached, the next is refused with 503.
        more = ("--include-path-regex", "/v1/ingests", "--max-examples", "20", "--exclude-checks", "not_a_server_error,positive_data_acceptance")  # fmt: skip
        done = schemathesis(service.site, tmp_path, key, *more)
        assert done.returncode == 0, done.stdout[-5000:]
        counts = service.get("/metrics", headers={"Authorization": f"Bearer {key}"}).text
        assert 'route="/v1/ingests",status="202"' in counts
        assert 'status="500"' not in counts
