"""Webhooks: what is sent, its signature as Standard Webhooks says, and what becomes of answers."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from loguru import logger

from project.delivery.queue import BACKOFF
from project.delivery.subscriptions import display_secret
from project.delivery.webhook import signature
from tests.conftest import Client
from tests.delivery.conftest import Deliveries
from tests.support.mail import hook

SLOT = datetime(2024, 3, 11, 7, tzinfo=UTC)
SECRET = bytes(range(32))


def verified(headers: dict[str, str], body: bytes) -> bool:
    """Verify as a receiver does, who knows the secret by its text."""
    key = base64.b64decode(display_secret(SECRET).removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in headers["webhook-signature"].split()


def test_the_signature_is_that_of_the_specification() -> None:
    # https://github.com/standard-webhooks/standard-webhooks, the example of the specification.
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.slow
async def test_a_webhook_gets_the_reports_of_the_api(deliveries: Deliveries, serving: Client) -> None:
    with hook() as received:
        await deliveries.subscribe(f"{received.url}/a?token=b", secret=SECRET)
        await deliveries.send(SLOT, public_url="https://ads.example.com")
        [(path, headers, body)] = received.calls
    assert path == "/a?token=b"
    assert headers["content-type"] == "application/json"
    assert verified(headers, body)
    assert not verified(headers, body + b" ")
    assert int(headers["webhook-timestamp"]) == SLOT.timestamp()
    sent = json.loads(body)
    assert sent["type"] == "view.delivered"
    assert sent["timestamp"] == "2024-03-11T07:00:00.000Z"
    data = sent["data"]
    assert data["view"]["name"] == "weekly-spend"
    assert data["links"]["view"] == "https://ads.example.com/views/weekly-spend"
    async with serving(deliveries.url) as client:
        for name in ("breakdown", "series"):
            site, _, query = data["links"][name].partition("/v1/")
            assert site == "https://ads.example.com"
            answer = (await client.get(f"/v1/{query}&limit=1000")).json()
            assert {**answer, "page": data[name]["page"]} == data[name]
            assert answer["page"]["next_cursor"] is None


async def test_attempts_have_one_id_and_redirects_are_not_followed(deliveries: Deliveries) -> None:
    lines: list[str] = []
    sink = logger.add(lines.append, level="TRACE", format="{message}")
    with hook() as received:
        received.answers = [307, 500]
        await deliveries.subscribe(f"{received.url}/swordfish", secret=SECRET)
        moment, errors = SLOT, []
        for delay in BACKOFF[:3]:
            await deliveries.send(moment)
            errors += await deliveries.errors()
            moment += delay
        assert [path for path, _, _ in received.calls] == ["/swordfish"] * 3
        assert len({headers["webhook-id"] for _, headers, _ in received.calls}) == 1
        assert len({headers["webhook-timestamp"] for _, headers, _ in received.calls}) == 3
        assert all(verified(headers, body) for _, headers, body in received.calls)
    logger.remove(sink)
    assert errors == [
        "http://127.0.0.1/… answered 307 Temporary Redirect; redirects are not followed.",
        "http://127.0.0.1/… answered 500 Internal Server Error.",
        None,
    ]
    assert "swordfish" not in "".join(lines)


async def test_a_receiver_that_has_gone_is_not_called_again(deliveries: Deliveries) -> None:
    with hook() as received:
        received.answers = [410]
        await deliveries.subscribe(received.url, secret=SECRET)
        await deliveries.send(SLOT)
    assert [state for _, state, _ in await deliveries.states()] == ["failed"]


async def test_a_receiver_that_is_away_is_called_later(deliveries: Deliveries) -> None:
    await deliveries.subscribe("http://127.0.0.1:9/x", secret=SECRET)
    await deliveries.send(SLOT)
    assert [state for _, state, _ in await deliveries.states()] == ["pending"]
    [error] = await deliveries.errors()
    assert error.startswith("http://127.0.0.1/… did not answer: ConnectError")
