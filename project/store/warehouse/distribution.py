"""Distribution over the servers of Citus: facts, rollups and ledger by day, dimensions as a copy on each server.

Tables that are spread by the same day are co-located: the facts of a day, their rollups and their entries of the ledger
are on one server. Everything else stays on the coordinator, which `DATABASE_URL` names.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

from project.catalog import DATE, DIMENSIONS, FACT_TABLE, ROLLUP_TABLE
from project.commands import typed
from project.errors import DistributionRefused
from project.store.postgres import citus, migrations
from project.store.postgres.connections import Notify, lock_writes
from project.store.warehouse import data_version

REFERENCE = tuple(dimension.table for dimension in DIMENSIONS)
DISTRIBUTED = (FACT_TABLE, ROLLUP_TABLE, "fact_ledger")

LEAST_SHARDS = 8
MOST_SHARDS = 128
"""Each shard of each partition is a table: a plan of 120 months in 32 shards names 3,840 of them."""

_SERVERS = "SELECT count(*) FROM pg_dist_node WHERE isactive AND shouldhaveshards AND noderole = 'primary'"
_TABLES = "SELECT table_name::text, citus_table_type, distribution_column, shard_count FROM citus_tables"
_OF_TABLE = """\
FROM pg_class
WHERE oid = $1::text::regclass OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::text::regclass)"""
_ROWS = f"SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint {_OF_TABLE}"
_LOCAL_BYTES = f"SELECT sum(pg_relation_size(oid)) > 0 {_OF_TABLE}"


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is distributed: tables, reference tables too; the shards of the facts; the servers that may have some."""

    tables: frozenset[str]
    shards: int
    servers: int

    @property
    def missing(self) -> list[str]:
        """The tables that are not distributed."""
        return [table for table in (*REFERENCE, *DISTRIBUTED) if table not in self.tables]


async def read_distribution(connection: "asyncpg.Connection[Any]") -> Distribution:
    """Return what is distributed, in a database that has Citus.

    Raises DistributionRefused where a table is distributed otherwise.
    """
    kinds = dict.fromkeys(REFERENCE, ("reference", None)) | dict.fromkeys(DISTRIBUTED, ("distributed", DATE.key))
    shards = {}
    for table, kind, column, count in await connection.fetch(_TABLES):
        if table not in kinds:
            continue
        if kind != kinds[table][0] or (kinds[table][1] and column != kinds[table][1]):
            raise DistributionRefused(
                f"{table} is a {kind} table of Citus{f', by {column}' if kind == 'distributed' else ''}; expected a"
                f" {kinds[table][0]} one. `SELECT undistribute_table('{table}')` makes it a local one."
            )
        shards[table] = int(count)
    servers = await connection.fetchval(_SERVERS)
    return Distribution(frozenset(shards), shards.get(FACT_TABLE, 0), servers)


async def distribute(connection: "asyncpg.Connection[Any]", shards: int | None, *, notify: Notify) -> Distribution:
    """Distribute the tables that are not, with their rows, in one transaction, and return what is distributed then.

    Loads wait meanwhile, and reads go on. `shards` is by default twice the number of servers, at least LEAST_SHARDS.
    Raises DistributionRefused.
    """
    await _check_server(connection)
    async with connection.transaction():
        await lock_writes(connection, notify)
        before = await read_distribution(connection)
        _check(before, shards)
        if before.missing:
            connection.add_log_listener(lambda _, message: notify(f"  {message.message}"))
            await connection.execute(citus.ONE_BY_ONE)
            for table in before.missing:
                notify(f"{table}: about {await connection.fetchval(_ROWS, table):,} rows")
                await _distribute(connection, table, shards or max(LEAST_SHARDS, 2 * before.servers))
            if (await data_version.read(connection)).number:
                # Processes that serve learn of it with their next labels.
                await data_version.move(connection)
    await _free_local_copies(connection, notify)
    return await read_distribution(connection)


def _check(distribution: Distribution, shards: int | None) -> None:
    if not distribution.servers:
        raise DistributionRefused(
            "Citus has no server for shards. Add each worker, on this server:"
            " `SELECT citus_set_coordinator_host('THIS HOST')`, `SELECT citus_add_node('WORKER', 5432)`."
        )
    if shards and distribution.shards and shards != distribution.shards:
        raise DistributionRefused(
            f"--shards {shards}: the facts have {distribution.shards} shards. `SELECT alter_distributed_table("
            f"'{FACT_TABLE}', shard_count => {shards}, cascade_to_colocated => true)` changes that."
        )


async def _distribute(connection: "asyncpg.Connection[Any]", table: str, shards: int) -> None:
    if table in REFERENCE:
        await connection.execute("SELECT create_reference_table($1::text::regclass)", table)
    elif table == FACT_TABLE:
        await connection.execute(
            "SELECT create_distributed_table($1::text::regclass, $2, colocate_with => 'none', shard_count => $3::int)",
            table, DATE.key, shards,
        )  # fmt: skip
    else:
        await connection.execute(
            "SELECT create_distributed_table($1::text::regclass, $2, colocate_with => $3)", table, DATE.key, FACT_TABLE
        )


async def _free_local_copies(connection: "asyncpg.Connection[Any]", notify: Notify) -> None:
    """Truncate the rows that were copied: they are still in the local tables, where nothing reads them."""
    for table in (*REFERENCE, *DISTRIBUTED):
        if await connection.fetchval(_LOCAL_BYTES, table):
            try:
                await connection.execute(
                    "SELECT truncate_local_data_after_distributing_table($1::text::regclass)", table
                )
            except asyncpg.PostgresError as error:
                notify(f"{table}: the copy on this server, which nothing reads, stays: {error}")


async def _check_server(connection: "asyncpg.Connection[Any]") -> None:
    if pending := await migrations.pending(connection):
        command = typed("ad-metrics db upgrade")
        raise DistributionRefused(f"Pending migrations: {', '.join(pending)}. Run `{command}` first.")
    version = await citus.installed(connection)
    if version is None and await citus.available(connection):
        raise DistributionRefused("The database has no extension citus. On every server: `CREATE EXTENSION citus`.")
    if version is None:
        raise DistributionRefused(
            "The server has no Citus. Install it on every server, let shared_preload_libraries begin with `citus`, and"
            " `CREATE EXTENSION citus` in this database."
        )
    if int(version.split(".")[0].split("-")[0]) < citus.OLDEST:
        raise DistributionRefused(f"Citus {version} is too old; {citus.OLDEST}.0 or newer works.")
    if not await connection.fetchval("SELECT citus_is_coordinator()"):
        raise DistributionRefused("DATABASE_URL names a worker of Citus; name the coordinator.")
