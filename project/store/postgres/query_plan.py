"""Query plans: how many rows a statement would read, by what `EXPLAIN (FORMAT JSON)` says."""

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]


def rows_to_read(node: Node, processes: float = 1) -> float:
    """Return how many rows the scans of a plan read, by the planner's estimate.

    On Citus they are those of its tasks, of which the plan shows one, and its subplans.
    """
    if "Workers Planned" in node:
        # The rows below are those of one process. PostgreSQL counts the leader as less, the more workers it serves.
        workers = int(node["Workers Planned"])
        processes = workers + max(0, 1 - 0.3 * workers)
    if distributed := node.get("Distributed Query"):
        # The rows of the node itself are a constant, 100,000.
        job = distributed["Job"]
        tasks = job.get("Tasks") or []
        shown = sum(rows_to_read(plan) for plan in _plans(tasks))
        below = sum(rows_to_read(plan) for plan in _plans(distributed.get("Subplans")))
        return shown * int(job["Task Count"]) / max(1, len(tasks)) + below
    if plans := node.get("Plans"):
        return sum(rows_to_read(plan, processes) for plan in plans)
    return float(node["Plan Rows"]) * (processes if node["Parallel Aware"] else 1)


def _plans(part: Any) -> Iterator[Node]:
    """Yield the outermost plans of a part of the document, however deep they are."""
    if isinstance(part, dict) and "Plan" in part:
        yield part["Plan"]
    elif isinstance(part, dict | list):
        for below in part.values() if isinstance(part, dict) else part:
            yield from _plans(below)
