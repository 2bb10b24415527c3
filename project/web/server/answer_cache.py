"""The answer cache: answers of one process in memory, the newest one to each question, up to a size."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache

from project.errors import ClientDisconnected, DatabaseUnavailable
from project.store.warehouse.data_version import DataVersion

OVERHEAD = 2000
"""Bytes that an answer takes beside its body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer at a data version; `log` has the fields of the log line of each request that gets it."""

    version: DataVersion
    body: bytes
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    log: Mapping[str, Any] = field(default_factory=dict)


class AnswerCache:
    """Keeps answers in `size` bytes, the last used ones; in 0 bytes none.

    An answer may be out of date: who takes it compares its version with the newest one.
    """

    def __init__(self, size: int) -> None:
        self._answers: LRUCache[str, Answer] = LRUCache(size, lambda answer: OVERHEAD + len(answer.body))
        self._being_made: dict[str, asyncio.Future[Answer | None]] = {}
        self.on_use: Callable[[bool], None] = lambda _: None
        """Called for each answer from memory with True, for each new one with False."""

    @property
    def bytes(self) -> int:
        """How much of the size is in use."""
        return int(self._answers.currsize)

    async def get(self, question: str) -> Answer | None:
        """Return the answer that another request is making, else the one that is kept; None where there is none.

        Raises DatabaseUnavailable where the other request does.
        """
        if being_made := self._being_made.get(question):
            return await asyncio.shield(being_made)
        answer: Answer | None = self._answers.get(question)
        return answer

    def is_making(self, question: str) -> bool:
        """Whether another request is making the answer."""
        return question in self._being_made

    async def make(self, question: str, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return a new answer and keep it; meanwhile `get` waits for it."""
        self._being_made[question] = being_made = asyncio.get_running_loop().create_future()
        try:
            answer = await make()
        except BaseException as error:
            if isinstance(error, DatabaseUnavailable) and not isinstance(error, ClientDisconnected):
                being_made.set_exception(error)
                being_made.exception()  # asyncio would log one that nobody reads.
            else:
                # It may be of an older state, or of this request only.
                being_made.set_result(None)
            raise
        finally:
            del self._being_made[question]
        being_made.set_result(answer)
        if OVERHEAD + len(answer.body) <= self._answers.maxsize:
            self._answers[question] = answer
        self.on_use(False)
        return answer

    def clear(self) -> None:
        """Forget all answers."""
        self._answers.clear()
