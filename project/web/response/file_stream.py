"""A file as a response, sent while it is read."""

import asyncio
from contextlib import AsyncExitStack

from fastapi import Request, Response
from loguru import logger
from starlette.types import Receive, Scope, Send

from project.errors import Fault, InvalidRequest
from project.export.encode import encode
from project.export.formats import Format
from project.export.open_export import Export, Question, export_snapshot, open_export
from project.web.request.negotiation import coding_of
from project.web.response.etag import caching_headers, etag, not_modified, question_digest
from project.web.state import log_fields

STALL_TIMEOUT = 60.0
"""Seconds after which a client that takes nothing is given up: it holds a connection of the database."""


async def file_response(request: Request, question: Question, format_: Format) -> Response:
    """Answer a question with a file. Raises InvalidRequest and DatabaseUnavailable."""
    _refuse_continuation(request)
    coding = coding_of(request.headers) if format_.textual else None
    async with AsyncExitStack() as stack:
        current = await stack.enter_async_context(export_snapshot(question))
        tag = etag(current.version, question_digest(request, *question.etag_inputs, format_.name, coding))
        if unchanged := not_modified(request, tag):
            return unchanged
        export = await open_export(question, format_, current, request.url.query)
        # The sums of a report have been read; rows are read while they are sent.
        reading = stack.pop_all() if export.needs_snapshot else AsyncExitStack()
        reading.push_async_callback(export.close)
        log_fields(request, rows=export.rows, source=export.source, format=format_.name)
        return FileResponse(export, coding, tag, reading)


class FileResponse(Response):
    """Sends an export; `reading` is closed when it has been sent, or the client has disconnected.

    An error on the way breaks the connection, so that a file that was cut off never looks complete. A file is sent
    whole: parts that are asked for one by one could be of different states of the data.
    """

    def __init__(self, export: Export, coding: str | None, tag: str, reading: AsyncExitStack) -> None:
        headers = {
            **caching_headers(tag),
            "Accept-Ranges": "none",
            "Content-Disposition": f'attachment; filename="{export.file_name}"',
            "X-Row-Count": str(export.rows),
        }
        super().__init__(None, headers=headers, media_type=export.format.media_type)
        del self.headers["content-length"]
        if coding:
            self.headers["Content-Encoding"] = coding
        self._parts = encode(export, coding)
        self._reading = reading

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; called by Starlette."""
        async with self._reading:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            complete = scope.get("is_head") or await self._send_parts(receive, send)
        if complete:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_parts(self, receive: Receive, send: Send) -> bool:
        """Encode and send; return False where the client disconnected before the end."""
        disconnected = asyncio.ensure_future(receive())
        try:
            async for part in self._parts:
                if disconnected.done() and disconnected.result()["type"] == "http.disconnect":
                    logger.info("The client disconnected in the middle of a file.")
                    return False
                if disconnected.done():
                    disconnected = asyncio.ensure_future(receive())
                try:
                    async with asyncio.timeout(STALL_TIMEOUT):
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                except TimeoutError:
                    # Not the database's: raised here, it would be taken for that.
                    logger.warning("The client took nothing of a file for {:.0f} s; it is cut off.", STALL_TIMEOUT)
                    return False
        finally:
            disconnected.cancel()
        return True


def _refuse_continuation(request: Request) -> None:
    """Refuse the one client that makes a file of two states from a whole answer.

    Clients that ask for a part and get the whole say so (curl) or start again. Wget drops as many bytes as it has, and
    appends the others, also when the data has changed.
    """
    if "range" in request.headers and request.headers.get("user-agent", "").startswith("Wget"):
        detail = "A file is sent whole, since it changes with every load. Remove the part, or ask without --continue."
        raise InvalidRequest([Fault("Range", "invalid_value", detail, request.headers["range"])])
