"""Two hosts lead at once and are killed at random: nobody gets a slot twice, and what is unknown is said."""

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import ROOT
from tests.support.mail import Mailbox, mailbox
from tests.support.processes import environment

pytestmark = pytest.mark.slow

BEGIN = datetime(2030, 3, 4, 6, tzinfo=UTC)
"""Years after the facts: a mail without any needs no chart."""

DAYS = 4
TARGETS = ["boss@example.com", "eve@example.com", "joe@example.com"]


class Hosts:
    """Two hosts, each with a leader of its own, since their lock is a file's."""

    def __init__(self, url: str, box: Mailbox, directory: Path) -> None:
        self._settings = {"DATABASE_URL": url, "SMTP_URL": box.url, "MAIL_FROM": "reports@example.com"}
        self._logs = [directory / "a.log", directory / "b.log"]
        self.now = BEGIN
        self._processes = [self._start(log) for log in self._logs]

    def move_to(self, moment: datetime) -> None:
        self.now = moment
        for process in self._processes:
            process.stdin.write(f"{moment.isoformat()}\n".encode())
            process.stdin.flush()
        for process in self._processes:
            while (line := process.stdout.readline()) == b"ready\n":
                pass
            assert line.strip() == moment.isoformat().encode()

    def kill(self, index: int) -> None:
        """Kill the leader of a host, and start another there."""
        self._processes[index].send_signal(signal.SIGKILL)
        with self._processes[index] as process:
            process.wait(20)
        self._processes[index] = self._start(self._logs[index])

    def end(self) -> None:
        for process in self._processes:
            process.stdin.close()
        for process in self._processes:
            with process:
                assert process.wait(20) == 0

    def _start(self, log: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.leader_candidate", self.now.isoformat()],
            cwd=ROOT,
            env=environment(HEARTBEAT_LOG=str(log), **self._settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )


async def test_nobody_gets_a_slot_twice(delivery_database: str, tmp_path: Path) -> None:
    dice = random.Random(3)
    connection = await asyncpg.connect(delivery_database)
    await connection.execute("TRUNCATE subscription, delivery, saved_view")
    await connection.execute("INSERT INTO saved_view VALUES ('daily', 'Daily', 'date_preset=yesterday')")
    await connection.execute(
        "INSERT INTO subscription (view, cron, targets, slot) VALUES ('daily', '0 7 * * *', $1, $2)", TARGETS, BEGIN
    )

    async def states() -> Counter[str]:
        rows = await connection.fetch("SELECT state, count(*) FROM delivery GROUP BY state")
        return Counter(dict(map(tuple, rows)))

    with mailbox() as box:
        # A server that takes its time: leaders are also killed while it does.
        box.seconds = 0.1
        hosts = Hosts(delivery_database, box, tmp_path)
        for day in range(DAYS):
            hosts.move_to(BEGIN + timedelta(days=day, hours=1))
            deadline = time.monotonic() + 30
            while (await states()).total() < len(TARGETS) * (day + 1):
                assert time.monotonic() < deadline, f"day {day} did not begin"
                time.sleep(0.02)
            if day % 2:
                time.sleep(dice.random() * 0.2)
                hosts.kill(dice.randrange(2))
        # Leases end, and what was claimed is sent, or given up.
        deadline = time.monotonic() + 30
        while (found := await states())["pending"] + found["sending"]:
            assert time.monotonic() < deadline, found
            hosts.move_to(hosts.now + timedelta(minutes=11))
            time.sleep(0.1)
        hosts.end()
        mails = Counter((mail["Subject"].split(":")[0], mail["To"]) for mail in box.mails)
    days = [f"Daily, {3 + day} Mar 2030" for day in range(DAYS)]
    assert set(mails.values()) == {1}
    rows = await connection.fetch("SELECT slot, target, state FROM delivery")
    assert len(rows) == DAYS * len(TARGETS)
    for slot, target, state in rows:
        mail = (days[(slot - BEGIN).days], target)
        assert mail in mails or state == "unknown", mail
        assert state in ("sent", "unknown")
    await connection.close()
