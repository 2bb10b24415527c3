"""A week of heartbeats on a fake clock, by real processes that are killed at random: one heartbeat a slot."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.processes import environment, eventually

pytestmark = pytest.mark.slow

BEGIN = datetime(2024, 3, 4, 0, 30, tzinfo=UTC)
HOURS = 7 * 24
SLOT = timedelta(hours=6)


class Candidates:
    """Processes that could lead, on one host or on several."""

    def __init__(self, url: str, logs: list[Path], lock: str) -> None:
        self.logs = logs
        self.now = BEGIN
        self._settings = {"DATABASE_URL": url, "SCHEDULER_LOCK": lock, "CHECK_CRON": "0 0 1 1 *"}
        self.living = [self._start(log) for log in logs for _ in range(4 // len(logs))]
        self.killed = 0

    def move_to(self, moment: datetime) -> None:
        self.now = moment
        for process, _ in self.living:
            process.stdin.write(f"{moment.isoformat()}\n".encode())
            process.stdin.flush()
        for process, _ in self.living:
            while (line := process.stdout.readline()) == b"ready\n":
                pass
            assert line.strip() == moment.isoformat().encode()

    def kill(self, index: int) -> None:
        """Kill a process, and start another on its host."""
        self.living.append(self._start(self._end(index)))

    def lose_host(self) -> None:
        """Kill all processes of the host that leads, and start others there once another host leads."""
        leading = max(self.logs, key=lambda log: max(_lines(log, "start"), default=""))
        before = self.starts()
        lost = [self._end(index) for index in (3, 2, 1, 0) if self.living[index][1] == leading]
        eventually(lambda: self.starts() > before, what="a leader on another host")
        self.living += [self._start(log) for log in lost]

    def starts(self) -> int:
        return sum(len(_lines(log, "start")) for log in self.logs)

    def beats(self) -> Counter[datetime]:
        """How many heartbeats each slot has."""
        moments = (datetime.fromisoformat(line.split()[0]) for log in self.logs for line in _lines(log, "ok"))
        day = datetime(2024, 3, 4, tzinfo=UTC)
        return Counter(day + (moment - day) // SLOT * SLOT for moment in moments)

    def end(self) -> None:
        for process, _ in self.living:
            process.stdin.close()
        for process, _ in self.living:
            assert _close(process) == 0

    def _end(self, index: int) -> Path:
        process, log = self.living.pop(index)
        process.send_signal(signal.SIGKILL)
        _close(process)
        self.killed += 1
        return log

    def _start(self, log: Path) -> tuple[subprocess.Popen[bytes], Path]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.leader_candidate", self.now.isoformat()],
            cwd=ROOT,
            env=environment(HEARTBEAT_LOG=str(log), **self._settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        return process, log


def _close(process: subprocess.Popen[bytes]) -> int:
    with process:
        return process.wait(20)


def _lines(log: Path, kind: str) -> list[str]:
    return [line for line in log.read_text().splitlines() if f" heartbeat {kind} " in line] if log.exists() else []


def week(candidates: Candidates, dice: random.Random, kill: Callable[[bool], None]) -> None:
    eventually(lambda: candidates.starts() == 1, what="a leader")
    for hour in range(HOURS):
        moment = BEGIN + timedelta(hours=hour + 1)
        slot = moment.replace(hour=moment.hour // 6 * 6, minute=0)
        if dice.random() < 0.04:
            kill(False)
        candidates.move_to(moment)
        if moment - slot < timedelta(hours=1):
            if dice.random() < 0.25:
                kill(True)
            # The leader, or the next one, has an hour of fake time for it.
            eventually(lambda: candidates.beats()[slot], 20, f"the heartbeat of {slot}")  # noqa: B023
    time.sleep(0.5)
    candidates.end()
    assert candidates.killed > 8
    expected = {datetime(2024, 3, 4, 6, tzinfo=UTC) + SLOT * number for number in range(HOURS // 6)}
    assert candidates.beats() == Counter(expected)


async def test_on_one_host(facts_database: str, tmp_path: Path) -> None:
    dice = random.Random(11)
    candidates = Candidates(facts_database, [tmp_path / "heartbeat.log"], "file")

    def kill(at_the_slot: bool) -> None:
        # At any moment: before, during or after the write.
        time.sleep(dice.random() * 0.05 if at_the_slot else 0)
        candidates.kill(dice.randrange(4))

    week(candidates, dice, kill)


async def test_across_hosts(database: str, tmp_path: Path) -> None:
    dice = random.Random(12)
    candidates = Candidates(database, [tmp_path / "a" / "heartbeat.log", tmp_path / "b" / "heartbeat.log"], "postgres")

    def kill(at_the_slot: bool) -> None:
        # Not in the milliseconds between the line and its commit: another host would write a second line.
        if not at_the_slot:
            time.sleep(0.2)
            candidates.lose_host()
            candidates.kill(dice.randrange(4))

    week(candidates, dice, kill)
    assert all(_lines(log, "ok") for log in candidates.logs)
