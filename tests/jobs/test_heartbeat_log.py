"""The heartbeat log: rotation, retention and compression, which block nothing."""

import asyncio
import gzip
import subprocess
import time
from pathlib import Path

import pytest

from project.jobs.heartbeat_log import append_line, last_beat, open_log
from project.settings import Settings

LINE = "2024-03-01T00:00:00.000Z heartbeat ok next=2024-03-01T06:00:00.000Z number={}"


def settings(log: Path, **changes: str) -> Settings:
    return Settings(heartbeat_log=log, **changes)


def everything(log: Path) -> list[str]:
    """Return all lines of the log and of its rotated files, the oldest first."""
    files = sorted(log.parent.glob("heartbeat.*.log*"), key=lambda path: path.stat().st_mtime_ns)
    contents = [
        gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text() for path in files
    ]
    return "".join([*contents, log.read_text()]).splitlines()


def test_rotation_compression_and_retention(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "heartbeat.log"
    with open_log(settings(log, heartbeat_rotation="1 KB", heartbeat_retention="3")) as write:
        for number in range(100):
            write(LINE.format(number))
    assert log.parent.stat().st_mode & 0o777 == 0o700
    rotated = list(log.parent.glob("heartbeat.*.log.gz"))
    assert len(rotated) == 3
    assert [line.rsplit("=", 1)[1] for line in everything(log)][-1] == "99"
    assert last_beat(log).facts["number"] == "99"


def test_braces_and_colours_are_written_unchanged(tmp_path: Path) -> None:
    log = tmp_path / "heartbeat.log"
    with open_log(settings(log)) as write:
        write("x heartbeat ok fact={not_a_field} <red>")
    assert log.read_text() == "x heartbeat ok fact={not_a_field} <red>\n"


@pytest.mark.slow
def test_tail_f_loses_no_line_over_rotations(tmp_path: Path) -> None:
    log = tmp_path / "heartbeat.log"
    log.touch()
    seen = tmp_path / "seen"
    with seen.open("wb") as output:
        tail = subprocess.Popen(
            ["tail", "-s", "0.01", "-n", "+1", "-F", str(log)], stdout=output, stderr=subprocess.DEVNULL
        )
        try:
            time.sleep(0.5)
            with open_log(settings(log, heartbeat_rotation="2 KB", heartbeat_retention="1 year")) as write:
                for number in range(300):
                    write(LINE.format(number))
                    time.sleep(0.005)
            for _ in range(100):
                if seen.read_text().count("\n") >= 300:
                    break
                time.sleep(0.05)
        finally:
            tail.terminate()
            tail.wait()
    expected = [LINE.format(number) for number in range(300)]
    assert seen.read_text().splitlines() == expected
    assert everything(log) == expected
    assert len(list(tmp_path.glob("heartbeat.*.log.gz"))) > 5


@pytest.mark.slow
async def test_the_event_loop_runs_while_the_log_rotates_and_compresses(tmp_path: Path) -> None:
    log = tmp_path / "heartbeat.log"
    # So many lines take gzip a second.
    log.write_bytes(b"".join(LINE.format(number).encode() + b"\n" for number in range(1_000_000)))
    worst = 0.0
    done = asyncio.Event()

    async def watch() -> None:
        nonlocal worst
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            worst = max(worst, time.perf_counter() - before - 0.001)

    watcher = asyncio.create_task(watch())
    started = time.perf_counter()
    with open_log(settings(log, heartbeat_rotation="1 MB")) as write:
        write(LINE.format("last"))
        while not ((newest := last_beat(log)) and newest.facts["number"] == "last"):
            await asyncio.sleep(0.005)
            assert time.perf_counter() - started < 60
        busy = time.perf_counter() - started
    done.set()
    await watcher
    assert busy > 0.1, "too little was compressed to show anything"
    assert worst < busy / 2, f"the loop was blocked for {worst:.3f} s of {busy:.3f}"


def test_a_line_from_another_process_survives_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "heartbeat.log"
    with open_log(settings(log, heartbeat_rotation="1 KB", heartbeat_retention="1 year")) as write:
        for number in range(50):
            write(LINE.format(number))
            append_line(log, LINE.format(f"other{number}"))
    numbers = [line.rsplit("=", 1)[1] for line in everything(log)]
    assert {f"other{number}" for number in range(50)} <= set(numbers)
    assert {str(number) for number in range(50)} <= set(numbers)


@pytest.mark.parametrize(
    ("name", "value"), [("rotation", "now and then"), ("retention", "forever"), ("compression", "rar5")]
)
def test_invalid_settings_are_refused(tmp_path: Path, name: str, value: str) -> None:
    with (
        pytest.raises(ValueError, match=value),
        open_log(settings(tmp_path / "heartbeat.log", **{f"heartbeat_{name}": value})),
    ):
        pass
