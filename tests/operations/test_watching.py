"""`ops/`: the alert rules by promtool, and the dashboard's queries by a Prometheus that scrapes a real service."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from project import __version__
from project.jobs.heartbeat_log import LogLine, save_check
from tests.conftest import ROOT
from tests.support.hosting import Service, hosted
from tests.support.processes import AD_METRICS, eventually, free_port, run, started
from tests.support.records import record, write

ALERTS = ROOT / "ops" / "alerts.yml"
RULES = {rule["alert"]: rule for rule in yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]}
DASHBOARD = json.loads((ROOT / "ops" / "grafana.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
JOB = '{job="ad-metrics"}'

HEALTHY = {
    f"up{JOB}": "1x120",
    f"ad_metrics_database_up{JOB}": "1x120",
    f"ad_metrics_heartbeat_late_seconds{JOB}": "-100x120",
    f"ad_metrics_rollup_check_ok{JOB}": "1x120",
    f"ad_metrics_rollup_check_age_seconds{JOB}": "100x120",
    f"ad_metrics_deliveries_failed_total{JOB}": "0x120",
    f"ad_metrics_deliveries_unknown_total{JOB}": "0x120",
    # Prometheus's clock begins at 0 in tests.
    f"ad_metrics_last_load_timestamp_seconds{JOB}": "0x120",
    'ad_metrics_requests_total{job="ad-metrics", status="200"}': "0+600x120",
    'ad_metrics_requests_total{job="ad-metrics", status="503"}': "0+1x120",
    'ad_metrics_request_seconds_bucket{job="ad-metrics", status="200", le="1"}': "0+600x120",
    'ad_metrics_request_seconds_bucket{job="ad-metrics", status="200", le="5"}': "0+600x120",
    'ad_metrics_request_seconds_bucket{job="ad-metrics", status="200", le="+Inf"}': "0+600x120",
    'ad_metrics_refusals_total{job="ad-metrics", problem="server-full"}': "0x120",
}
"""The series of a service that is well, a value a minute for two hours."""

FAILURES: list[tuple[str, dict[str, str], int]] = [
    ("AdMetricsDown", {f"up{JOB}": "0x120"}, 60),
    ("AdMetricsDown", {f"up{JOB}": "_x120"}, 60),
    ("AdMetricsDatabaseAway", {f"ad_metrics_database_up{JOB}": "0x120"}, 60),
    ("AdMetricsHeartbeatLate", {f"ad_metrics_heartbeat_late_seconds{JOB}": "700x120"}, 60),
    ("AdMetricsHeartbeatLate", {f"ad_metrics_heartbeat_late_seconds{JOB}": "_x120"}, 60),
    ("AdMetricsRollupsDiffer", {f"ad_metrics_rollup_check_ok{JOB}": "0x120"}, 60),
    ("AdMetricsCheckMissing", {f"ad_metrics_rollup_check_ok{JOB}": "_x1700"}, 1600),
    ("AdMetricsCheckMissing", {f"ad_metrics_rollup_check_age_seconds{JOB}": "100000x1700"}, 1600),
    ("AdMetricsNoLoad", {f"ad_metrics_last_load_timestamp_seconds{JOB}": "-150000x120"}, 90),
    ("AdMetricsNoLoad", {f"ad_metrics_last_load_timestamp_seconds{JOB}": "_x120"}, 90),
    ("AdMetricsNotDelivered", {f"ad_metrics_deliveries_failed_total{JOB}": "0+1x120"}, 60),
    ("AdMetricsNotDelivered", {f"ad_metrics_deliveries_unknown_total{JOB}": "0+1x120"}, 60),
    ("AdMetricsErrors", {'ad_metrics_requests_total{job="ad-metrics", status="503"}': "0+20x120"}, 60),
    (
        "AdMetricsSlow",
        {'ad_metrics_request_seconds_bucket{job="ad-metrics", status="200", le="1"}': "0+300x120"},
        60,
    ),
    ("AdMetricsStandbyBehind", {f"ad_metrics_server_up{JOB}": "0x120"}, 60),
    ("AdMetricsStandbyBehind", {f"ad_metrics_server_lag_seconds{JOB}": "70x120"}, 60),
    ("AdMetricsFull", {'ad_metrics_refusals_total{job="ad-metrics", problem="server-full"}': "0+1x120"}, 60),
]
"""What alarms: the alert, the series that differ, and the minute at which it fires."""


@pytest.fixture(scope="module")
def promtool() -> str:
    """Debian's promtool; these tests are skipped where there is none."""
    executable = shutil.which("promtool")
    if not executable or not shutil.which("prometheus"):
        pytest.skip("These tests need Prometheus; on Debian: apt-get install prometheus")
    return executable


def test_every_alert_is_tried() -> None:
    assert {alert for alert, _, _ in FAILURES} == RULES.keys()


@pytest.mark.slow
def test_each_failure_fires_its_alert_and_health_none(promtool: str, tmp_path: Path) -> None:
    healthy = [{"eval_time": "100m", "alertname": alert, "exp_alerts": []} for alert in RULES]
    groups = [case(HEALTHY, healthy)]
    for alert, changed, minute in FAILURES:
        rule = RULES[alert]
        # A sum has no labels but the rule's.
        job = {} if "sum" in rule["expr"] else {"job": "ad-metrics"}
        fired = {"exp_labels": rule["labels"] | job, "exp_annotations": rule["annotations"]}
        expected = {"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": [fired]}
        groups.append(case(HEALTHY | changed, [expected]))
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": [str(ALERTS)], "tests": groups}))
    done = subprocess.run([promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def case(series: dict[str, str], expected: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a case as promtool takes it."""
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": "1m", "input_series": inputs, "alert_rule_test": expected}


@contextmanager
def prometheus(service: Service, directory: Path) -> Iterator[str]:
    """Start a Prometheus that scrapes a service each second, and yield its address."""
    target = service.site.removeprefix("http://")
    scraped = {"job_name": "ad-metrics", "static_configs": [{"targets": [target]}]}
    config = {"global": {"scrape_interval": "1s"}, "rule_files": [str(ALERTS)], "scrape_configs": [scraped]}
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    arguments = {
        "config.file": directory / "prometheus.yml",
        "storage.tsdb.path": directory / "tsdb",
        "web.listen-address": address,
    }
    command = [shutil.which("prometheus") or "", *(f"--{name}={value}" for name, value in arguments.items())]
    with started(command, directory / "prometheus.out", cwd=directory):
        eventually(lambda: httpx.get(f"http://{address}/-/ready").is_success, what="Prometheus")
        yield f"http://{address}"


@pytest.mark.slow
def test_every_query_of_the_dashboard_has_an_answer(promtool: str, database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [record()])
    assert run([*AD_METRICS, "load", str(file)], DATABASE_URL=database).returncode == 0
    with hosted(database, tmp_path) as service, prometheus(service, tmp_path) as site:
        save_check(service.log, LogLine(datetime.now(UTC), "ok", {}, "check"))

        def answers(query: str) -> bool:
            service.get("/v1/catalog?colour=red")
            answer = httpx.get(f"{site}/api/v1/query", params={"query": query.replace("$__rate_interval", "1m")})
            return bool(answer.json()["data"]["result"])

        for query in QUERIES:
            eventually(lambda query=query: answers(query), what=query)
        # So do the alerts', where nothing is wrong: each of their metrics is there.
        metrics = {name for rule in RULES.values() for name in re.findall(r"(?:ad_metrics_\w+|up)(?=\{)", rule["expr"])}
        assert len(metrics) > 8
        # Those of standbys are there where DATABASE_READ_URL is.
        for metric in {metric for metric in metrics if not metric.startswith("ad_metrics_server_")}:
            eventually(lambda metric=metric: answers(metric + JOB), what=metric)
        build = httpx.get(f"{site}/api/v1/query", params={"query": "ad_metrics_build_info"}).json()["data"]["result"]
        assert build[0]["metric"]["version"] == __version__
        assert answers(f"process_resident_memory_bytes{JOB} > 5e7")
