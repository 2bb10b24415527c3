"""Files of labels that are awkward, and of data that moves meanwhile."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from project.store.postgres import copied_rows
from tests.conftest import Client
from tests.export.test_row_files import FORMATS, ROWS, read_back
from tests.support.model import MEASURES
from tests.support.records import loaded, record, write


async def test_awkward_labels_in_every_format(database: str, tmp_path: Path, serving: Client) -> None:
    labels = ["=1+1", "@sum", 'say "hi"', "a, b", "Île", "-5", "line\u2028separator"]
    await loaded(database, write(tmp_path / "a.csv", [record(region=label) for label in labels]))
    async with serving(database) as client:
        for name in FORMATS:
            answer = await client.get(ROWS, params={"format": name, "fields": "region"})
            found = {row["region"] for row in read_back(name, answer.content)}
            shown = {"'" + one if one[0] in "=@-" else one for one in labels} if name == "csv" else set(labels)
            assert found == shown, name


async def test_a_file_is_of_one_state(
    database: str, connection: asyncpg.Connection, tmp_path: Path, serving: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied_rows, "_BLOCK_BYTES", 2000)
    days = [f"2024-03-{day:02}" for day in range(1, 29)]
    rows = [record(date=day, region=f"R{index}") for day in days for index in range(40)]
    await loaded(database, write(tmp_path / "a.csv", rows))
    async with serving(database) as client:
        asked = asyncio.create_task(client.get(f"{ROWS}?format=ndjson"))
        await asyncio.sleep(0.01)
        await loaded(
            database,
            write(
                tmp_path / "b.csv",
                [record(date=days[-1], region=f"R{index}", **dict.fromkeys(MEASURES, 9)) for index in range(40)],
            ),
        )
        answer = await asked
        read = read_back("ndjson", answer.content)
        version = int(answer.headers["etag"].strip('"').split("-")[0])
        assert {row["clicks"] == 9 for row in read if str(row["date"]) == "2024-03-28"} == {version == 2}
        assert len(read) == len(rows) == int(answer.headers["x-row-count"])
