"""Webhooks, signed as Standard Webhooks (https://www.standardwebhooks.com) says.

`webhook-signature` is `v1,` and the HMAC-SHA256, in base64, of `webhook-id.webhook-timestamp.body`; the secret is what
follows `whsec_`, in base64. Each attempt of a delivery has the same id, by which its receiver recognises it.
"""

import asyncio
import base64
import hashlib
import hmac
from datetime import datetime

import httpx

from project import __version__
from project.delivery.subscriptions import display_target
from project.errors import NotDelivered

_TIMEOUT = 30.0
"""Seconds for the whole call."""

_GONE = 410


def signature(secret: bytes, id_: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature`."""
    signed = hmac.digest(secret, b"%s.%d.%s" % (id_.encode(), timestamp, body), hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


async def call(url: str, secret: bytes, id_: str, body: bytes, now: datetime) -> None:
    """POST the body. A redirect is not followed, and the answer's body is not read. Raises NotDelivered."""
    timestamp = int(now.timestamp())
    headers = {
        "content-type": "application/json",
        "user-agent": f"ad-metrics/{__version__}",
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, id_, timestamp, body),
    }
    try:
        async with (
            asyncio.timeout(_TIMEOUT),
            httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers=headers) as response,
        ):
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, OSError) as error:
        detail = f"{display_target(url)} did not answer: {type(error).__name__}"
        raise NotDelivered(f"{detail} {' '.join(str(error).split())}".rstrip(" .") + ".") from error
    if not response.is_success:
        hint = "; redirects are not followed" if response.is_redirect else ""
        state = "failed" if status == _GONE else "pending"
        raise NotDelivered(f"{display_target(url)} answered {status} {response.reason_phrase}{hint}.", state)
