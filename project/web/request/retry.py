"""Retries: a request that reads is answered once more when the database interrupts it."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from loguru import logger

from project.errors import Interrupted, StateMoved
from project.store.warehouse.data_version import number_in
from project.store.warehouse.servers import Wanted, wanted

_WHILE_A_LOAD_COMMITS = (5, 0.1)
"""How many retries, and seconds before each: a commit on Citus takes some milliseconds."""


class RetryOnDisconnect(APIRoute):
    """A route whose GET only reads; a router takes it as its `route_class`.

    It answers no data version below that of the client's last answer (`If-None-Match`), or below `min_version`.

    A failover, a conflict on a standby or a migration may end one query; the same query then has the answer. There is
    one retry: a caller should learn that the server itself is away. While a load commits on Citus, there are more.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request; called by FastAPI."""
        handle = super().get_route_handler()

        async def handle_with_retry(request: Request) -> Response:
            retries = 0
            token = wanted.set(_wanted_by(request))
            try:
                while True:
                    try:
                        return await handle(request)
                    except Interrupted as error:
                        most, pause = _WHILE_A_LOAD_COMMITS if isinstance(error, StateMoved) else (1, 0)
                        if request.method != "GET" or retries >= most:
                            raise
                        logger.info("The database interrupted {} ({}); retrying.", self.path, error.cause)
                        retries += 1
                        await asyncio.sleep(pause)
            finally:
                wanted.reset(token)

        return handle_with_retry


def _wanted_by(request: Request) -> Wanted:
    # It is needed before parameters are validated, since labels are those of a data version, too.
    asked = request.query_params.get("min_version", "")
    held = ",".join(request.headers.getlist("if-none-match"))
    return Wanted(number_in(held), int(asked) if re.fullmatch(r"\d{1,18}", asked, re.ASCII) else 0)
