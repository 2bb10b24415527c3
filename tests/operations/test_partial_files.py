"""Clients that ask for a part of a file get all of it or a clear refusal, and never parts of two states."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import duckdb
import httpx
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from project.store.warehouse import data_version
from tests.support.hosting import Service, hosted

pytestmark = pytest.mark.slow

ROWS = "/v1/ad-metrics?format="
FILE = f"{ROWS}csv"


@pytest.fixture(scope="module")
def service(facts_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with hosted(facts_database, tmp_path_factory.mktemp("service"), workers=1) as service:
        yield service


@pytest.mark.parametrize("asked", ["0-99", "-99", "100-", "99999999-", "5-2"])
def test_a_part_is_the_whole(service: Service, asked: str) -> None:
    for format_ in ("csv", "parquet"):
        whole = service.get(ROWS + format_)
        assert whole.headers["accept-ranges"] == "none"
        for headers in ({}, {"If-Range": whole.headers["etag"]}, {"If-Range": '"other"'}):
            part = service.get(ROWS + format_, headers={"Range": f"bytes={asked}"} | headers)
            assert (part.status_code, part.content) == (200, whole.content)
            assert "content-range" not in part.headers


def test_wget_is_told_why(service: Service) -> None:
    refused = service.get(FILE, headers={"User-Agent": "Wget/1.21.3", "Range": "bytes=10-"})
    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert (fault["parameter"], fault["value"]) == ("Range", "bytes=10-")
    assert service.get(FILE, headers={"User-Agent": "Wget/1.21.3"}).status_code == 200


async def test_a_download_that_goes_on_after_a_load_is_of_one_state(own_facts: str, tmp_path: Path) -> None:
    whole = {"Accept-Encoding": "identity"}
    with hosted(own_facts, tmp_path, workers=1) as service:
        before = service.get(FILE, headers=whole).content
        connection = await asyncpg.connect(own_facts)
        await connection.execute("UPDATE fact_ad_metrics_daily SET likes = likes + 1")
        await data_version.move(connection)
        await connection.close()
        after = service.get(FILE, headers=whole).content
        assert after != before
        part = before[: len(before) // 2]
        for name, options in {"curl": ["-sS", "-C", "-", "-o"], "wget": ["-q", "-t", "1", "-c", "-O"]}.items():
            if not shutil.which(name):
                continue
            file = tmp_path / name
            file.write_bytes(part)
            done = subprocess.run([name, *options, file, service.site + FILE], check=False, capture_output=True)
            # curl cannot go on (33), and Wget is refused (8): of a whole answer it would take the end.
            assert (done.returncode, file.read_bytes()) == ({"curl": 33, "wget": 8}[name], part)


def test_libraries_read_a_url_or_say_why_not(service: Service) -> None:
    rows = int(httpx.head(service.site + ROWS + "csv").headers["x-row-count"])
    assert len(pd.read_csv(service.site + ROWS + "csv")) == rows
    assert len(pd.read_parquet(service.site + ROWS + "parquet")) == rows
    for read in (pl.read_csv, pl.read_parquet):
        with pytest.raises(OSError, match=r"Range request not supported|Content-Length"):
            read(service.site + ROWS + ("csv" if read is pl.read_csv else "parquet"))
    with pytest.raises(OSError, match="Range request not supported"):
        pl.scan_parquet(service.site + ROWS + "parquet").collect()
    with duckdb.connect() as connection:
        connection.register("facts", pa.ipc.open_stream(service.get(f"{ROWS}arrow").content))
        assert connection.execute("SELECT count(*) FROM facts").fetchall() == [(rows,)]


def test_head_of_a_file_makes_none(service: Service) -> None:
    get, head = service.get(f"{ROWS}csv"), httpx.head(service.site + ROWS + "csv")
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-disposition", "etag", "x-row-count", "vary", "accept-ranges"):
        assert head.headers[name] == get.headers[name]
    # The connection of the database is free again, at once.
    for _ in range(15):
        assert httpx.head(service.site + ROWS + "csv").status_code == 200
