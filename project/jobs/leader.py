"""One leader among the processes of a host: whoever holds the lock on a file.

The kernel gives the lock back when its holder dies, however it dies; it works with the database down, and there is
only ever one writer of the heartbeat log.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import FileLock, Timeout

SECONDS_BETWEEN_TRIES = 1.0


def lock_for(log: Path) -> FileLock:
    """Return the lock that the one writer of this log holds, not yet taken."""
    path = log.resolve().with_name(f".{log.name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileLock(path, timeout=0, mode=0o600)


@asynccontextmanager
async def leadership(lock: FileLock) -> AsyncIterator[None]:
    """Wait until this process is the leader, and be it inside the block."""
    while True:
        try:
            lock.acquire()
        except Timeout:
            await asyncio.sleep(SECONDS_BETWEEN_TRIES)
        else:
            break
    try:
        yield
    finally:
        lock.release()
