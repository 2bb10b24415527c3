"""The service's log: its JSON, and what it must not contain."""

import json
import re
from pathlib import Path

import pytest

from tests.support.hosting import hosted
from tests.support.processes import AD_METRICS, run

pytestmark = pytest.mark.slow


def test_json_lines_have_the_counts_of_a_request(facts_database: str, tmp_path: Path) -> None:
    with hosted(facts_database, tmp_path, workers=1, LOG_FORMAT="json") as service:
        answer = service.get("/v1/reports?group_by=platform&metrics=cost", headers={"X-Request-ID": "r-1"})
        service.get("/v1/ad-metrics?limit=7", headers={"X-Request-ID": "r-2"})
        service.get("/v1/ad-metrics?limit=x", headers={"X-Request-ID": "r-3"})
        service.get("/nowhere", headers={"X-Request-ID": "r-4"})
        service.get("/health/live", headers={"X-Request-ID": "r-5"})
        assert answer.status_code == 200
    lines = [json.loads(line) for line in service.said.splitlines() if line.startswith("{")]
    assert all({"time", "level", "logger", "message", "request_id"} <= line.keys() for line in lines)
    by_id = {line["request_id"]: line for line in lines}
    counted = ("method", "route", "status", "rows", "source", "problem", "level")
    assert {id_: tuple(by_id[id_].get(name) for name in counted) for id_ in ("r-1", "r-2", "r-3", "r-4")} == {
        "r-1": ("GET", "/v1/reports", 200, len(answer.json()["data"]), "rollup", None, "INFO")
        if answer.json()["meta"]["source"] == "rollup"
        else ("GET", "/v1/reports", 200, by_id["r-1"]["rows"], "facts", None, "INFO"),
        "r-2": ("GET", "/v1/ad-metrics", 200, 7, "facts", None, "INFO"),
        "r-3": ("GET", "/v1/ad-metrics", 422, None, None, "invalid-parameters", "INFO"),
        "r-4": ("GET", "-", 404, None, None, "not-found", "INFO"),
    }
    assert all(0 < by_id[id_]["ms"] < 5000 for id_ in ("r-1", "r-2"))
    assert "r-5" not in by_id, "requests of monitors are not logged"


def test_no_answer_or_log_line_has_a_secret(database: str, tmp_path: Path) -> None:
    """No answer, log line or page has a password, a key, SQL or a path, also after an error."""
    password = "swordfish"
    url = database.replace("postgres@", f"postgres:{password}@")
    key = run([*AD_METRICS, "keys", "create", "me"], DATABASE_URL=database).stdout.strip()
    bearer = {"Authorization": f"Bearer {key}"}
    shown = []
    with hosted(url, tmp_path, workers=1, API_AUTH="required", LOG_LEVEL="DEBUG") as service:
        for path in (
            "/v1/ad-metrics", "/v1/ad-metrics?limit=x", f"/v1/ad-metrics?api_key={key}", "/v1/ad-metrics/1",
            "/v1/reports?group_by=region'--", "/v1/dimensions/x", "/nowhere", "/health/ready", "/docs", "/openapi.json",
            "/metrics", "/static-offline-docs/../../etc/passwd", "/static-offline-docs/nothing.js",
        ):  # fmt: skip
            shown += [service.get(path, headers=bearer).text, service.get(path).text]
        # A table is missing: an error of the service.
        drop = run([*AD_METRICS, "db", "psql"], DATABASE_URL=database, stdin=b"DROP TABLE dim_region CASCADE;")
        assert drop.returncode == 0, drop.stderr
        bump = run([*AD_METRICS, "db", "psql"], DATABASE_URL=database, stdin=b"UPDATE data_version SET version = 99;")
        assert bump.returncode == 0, bump.stderr
        broken = service.get("/v1/ad-metrics", headers=bearer)
        assert broken.status_code == 503
        shown += [broken.text, service.get("/health/ready").text]
    answers = "\n".join(text.replace(f"api_key={key}", "") for text in shown)
    secret = key.split("_", 2)[2]
    for text in (answers, service.said, service.log.read_text()):
        assert password not in text
        assert secret not in text
        assert not re.search(r"SELECT |FROM fact", text)
    # The log has what the server says, for operators; answers have not.
    assert 'relation "' not in answers
    assert str(tmp_path) not in answers
    assert "/site-packages" not in answers
    assert not re.search(r'File "|\.py\b', answers)
