"""Telemetry: counts for Prometheus, the same from every worker.

Each process writes its counts to separate files, and the worker that answers sums those of all
(`prometheus_client`'s multiprocess mode).
"""

import multiprocessing
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from project.settings import Settings
from project.store.postgres.admission import AdmissionControl
from project.web.server.answer_cache import AnswerCache

_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def telemetry_of(settings: Settings) -> "Telemetry":
    """Return this process's telemetry, in a directory that it shares with the other workers of its service.

    Raises OSError where `METRICS_DIR` cannot be written.
    """
    parent = multiprocessing.parent_process()
    service = (parent.pid if parent else None) or os.getpid()
    for directory in settings.metrics_dir.glob("*"):
        if directory.name.isdigit() and int(directory.name) != service and not _is_alive(int(directory.name)):
            shutil.rmtree(directory, ignore_errors=True)
    directory = settings.metrics_dir.resolve() / str(service)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    global _of_process  # noqa: PLW0603 - the library's files belong to the process, too
    _of_process = _of_process or Telemetry(directory)
    return _of_process


@dataclass(frozen=True, slots=True)
class Reading:
    """A number that is read on request rather than counted."""

    name: str
    meaning: str
    value: float
    counter: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


class Telemetry:
    """The counters of one process."""

    def __init__(self, directory: Path) -> None:
        # The library reads its directory once, when it is imported.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
        from prometheus_client import Counter, Gauge, Histogram  # noqa: PLC0415

        self._directory = directory
        counter = partial(Counter, registry=None)
        self._requests = counter("ad_metrics_requests", "Requests answered.", ("method", "route", "status"))
        self._refusals = counter("ad_metrics_refusals", "Requests refused, by kind of problem.", ("problem",))
        self._seconds = Histogram(
            "ad_metrics_request_seconds",
            "How long requests took.",
            ("route", "status"),
            buckets=_SECONDS,
            registry=None,
        )
        # Gauges sum over the processes that are alive.
        gauge = partial(Gauge, registry=None, multiprocess_mode="livesum")
        self._in_use = gauge("ad_metrics_pool_in_use", "Requests that read now.")
        self._waiting = gauge("ad_metrics_pool_waiting", "Requests that wait to read.")
        self._slots = gauge("ad_metrics_pool_slots", "Requests that may read at once.")
        self._hits = counter("ad_metrics_answer_cache_hits", "Answers from memory.")
        self._misses = counter("ad_metrics_answer_cache_misses", "Answers that were made.")
        self._cache_bytes = gauge("ad_metrics_answer_cache_bytes", "The size of the answers in memory.")

    def watch(self, admission: AdmissionControl) -> None:
        """Show how many requests hold a slot or wait for one, from now on."""

        def changed() -> None:
            self._in_use.set(admission.in_use)
            self._waiting.set(admission.waiting)

        self._slots.set(admission.slots)
        admission.on_change = changed
        changed()

    def watch_answers(self, answers: AnswerCache) -> None:
        """Count the answers from memory and the new ones, and show the size of all, from now on."""

        def used(from_memory: bool) -> None:
            (self._hits if from_memory else self._misses).inc()
            self._cache_bytes.set(answers.bytes)

        answers.on_use = used

    def count(self, method: str, route: str, status: int, seconds: float, problem: str | None) -> None:
        """Count a request that ended."""
        counter, histogram = self._children(method if method in _METHODS else "other", route, status)
        counter.inc()
        histogram.observe(seconds)
        if problem:
            self._refusals.labels(problem).inc()

    def exposition(self, readings: Iterable[Reading]) -> bytes:
        """Return the counts of all processes, and these readings, as Prometheus reads them."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415
        from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead  # noqa: PLC0415

        processes = {int(file.stem.rpartition("_")[2]) for file in self._directory.glob("gauge_live*_*.db")}
        alive = set(filter(_is_alive, processes))
        for process in processes - alive:
            mark_process_dead(process, str(self._directory))  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        registry.register(_ProcessesCollector(sorted(alive)))
        MultiProcessCollector(registry, str(self._directory))  # type: ignore[no-untyped-call]
        registry.register(_ReadingsCollector(readings))
        return generate_latest(registry)

    @lru_cache(maxsize=1000)  # noqa: B019 - there is one telemetry a process
    def _children(self, method: str, route: str, status: int) -> tuple[Any, Any]:
        return self._requests.labels(method, route, status), self._seconds.labels(route, status)


_of_process: Telemetry | None = None

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "OPTIONS"})


class _ReadingsCollector:
    def __init__(self, readings: Iterable[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415

        families: dict[str, Any] = {}
        for reading in self._readings:
            kind = CounterMetricFamily if reading.counter else GaugeMetricFamily
            new = kind(reading.name, reading.meaning, labels=list(reading.labels))
            families.setdefault(reading.name, new).add_metric(list(reading.labels.values()), reading.value)
        yield from families.values()


class _ProcessesCollector:
    """What the library says of one process (`process_…`), summed over the workers; the oldest is the start."""

    def __init__(self, processes: Iterable[int]) -> None:
        self._processes = processes

    def collect(self) -> Iterator[Any]:
        from prometheus_client import ProcessCollector  # noqa: PLC0415

        families: dict[str, Any] = {}
        for process in self._processes:
            for family in ProcessCollector(pid=partial(int, process), registry=None).collect():
                [sample] = family.samples
                values = families.setdefault(sample.name, (family, []))[1]
                values.append(sample.value)
        for name, (family, values) in families.items():
            family.samples.clear()
            family.add_metric([], min(values) if name == "process_start_time_seconds" else sum(values))
            yield family


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # It exists, and belongs to another account.
    return True
