"""How many rows a plan reads."""

from typing import Any

import pytest

from project.store.postgres.query_plan import rows_to_read


def scan(rows: int, **fields: Any) -> dict[str, Any]:
    return {"Node Type": "Seq Scan", "Parallel Aware": False, "Plan Rows": rows, **fields}


def over(*plans: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Node Type": "Aggregate", "Parallel Aware": False, "Plan Rows": 200, "Plans": list(plans), **fields}


def citus(*remote: dict[str, Any], tasks: int, **others: Any) -> dict[str, Any]:
    """Return a node as Citus describes it: one task is shown, unless `citus.explain_all_tasks` is on."""
    shown = [{"Node": "host=worker port=5432 dbname=ad_metrics", "Remote Plan": [[{"Plan": plan}]]} for plan in remote]
    job = {"Task Count": tasks, "Tasks Shown": f"One of {tasks}", "Tasks": shown}
    return {
        "Node Type": "Custom Scan", "Custom Plan Provider": "Citus Adaptive", "Parallel Aware": False, "Plan Rows": 100_000,
        "Distributed Query": {**others, "Job": job},
    }  # fmt: skip


SUBPLAN = {"Subplans": [{"Intermediate Data Size": "14 bytes", "PlannedStmt": [{"Plan": over(scan(40))}]}]}


@pytest.mark.parametrize(
    ("plan", "rows"),
    [
        (scan(70), 70),
        (over(scan(70), over(scan(5))), 75),
        # Two workers, and a leader that does 0.4 of a worker's part.
        (over(over(scan(100, **{"Parallel Aware": True})), **{"Workers Planned": 2}), 240),
        (citus(over(scan(12)), tasks=32), 384),
        (over(over(citus(over(scan(3), scan(4)), tasks=8))), 56),
        (citus(scan(12), scan(13), tasks=2), 25),
        (citus(scan(1), tasks=1, **SUBPLAN), 41),
        (citus(over(scan(10, **{"Parallel Aware": True}), **{"Workers Planned": 1}), tasks=4), 68),
        # Of a repartition join, Citus shows none.
        (citus(tasks=4), 0),
    ],
)
def test_the_rows_of_a_plan_are_those_of_its_scans(plan: dict[str, Any], rows: int) -> None:
    assert rows_to_read(plan) == pytest.approx(rows)
