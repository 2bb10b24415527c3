"""Receivers of mail and webhooks, also bad ones, in threads of their own."""

import asyncio
import email
import email.policy
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from tests.support.processes import free_port

logging.getLogger("mail.log").setLevel(logging.ERROR)


class Mailbox:
    """A mail server that keeps what it takes. `replies` are what it answers first, to RCPT or to the mail itself.

    It takes `seconds` for a mail.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.rcpt_replies: list[str] = []
        self.data_replies: list[str] = []
        self.seconds = 0.0
        self.url = ""

    @property
    def recipients(self) -> list[str]:
        return sorted(mail["To"] for mail in self.mails)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if self.rcpt_replies:
            return self.rcpt_replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.seconds)
        if self.data_replies:
            return self.data_replies.pop(0)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert envelope.rcpt_tos == [mail["To"]]
        self.mails.append(mail)
        return "250 OK"


@contextmanager
def mailbox(scheme: str = "smtp", login: str = "", **options: Any) -> Iterator[Mailbox]:
    """Serve a mailbox; its `url` has the credentials `login`."""
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port(), **options)
    server.start()
    host = "localhost" if scheme == "smtps" or options else "127.0.0.1"
    box.url = f"{scheme}://{login}{host}:{server.port}"
    try:
        yield box
    finally:
        server.stop()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@asynccontextmanager
async def bad_server(talk: Talk) -> AsyncIterator[str]:
    """Serve a mail server that misbehaves, and yield its URL."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def hangs(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def greets_and_dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 hello\r\n")
    await reader.readline()


async def dies_with_the_mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the mail, and die before the answer."""
    writer.write(b"220 hello\r\n")
    while (line := await reader.readline()) not in (b"", b".\r\n"):
        command = line[:4].upper()
        if command in (b"EHLO", b"MAIL", b"RCPT", b"DATA"):
            writer.write(b"354 go on\r\n" if command == b"DATA" else b"250 OK\r\n")


class Hook:
    """A receiver of webhooks. `answers` are the status codes that it gives first; then 204."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.url = ""


@contextmanager
def hook() -> Iterator[Hook]:
    """Serve a receiver."""
    received = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.calls.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
            self.send_response(received.answers.pop(0) if received.answers else 204)
            self.send_header("location", f"{received.url}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
