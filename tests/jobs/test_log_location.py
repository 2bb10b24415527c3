"""Where the heartbeat log may go: files, pipes and devices; and who else may rename it, or have a log beside it."""

import errno
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loguru import logger

from project.errors import SettingsError
from project.jobs.heartbeat import check_heartbeat
from project.jobs.heartbeat_log import LogLine, last_beat, open_log
from project.jobs.log_location import log_file
from project.jobs.scheduler import check_job_settings
from project.logs import timestamp
from project.settings import Settings
from tests.conftest import ROOT
from tests.jobs.test_clocks import service
from tests.support.processes import AD_METRICS, UVICORN, environment, free_port, run

ROTATED = "heartbeat.2024-03-{:02}_00-00-00_000000.log"
NEIGHBOURS = (
    "heartbeat.staging.log", "heartbeat.staging.2024-03-01_00-00-00_000000.log", "heartbeat.log.bak", "heartbeat.log.1",
    "heartbeat.2024.log", "my-heartbeat.log", ".heartbeat.log.lock",
)  # fmt: skip


def beat() -> LogLine:
    now = datetime.now(UTC)
    return LogLine(now, "ok", {"next": timestamp(now + timedelta(hours=6))})


def pipe(directory: Path) -> tuple[Path, int]:
    reader, writer = os.pipe()
    return Path(f"/proc/{os.getpid()}/fd/{writer}"), reader


def own_descriptor(directory: Path) -> tuple[Path, int]:
    reader, writer = os.pipe()
    return Path(f"/dev/fd/{writer}"), reader


def link(directory: Path) -> tuple[Path, int]:
    target, reader = own_descriptor(directory)
    (directory / "linked.log").symlink_to(target)
    return directory / "linked.log", reader


def named_pipe(directory: Path) -> tuple[Path, int]:
    os.mkfifo(directory / "fifo")
    return directory / "fifo", os.open(directory / "fifo", os.O_RDONLY | os.O_NONBLOCK)


def file_as_standard_output(directory: Path) -> tuple[Path, int]:
    (directory / "out").touch()
    descriptor = os.open(directory / "out", os.O_RDWR | os.O_APPEND)
    return Path(f"/proc/self/fd/{descriptor}"), os.open(directory / "out", os.O_RDONLY)


def socket_as_standard_output(directory: Path) -> tuple[Path, int]:
    """As systemd gives it; it cannot be opened by its name."""
    reader, writer = socket.socketpair()
    return Path(f"/proc/self/fd/{writer.detach()}"), reader.detach()


@pytest.mark.parametrize(
    "made", [pipe, own_descriptor, link, named_pipe, file_as_standard_output, socket_as_standard_output]
)
def test_a_stream_has_the_lines_and_they_are_read_back_from_a_file(
    made: Callable[[Path], tuple[Path, int]], tmp_path: Path
) -> None:
    log, reader = made(tmp_path)
    settings = Settings(heartbeat_log=log, metrics_dir=tmp_path / "metrics", heartbeat_rotation="1 KB")
    check_job_settings(settings)
    with open_log(settings) as write:
        for _ in range(50):
            write(line := beat())
    assert os.read(reader, 1 << 16).decode().splitlines()[-1] == str(line)
    assert check_heartbeat(log_file(settings), datetime.now(UTC)).facts == line.facts
    # Only the file is rotated.
    assert {file.parent for file in tmp_path.rglob("*.gz")} == {tmp_path / "metrics"}


def test_a_named_pipe_without_a_reader_blocks_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    settings = Settings(heartbeat_log=tmp_path / "fifo", metrics_dir=tmp_path / "metrics")
    with open_log(settings) as write:
        write(beat())
    assert last_beat(log_file(settings))


def test_dev_null_is_a_log(tmp_path: Path) -> None:
    settings = Settings(heartbeat_log=Path("/dev/null"), metrics_dir=tmp_path)
    with open_log(settings) as write:
        write(beat())
    assert last_beat(log_file(settings))


@pytest.mark.slow
def test_a_container_has_heartbeats_on_standard_output(facts_database: str, tmp_path: Path) -> None:
    changes = {
        "DATABASE_URL": facts_database, "HEARTBEAT_LOG": "/dev/stdout", "METRICS_DIR": str(tmp_path / "metrics")
    }  # fmt: skip
    command = [*UVICORN, "--port", str(free_port())]
    service = subprocess.Popen(
        command, cwd=ROOT, env=environment(**changes), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with service:
        assert b" heartbeat start next=" in service.stdout.readline()
        check = run([*AD_METRICS, "heartbeat", "--check"], **changes)
        assert (check.returncode, " heartbeat start " in check.stdout) == (0, True)
        service.terminate()
        assert service.stdout.read() == b""


def refused(settings: Settings) -> str:
    with pytest.raises(SettingsError) as error:
        check_job_settings(settings)
    return str(error.value)


def test_a_log_that_can_never_be_written_is_refused_at_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / ".locked.log.lock").mkdir()
    reasons = {
        tmp_path: f"HEARTBEAT_LOG={tmp_path} is a directory; expected a file, such as {tmp_path}/heartbeat.log.",
        tmp_path / "file" / "x.log": f"cannot be written: Not a directory: {tmp_path}/file. Name a file in a directory",
        Path("/proc/none/x.log"): "cannot be written: No such file or directory: /proc/none. Name a file in a directory",
        Path("/proc/x.log"): "The lock of HEARTBEAT_LOG=/proc/x.log cannot be acquired: No such file or directory: /proc/.x",
        Path("/sys/x.log"): "The lock of HEARTBEAT_LOG=/sys/x.log cannot be acquired: ",
        tmp_path / "locked.log": f"cannot be acquired: Is a directory: {tmp_path}/.locked.log.lock",
    }  # fmt: skip
    for log, reason in reasons.items():
        assert reason in refused(Settings(heartbeat_log=log, metrics_dir=tmp_path / "metrics"))


def test_a_disk_without_locks_is_refused_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(*_arguments: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    reason = refused(Settings(heartbeat_log=tmp_path / "x.log"))
    assert f"cannot be acquired: No locks available: {tmp_path}" in reason
    assert reason.endswith("Name a log on a local disk that this account may write to.")


@pytest.mark.slow
def test_a_lock_of_another_process_is_no_error(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys; from pathlib import Path; from project.jobs.leader_election import lock_for\n"
         "with lock_for(Path(sys.argv[1])): print(flush=True); sys.stdin.read()", str(tmp_path / "x.log")],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with holder:
        holder.stdout.readline()
        check_job_settings(Settings(heartbeat_log=tmp_path / "x.log"))
        holder.stdin.close()


@pytest.mark.slow
def test_the_service_says_in_one_sentence_why_it_does_not_start(tmp_path: Path) -> None:
    done = run([*UVICORN, "--port", "0"], HEARTBEAT_LOG=str(tmp_path), EMBEDDED_POSTGRES_DIR=str(tmp_path / "pg"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"HEARTBEAT_LOG={tmp_path} is a directory; expected a file, such as {tmp_path}/heartbeat.log."
    ]


@pytest.mark.parametrize("retention", ["2", "3 days"])
def test_retention_deletes_only_files_of_this_log(tmp_path: Path, retention: str) -> None:
    now = time.time()
    for name in NEIGHBOURS:
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (now - 400 * 86_400,) * 2)
    for day in range(1, 9):
        # They are 8 to 1 days old; one is compressed otherwise, one has a number.
        file = tmp_path / ROTATED.format(day).replace(".log", {2: ".log.zip", 3: ".2.log.gz"}.get(day, ".log.gz"))
        file.touch()
        os.utime(file, (now - (9 - day) * 86_400 + 60,) * 2)
    # A clock that was ahead wrote it.
    future = tmp_path / ROTATED.format(31)
    future.touch()
    os.utime(future, (now + 730 * 86_400,) * 2)
    log = tmp_path / "heartbeat.log"
    with open_log(Settings(heartbeat_log=log, heartbeat_rotation="1 KB", heartbeat_retention=retention)) as write:
        for _ in range(20):
            write(beat())
    rotated = [file for file in tmp_path.glob("heartbeat.20*") if file.name not in NEIGHBOURS]
    assert all((tmp_path / name).exists() for name in NEIGHBOURS)
    if retention == "2":
        assert len(rotated) == 2
        assert not future.exists()
    else:
        names = {file.name[18:20] for file in rotated if file.name.startswith("heartbeat.2024")}
        assert names == {"06", "07", "08", "31"}
        assert future.stat().st_mtime < now + 3600


def test_braces_in_the_name_are_part_of_it(tmp_path: Path) -> None:
    log = tmp_path / "{time}{x.log"
    with open_log(Settings(heartbeat_log=log)) as write:
        write(beat())
    assert last_beat(log)


def test_a_log_that_is_never_rotated_is_not_compressed(tmp_path: Path) -> None:
    log = tmp_path / "heartbeat.log"
    with open_log(Settings(heartbeat_log=log, heartbeat_rotation="")) as write:
        write(beat())
    assert last_beat(log)


def test_lines_follow_a_file_that_is_renamed_or_deleted(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "heartbeat.log"
    with open_log(Settings(heartbeat_log=log)) as write:
        for change in (lambda: log.rename(log.with_name("heartbeat.log.1")), log.unlink):
            write(beat())
            logger.complete()
            change()
            write(line := beat())
            logger.complete()
            assert log.read_text() == f"{line}\n"


async def test_a_new_file_has_a_line_before_the_next_slot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "logs" / "heartbeat.log"
    settings = Settings(heartbeat_log=log, database_url="postgresql://postgres@/x?host=/nowhere", heartbeat_rotation="")
    async with service("2024-03-05T05:00", settings, monkeypatch) as running:
        await running.move_to("2024-03-05T06:00")
        await running.expect("degraded", 1)
        changes = (
            lambda: log.rename(log.with_name("heartbeat.log.1")),
            log.unlink,
            lambda: os.truncate(log, 0),
            lambda: shutil.rmtree(log.parent),
        )
        for minute, change in enumerate(changes, 1):
            await running.move_to(f"2024-03-05T06:0{minute}")
            change()
            await running.expect("start", 1)
            assert check_heartbeat(log, datetime.now(UTC)).kind == "start"
            assert running.lines("degraded") == []
        await running.move_to("2024-03-05T12:00")
        await running.expect("degraded", 1)


FULL_DISK = """\
import resource, sys
from pathlib import Path
from loguru import logger
from project.jobs.heartbeat_log import open_log
from project.settings import Settings
log = Path(sys.argv[1])
with open_log(Settings(heartbeat_log=log)) as write:
    for line, limit in (("before", -1), ("full", 7), ("after", -1)):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, -1))
        write(line)
        logger.complete()
    print("alive")
"""


@pytest.mark.slow
def test_a_full_disk_ends_nothing(tmp_path: Path) -> None:
    log = tmp_path / "heartbeat.log"
    done = run([sys.executable, "-c", FULL_DISK, str(log)])
    assert done.stdout == "alive\n"
    assert log.read_text().splitlines()[::2] == ["before", "after"]
    # Of a pipe or device, too.
    settings = Settings(heartbeat_log=Path("/dev/full"), metrics_dir=tmp_path)
    with open_log(settings) as write:
        write(beat())
    assert last_beat(log_file(settings))
