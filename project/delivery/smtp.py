"""The mail server of `SMTP_URL`."""

import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from project.errors import NotDelivered

_TIMEOUT = 20.0
"""Seconds for each answer of the server."""

_DATA_TIMEOUT = 120.0
"""Seconds for its answer to the mail itself: servers look into attachments first."""

_QUIT_TIMEOUT = 2.0
_PORTS = {"smtp": 587, "smtps": 465}
_PERMANENT = 500


@asynccontextmanager
async def mail_server(url: str) -> AsyncIterator[SMTP]:
    """Connect to the server, encrypt and log in. Raises NotDelivered."""
    parts = urlsplit(url)
    host, user = parts.hostname or "", unquote(parts.username or "")
    encrypted = parts.scheme == "smtps"
    server = SMTP(
        hostname=host,
        port=parts.port or _PORTS[parts.scheme],
        username=user or None,
        password=unquote(parts.password or "") if user else None,
        use_tls=encrypted,
        # The server decides; but a password leaves this machine encrypted only.
        start_tls=True if user and not encrypted and not _is_local(host) else None,
        timeout=_TIMEOUT,
    )
    try:
        await server.connect()
        yield server
        with suppress(SMTPException, OSError):
            await server.quit(timeout=_QUIT_TIMEOUT)
    except (SMTPException, OSError) as error:
        raise NotDelivered(f"The mail server {host} cannot be used: {_reason(error)}.") from error
    finally:
        server.close()


async def send(url: str, sender: str, recipient: str, message: bytes, begin: Callable[[], Awaitable[None]]) -> None:
    """Send a message to one recipient; `begin` is awaited just before the server takes it.

    Raises NotDelivered: `failed` where the server refuses sender, recipient or message for good, `unknown` where it
    does not say whether it has taken the message.
    """
    async with mail_server(url) as server:
        try:
            await server.mail(sender)
            await server.rcpt(recipient)
            await begin()
            try:
                await server.data(message, timeout=_DATA_TIMEOUT)
            except SMTPResponseException:
                raise
            except (SMTPException, OSError) as error:
                detail = f"The mail server did not say whether it took the mail ({_reason(error)}); it may have arrived"
                raise NotDelivered(f"{detail}, and is not sent again.", "unknown") from error
        except SMTPResponseException as error:
            state = "failed" if error.code >= _PERMANENT else "pending"
            raise NotDelivered(f"The mail server refused the mail: {_reason(error)}.", state) from error


def _reason(error: Exception) -> str:
    """Return what the server or the network said, in one line."""
    code = f"{error.code} " if isinstance(error, SMTPResponseException) else ""
    text = error.message if isinstance(error, SMTPException) else str(error)
    # It is printed on terminals, which obey some characters.
    printable = "".join(character if character.isprintable() else " " for character in text)
    return f"{code}{' '.join(printable.split()) or type(error).__name__}".rstrip(".")


def _is_local(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
