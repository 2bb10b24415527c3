"""`ad-metrics export`: the same answer as the API's, in a file that is complete or absent."""

from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from project.cli.export import app
from tests.conftest import Client
from tests.support.model import FACTS
from tests.support.processes import AD_METRICS, run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("question", "name", "path"),
    [
        ("", "all.csv", "/v1/ad-metrics?format=csv"),
        ("platform=tiktok&sort=-cost", "tiktok.ndjson", "/v1/ad-metrics?platform=tiktok&sort=-cost&format=ndjson"),
        (
            "https://ads.example/v1/reports?group_by=week,platform&metrics=cost,ctr",
            "weeks.csv",
            "/v1/reports?group_by=week,platform&metrics=cost,ctr&format=csv",
        ),
        (
            "/v1/reports?group_by=weekday&metrics=clicks&compare_to=previous_month&weekday=mon,sun&date_from=2024-03-01",
            "weekdays.csv",
            "/v1/reports?group_by=weekday&metrics=clicks&compare_to=previous_month&weekday=mon,sun&date_from=2024-03-01"
            "&format=csv",
        ),
        ("/v1/reports?group_by=platform", "chart.svg", "/v1/reports?group_by=platform&format=svg"),
    ],
)
async def test_the_same_as_over_http(
    serving: Client, facts_database: str, tmp_path: Path, question: str, name: str, path: str
) -> None:
    done = run([*AD_METRICS, "export", question, str(tmp_path / name)], DATABASE_URL=facts_database)
    assert done.returncode == 0, done.stderr
    async with serving(facts_database) as client:
        answer: httpx.Response = await client.get(path)
    assert (tmp_path / name).read_bytes() == answer.content
    if rows := answer.headers.get("x-row-count"):
        assert done.stderr == f"{int(rows):,} rows to {tmp_path / name}\n"
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_standard_output(facts_database: str) -> None:
    done = run([*AD_METRICS, "export", "", "-"], DATABASE_URL=facts_database)
    assert len(done.stdout.splitlines()) >= len(FACTS) + 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["platform=tiktk&foo=1", "x.csv"], 1, "No platform is called 'tiktk'. Perhaps: tiktok."),
        (["", "nowhere/x.csv"], 1, "No such file or directory"),
        (["", "/dev/full", "--format", "csv"], 1, "No space left on device; what was written is incomplete."),
    ],
)
def test_refusals_leave_no_file(
    facts_database: str, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    done = run([*AD_METRICS, "export", *arguments], cwd=tmp_path, DATABASE_URL=facts_database)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["", "x.txt"], "'x.txt' must end in one of: .csv"),
        (["/v1/dimensions?x=1", "x.csv"], "must be one of: /v1/ad-metrics, /v1/reports"),
        (["format=json", "x.csv"], "a file of objects is ndjson"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert said in done.stderr
