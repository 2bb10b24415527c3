"""What Citus refuses, or does slowly, of what PostgreSQL runs: found in the syntax of the statements that are sent.

Each rule was learned from a run on Citus 14.0.1. A statement that passes may still be one that Citus cannot run: these
are the shapes that are known.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pglast
import pytest
from asyncpg.connection import Connection, _Callback

from project.store.warehouse.distribution import DISTRIBUTED, REFERENCE

Node = dict[str, Any]

_CHANGES = {"INSERT": "InsertStmt", "UPDATE": "UpdateStmt", "DELETE": "DeleteStmt"}
_SEQUENTIAL = "SET LOCAL citus.multi_shard_modify_mode = 'sequential'"


@dataclass
class Session:
    """The statements of one connection, in order, and what is wrong with each."""

    faults: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    is_sequential: bool = False
    has_spread: bool = False
    in_transaction: bool = False

    def sent(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Check one statement, or several in one text."""
        self.statements.append(sql)
        text = re.sub(r"(?s)^\s*EXPLAIN \(FORMAT JSON\)", "", sql)
        for statement in pglast.parse_sql(text):
            tree = statement.stmt(skip_none=True)
            self.faults += [f"{fault}: {sql}" for fault in (*faults_of(tree, values), *self._in_order(tree))]

    def _in_order(self, tree: Node) -> Iterator[str]:
        kind = tree["@"]
        if kind == "TransactionStmt":
            self.in_transaction = tree["kind"]["name"] in (
                "TRANS_STMT_BEGIN",
                "TRANS_STMT_START",
                "TRANS_STMT_SAVEPOINT",
            )
            if tree["kind"]["name"] in ("TRANS_STMT_COMMIT", "TRANS_STMT_ROLLBACK"):
                self.is_sequential = self.has_spread = False
            return
        if kind == "VariableSetStmt" and tree["name"] == "citus.multi_shard_modify_mode":
            self.is_sequential = True
        tables = set(_tables(tree))
        if kind in _CHANGES.values() and tree["relation"]["relname"] in REFERENCE:
            if self.has_spread and not self.is_sequential:
                yield "a dimension is changed after facts, in parallel"
        elif self.in_transaction and any(map(_is_spread, tables)):
            self.has_spread = True
        if (
            kind in ("CreateStmt", "AlterTableStmt", "DropStmt")
            and any(map(_is_spread, tables))
            and not self.is_sequential
        ):
            yield "the schema is changed in parallel"


def faults_of(tree: Node, values: Sequence[Any] = ()) -> Iterator[str]:
    """Yield what is wrong with a statement, by its syntax tree."""
    tables = set(_tables(tree))
    spread = any(map(_is_spread, tables))
    if not spread and not tables & {*REFERENCE}:
        return
    names = {node["ctename"] for node in _nodes(tree, "CommonTableExpr")}
    for query in _nodes(tree, "SelectStmt"):
        sources = query.get("fromClause", ())
        derived = [*_nodes(sources, "RangeSubselect", inside=False)]
        tables_of = [node["relname"] for node in _nodes(sources, "RangeVar", inside=False)]
        if derived or any(name in names or name in REFERENCE for name in tables_of):
            for link in _links(query):
                if _is_correlated(link, query):
                    yield "a correlated subquery, and FROM has a CTE, a subquery or a dimension"
    if tree["@"] in ("DeleteStmt", "UpdateStmt") and _is_spread(tree["relation"]["relname"]):
        if tree.get("usingClause") or tree.get("fromClause"):
            yield "a distributed table is joined in DELETE or UPDATE"
        if any(_is_correlated(link, tree) for link in _links(tree)):
            yield "a correlated subquery in DELETE or UPDATE"
    for node in (*_nodes(tree, "CommonTableExpr"), *_nodes(tree, "RangeSubselect")):
        columns = node.get("aliascolnames") or node.get("alias", {}).get("colnames")
        if columns and any(q["op"]["name"] != "SETOP_NONE" for q in _nodes(node, "SelectStmt")):
            yield "a list of columns beside the alias of a union"
    if spread and _asks_all_shards_for_one_day(tree, values):
        yield "two bounds for one day"


def _asks_all_shards_for_one_day(tree: Node, values: Sequence[Any]) -> bool:
    for query in (node for kind in ("SelectStmt", "DeleteStmt", "UpdateStmt") for node in _nodes(tree, kind)):
        sources = query.get("fromClause", ()), query.get("relation", ())
        if not any(_is_spread(node["relname"]) for node in _nodes(sources, "RangeVar", inside=False)):
            continue
        bounds: dict[str, list[Any]] = {}
        for node in _nodes((query.get("whereClause"), query.get("fromClause")), "A_Expr", inside=False):
            left, right = node.get("lexpr"), node.get("rexpr")
            if isinstance(left, dict) and left["@"] == "ColumnRef" and left["fields"][-1].get("sval") == "date_id":
                is_parameter = isinstance(right, dict) and right["@"] == "ParamRef" and values
                value = values[right["number"] - 1] if is_parameter else None
                kind = node["name"][0]["sval"] if node["kind"]["name"] == "AEXPR_OP" else "any"
                # A comparison with another table's day is none with a day.
                if kind != "=" or not isinstance(right, dict) or right["@"] != "ColumnRef":
                    bounds.setdefault(kind, []).append(value)
        lower, upper = bounds.get(">=", [None]), bounds.get("<=", [None])
        if lower[0] is not None and lower == upper and not {"=", "any"} & bounds.keys():
            return True
    return False


def _is_correlated(link: Node, query: Node) -> bool:
    """Whether a subquery names a table of the query around it; EXISTS always does."""
    if link["subLinkType"]["name"] == "EXISTS_SUBLINK":
        return True
    outer = {*_aliases(query.get("fromClause", ())), *_aliases([query["relation"]] if "relation" in query else ())}
    inner = {
        alias for part in _nodes(link["subselect"], "SelectStmt") for alias in _aliases(part.get("fromClause", ()))
    }
    named = {
        node["fields"][0].get("sval") for node in _nodes(link["subselect"], "ColumnRef") if len(node["fields"]) > 1
    }
    return bool(named & (outer - inner))


def _aliases(sources: Any) -> Iterator[str]:
    for node in (*_nodes(sources, "RangeVar", inside=False), *_nodes(sources, "RangeSubselect", inside=False)):
        yield node["alias"]["aliasname"] if "alias" in node else node.get("relname", "")


def _links(query: Node) -> Iterator[Node]:
    """Yield the subqueries of a query, but not those inside its FROM or inside other subqueries."""
    rest = {name: part for name, part in query.items() if name not in ("@", "fromClause", "withClause", "larg", "rarg")}
    yield from _nodes(rest, "SubLink", inside=False)


def _tables(tree: Any) -> Iterator[str]:
    for node in _nodes(tree, "RangeVar"):
        yield node["relname"]


def _is_spread(table: str) -> bool:
    return table.startswith(DISTRIBUTED)


def _nodes(tree: Any, kind: str, *, inside: bool = True) -> Iterator[Node]:
    """Yield all nodes of a kind. Without `inside`, none of a subquery."""
    if isinstance(tree, dict):
        if tree.get("@") == kind:
            yield tree
            if not inside:
                return
        if not inside and tree.get("@") == "SelectStmt":
            return
        tree = tree.values()
    elif not isinstance(tree, list | tuple):
        return
    for part in tree:
        yield from _nodes(part, kind, inside=inside)


def watched(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Session]]:
    """Watch all connections that are opened from now on; return what gives the session of each."""
    sessions: dict[int, Session] = {}
    init, copy_out = Connection.__init__, Connection._copy_out

    def session(connection: Connection) -> Session:
        return sessions[id(connection)]

    def watching(connection: Connection, *arguments: Any, **options: Any) -> None:
        init(connection, *arguments, **options)
        sessions[id(connection)] = current = Session()
        _kept.append(connection)  # its id is not another's
        connection._query_loggers.add(_Callback.from_callable(partial(_log, current)))

    async def copying(connection: Connection, sql: str, *arguments: Any) -> Any:
        session(connection).sent(sql)
        return await copy_out(connection, sql, *arguments)

    _kept: list[Connection] = []
    monkeypatch.setattr(Connection, "__init__", watching)
    monkeypatch.setattr(Connection, "_copy_out", copying)
    return lambda: list(sessions.values())


def _log(session: Session, query: Any) -> None:
    try:
        session.sent(query.query, query.args or ())
    except Exception as error:
        session.faults.append(f"not understood ({error!r}): {query.query}")
