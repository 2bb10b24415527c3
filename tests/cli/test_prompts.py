"""`ad-metrics load` on a terminal asks for what a file leaves open, and nowhere else."""

import re
import shlex
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest

from tests.support.processes import AD_METRICS, run
from tests.support.records import facts, key, state, write
from tests.support.terminal import CTRL_C, answered

pytestmark = pytest.mark.slow
LOAD = [*AD_METRICS, "load", "export.csv"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with an export that has no platform, no likes, and a placement under another name."""
    rows = [("2024-05-01", "Bing", "Search", "Phones", 100, 5, "1.50", 1), ("2024-05-02", "Bing", "Feed", "Phones", 200, 7, "2.50", 0)]  # fmt: skip
    header = ["date", "Channel", "Network", "device_type", "impressions", "clicks", "Spend", "conversions"]
    write(tmp_path / "export.csv", rows, header)
    return tmp_path


async def test_the_answers_load_the_file_and_make_a_profile(
    database: str, connection: asyncpg.Connection, directory: Path
) -> None:
    code, shown = answered(
        LOAD,
        [
            ("A number, a column, or a value for all rows: ", "Chanel"),
            (
                "'Chanel' is no number of the list, and no column; did you mean 'Channel'? Answer 'Chanel' again to give it to all rows.",
                "",
            ),
            ("A number, a column, or a value for all rows: ", "channel"),
            ("A number, or a column [1]: ", "1"),
            ("A number, or a column [1]: ", ""),
            ("A number, a column, or a value for all rows [2]: ", "network"),
            ("One label for all rows [(not set)]: ", "unknown"),
            ("Keep these answers as a profile? [y/N]: ", "y"),
            ("Its file, such as daily.toml: ", "daily"),
        ],
        cwd=directory,
        DATABASE_URL=database,
    )
    assert code == 0, shown
    # Each candidate is shown with the first values of its column.
    assert re.search(r"--map platform=Channel +'Bing'\n", shown)
    assert re.search(r"--map cost=Spend +'1.50', '2.50'\n", shown)
    assert shown.endswith("wrote the profile daily.toml\n")
    labels = {
        "region": "unknown",
        "age_range": "unknown",
        "gender": "unknown",
        "platform": "Bing",
        "device_type": "Phones",
    }
    assert await facts(connection) == {
        key(date="2024-05-01", placement="Search", **labels): (100, 5, Decimal("1.5"), 1, 0),
        key(date="2024-05-02", placement="Feed", **labels): (200, 7, Decimal("2.5"), 0, 0),
    }
    [line] = re.findall(r"the same without questions: (?:uv run )?ad-metrics (.*)", shown)
    for repeated in (shlex.split(line), ["load", "export.csv", "--profile", "daily.toml"]):
        done = run([*AD_METRICS, *repeated], cwd=directory, DATABASE_URL=database)
        assert "nothing changed: the database had all of it" in done.stdout, done.stderr


async def test_the_name_of_a_preset_is_its_preset(database: str, tmp_path: Path) -> None:
    header = ["date", "region", "country_code", "impressions", "clicks", "spend", "conversion", "likes"]
    write(tmp_path / "export.csv", [("2024-05-01", "N", "US", 100, 5, "1.50", 1, 0)], header)
    code, shown = answered(
        LOAD,
        [
            ("A number, a column, or a value for all rows: ", "TikTok"),
            ("One label for all rows [(not set)]: ", ""),
            ("Keep these answers as a profile? [y/N]: ", ""),
        ],
        cwd=tmp_path,
        DATABASE_URL=database,
    )
    assert code == 0, shown
    assert "platform ← 'tiktok' (preset tiktok)" in shown
    assert "conversions ← conversion\n" in shown
    assert not list(tmp_path.glob("*.toml"))


async def test_an_interrupted_question_leaves_nothing(
    database: str, connection: asyncpg.Connection, directory: Path
) -> None:
    before = await state(connection)
    code, shown = answered(
        LOAD, [("A number, a column, or a value for all rows: ", CTRL_C)], cwd=directory, DATABASE_URL=database
    )
    assert code == 130
    assert shown.endswith("Interrupted; nothing was loaded.\n")
    assert await state(connection) == before


async def test_without_a_terminal_nothing_is_asked(database: str, directory: Path) -> None:
    done = run(LOAD, cwd=directory, stdin=b"1\n" * 20, DATABASE_URL=database)
    assert (done.returncode, done.stdout) == (1, "")
    assert "A number" not in done.stderr
    # The last line is the command to paste, with the file as it was typed.
    assert (
        done.stderr.splitlines()[-1].removeprefix("uv run ").startswith("ad-metrics load export.csv --map cost=Spend ")
    )
    (directory / "sub").mkdir()
    elsewhere = run([*AD_METRICS, "load", "../export.csv"], cwd=directory / "sub", DATABASE_URL=database)
    assert elsewhere.stderr.splitlines()[-1].removeprefix("uv run ").startswith("ad-metrics load ../export.csv ")
