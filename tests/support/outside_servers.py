"""Servers that somebody else started, such as a coordinator of Citus and its workers, to run tests on.

`TEST_DATABASE_URLS` names them, the coordinator first, separated by spaces; each with a role that may create databases.
With Citus, each database of a test is distributed; without, only the first server is used.
"""

import os
from urllib.parse import urlsplit

import asyncpg

from project.settings import Settings
from project.store.postgres import citus, migrations
from project.store.warehouse import distribution

URLS = tuple(os.environ.get("TEST_DATABASE_URLS", "").split())
SHARDS = 4


class OutsideServers:
    """The servers; databases that were created on them are dropped at the end."""

    def __init__(self, urls: tuple[str, ...] = URLS) -> None:
        self.urls = urls
        self.has_citus = False
        self._databases: list[str] = []

    def url(self, database: str = "postgres", server: int = 0) -> str:
        """Return the URL of a database, by default on the coordinator."""
        return urlsplit(self.urls[server])._replace(path=f"/{database}").geturl()

    async def look(self) -> None:
        """Find out whether the first server has Citus."""
        connection = await asyncpg.connect(self.urls[0])
        self.has_citus = bool(await citus.available(connection))
        await connection.close()

    async def create(self, name: str, template: str = "template1") -> None:
        """Create a database, with Citus on every server."""
        self._databases.append(name)
        for url in self.urls if self.has_citus else self.urls[:1]:
            connection = await asyncpg.connect(url)
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
            await connection.close()

    async def create_distributed(self, name: str) -> None:
        """Create a database on all servers, migrate it and distribute its tables; call it outside of Tortoise's context."""
        await self.create(name)
        for number in range(len(self.urls)):
            connection = await asyncpg.connect(self.url(name, number))
            await connection.execute("CREATE EXTENSION citus")
            await connection.close()
        coordinator, *workers = [(urlsplit(url).hostname, urlsplit(url).port or 5432) for url in self.urls]
        connection = await asyncpg.connect(self.url(name))
        await connection.execute("SELECT citus_set_coordinator_host($1, $2)", *coordinator)
        for worker in workers:
            await connection.execute("SELECT citus_add_node($1, $2)", *worker)
        await migrations.upgrade(Settings(database_url=self.url(name)))
        await distribution.distribute(connection, SHARDS, notify=lambda _: None)
        await connection.close()

    async def drop(self) -> None:
        """Drop the databases that were created."""
        for url in self.urls if self.has_citus else self.urls[:1]:
            connection = await asyncpg.connect(url)
            for name in self._databases:
                await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await connection.close()
