"""Grants: the SQL that makes the roles of an installation, each with the rights that it needs and no more.

The owner of the tables is who migrates. `PREFIX_reader` answers requests, `PREFIX_loader` also writes, and
`PREFIX_analyst` is for people with BI tools.
"""

from collections.abc import Iterable
from typing import Any

import asyncpg

from project.catalog import DIMENSIONS, FACT_TABLE, ROLLUP_TABLE

ROLES = ("reader", "loader", "analyst")

_STAR = (*(dimension.table for dimension in DIMENSIONS), FACT_TABLE)
WRITTEN = {
    **dict.fromkeys(_STAR, "INSERT, DELETE"),
    FACT_TABLE: "INSERT, UPDATE, DELETE",
    ROLLUP_TABLE: "INSERT, DELETE",
    **dict.fromkeys(("fact_ledger", "data_change", "ingest_log"), "INSERT"),
    "data_version": "UPDATE",
    **dict.fromkeys(("ingest", "api_key", "job_slot"), "INSERT, UPDATE"),
    **dict.fromkeys(("saved_view", "subscription", "delivery"), "INSERT, UPDATE, DELETE"),
    "aerich": "",
}
"""All tables of the installation, with what the loader may do beside SELECT."""

_NOT_READ = {"job_slot", "subscription"}
"""Tables of jobs that write, which a service as reader does not run."""

VIEW = "ad_metrics_daily"
"""The facts with their labels, for analysts."""

_HEADER = """\
-- Run it as the owner of the tables, who may make roles; again after each migration. `ALTER ROLE … PASSWORD '…'` lets a
-- role connect by a password."""
_FUNCTIONS = (
    "create_partition(text, integer, integer, boolean)", "attach_partition(text, integer, integer)",
    "drop_partition(text)",
)  # fmt: skip

_TABLES = "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(quote_ident(name)) IS NOT NULL"
_SEQUENCES = """\
SELECT relname FROM pg_depend JOIN pg_class ON pg_class.oid = objid AND relkind = 'S'
WHERE refobjid = ANY($1::text[]::regclass[]::oid[]) ORDER BY relname"""


async def statements(connection: "asyncpg.Connection[Any]", prefix: str = "ad_metrics") -> str:
    """Return the statements for the tables, sequences and functions that this database has, in one transaction."""
    database = await connection.fetchval("SELECT quote_ident(current_database())")
    schema = await connection.fetchval("SELECT quote_ident(current_schema())")
    known = [row[0] for row in await connection.fetch(_TABLES, [*WRITTEN, VIEW])]
    sequences = await connection.fetch(_SEQUENCES, [name for name in known if "INSERT" in WRITTEN.get(name, "")])
    names = [await connection.fetchval("SELECT quote_ident($1)", f"{prefix}_{role}") for role in ROLES]
    reader, loader, analyst = names
    everyone = ", ".join(names)

    def on(tables: Iterable[str]) -> str:
        return ", ".join(f"{schema}.{table}" for table in tables if table in known)

    lines = [
        *map(_create, names),
        f"GRANT CONNECT ON DATABASE {database} TO {everyone}",
        f"GRANT TEMPORARY ON DATABASE {database} TO {loader}",
        f"GRANT USAGE ON SCHEMA {schema} TO {everyone}",
        # A right that a release no longer needs ends here.
        f"REVOKE ALL ON {on(known)} FROM {everyone}",
        f"GRANT SELECT ON {on(table for table in WRITTEN if table not in _NOT_READ)} TO {reader}",
        f"GRANT SELECT ON {on(WRITTEN)} TO {loader}",
        *(
            f"GRANT {rights} ON {on([table])} TO {loader}"
            for table, rights in WRITTEN.items()
            if rights and on([table])
        ),
        f"GRANT USAGE ON SEQUENCE {', '.join(f'{schema}.{row[0]}' for row in sequences)} TO {loader}",
        f"GRANT EXECUTE ON FUNCTION {', '.join(f'{schema}.{name}' for name in _FUNCTIONS)} TO {loader}",
        f"GRANT SELECT ON {on((*_STAR, VIEW))} TO {analyst}",
    ]
    if schema != "public":
        lines += [f"ALTER ROLE {name} IN DATABASE {database} SET search_path = {schema}" for name in names]
    return "\n".join([_HEADER, *(f"{line};" for line in ("BEGIN", *lines, "COMMIT"))])


def _create(role: str) -> str:
    text = role.removeprefix('"').removesuffix('"').replace('""', '"').replace("'", "''")
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{text}')"
        f" THEN CREATE ROLE {role} LOGIN; END IF; END $$"
    )
