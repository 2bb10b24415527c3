"""A pseudo-terminal: a command that is asked questions, and a person who answers them."""

import os
import pty
import re
import select
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT
from tests.support.processes import environment

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
CTRL_C = "\x03"


def answered(
    command: Sequence[str], answers: Sequence[tuple[str, str]], cwd: Path = ROOT, **settings: str
) -> tuple[int, str]:
    """Run a command on a terminal. Each time that the next text of `answers` appears, type the answer to it.

    Return the exit code and what was shown.
    """
    remaining = list(answers)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe(command[0], list(command), environment(TERM="xterm", COLUMNS="200", LINES="50", **settings))
    watchdog = threading.Timer(60, os.kill, (pid, signal.SIGKILL))
    watchdog.start()
    shown, answered_up_to, interrupts = "", 0, False
    try:
        while True:
            if not select.select([terminal], [], [], 1)[0]:
                if interrupts:
                    # Python misses a signal that comes just before it waits for a key.
                    os.write(terminal, CTRL_C.encode())
                continue
            if not (chunk := _read(terminal)):
                break
            shown += chunk.decode(errors="replace")
            if remaining and (at := shown.find(remaining[0][0], answered_up_to)) >= 0:
                text, answer = remaining.pop(0)
                answered_up_to = at + len(text)
                interrupts = answer == CTRL_C
                os.write(terminal, answer.encode() if interrupts else f"{answer}\n".encode())
        _, status = os.waitpid(pid, 0)
    finally:
        watchdog.cancel()
        os.close(terminal)
    assert not remaining, f"{remaining} was not asked; shown: {shown}"
    return os.waitstatus_to_exitcode(status), _CONTROL.sub("", shown).replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:
        # Linux says so where the command has ended.
        return b""
