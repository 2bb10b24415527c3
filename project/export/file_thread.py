"""The thread that makes files. All files of a process share it: more would take cores and memory from requests."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")

_executor = ThreadPoolExecutor(1, "file")


async def in_file_thread(work: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Call a function in the thread: it works for tens of milliseconds, and requests go on meanwhile."""
    return await asyncio.get_running_loop().run_in_executor(_executor, work, *arguments)
