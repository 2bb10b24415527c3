"""Real processes of the service, for the tests of what processes do."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.conftest import ROOT

AD_METRICS = [sys.executable, "-m", "project.cli"]
AERICH = [sys.executable, "-c", "from aerich.cli import main; main()"]
UVICORN = [sys.executable, "-m", "uvicorn", "project.main:app"]


def environment(**settings: str) -> dict[str, str]:
    """Return an environment with these settings and no others."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return inherited | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)} | settings


def run(
    command: list[str], cwd: Path = ROOT, stdin: bytes | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    done = subprocess.run(
        command, cwd=cwd, env=environment(**settings), input=stdin, capture_output=True, timeout=120, check=False
    )
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@contextmanager
def started(command: list[str], output: Path, cwd: Path = ROOT, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command that goes on, in a process group of its own as a terminal would, and end it afterwards."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment(**settings),
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            process_group=0,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(look: Callable[[], Any], seconds: float = 60, what: str = "it") -> Any:
    """Look until there is something true, and return that."""
    end = time.monotonic() + seconds
    while True:
        try:
            if seen := look():
                return seen
        except (httpx.TransportError, FileNotFoundError):
            pass
        assert time.monotonic() < end, f"{what} did not come in {seconds} s"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def beats(log: Path) -> list[str]:
    return re.findall(r"^.* heartbeat .*$", log.read_text(), re.MULTILINE) if log.exists() else []
