"""Commands that read as the service does. The import of Tortoise takes half a second."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.context import TortoiseContext

from project.settings import Settings
from project.store.postgres.connections import serving_config


@asynccontextmanager
async def serving_pool(settings: Settings) -> AsyncIterator[None]:
    """Open the pool of the service, for snapshots inside the block."""
    async with TortoiseContext() as context:
        await context.init(config=serving_config(settings))
        yield
