"""Flights: calls at the same time share a run, and where they must see the newest state, one that begins after them."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from project.store.postgres.single_flight import NextFlight


@given(pauses=st.lists(st.integers(0, 6), max_size=30), takes=st.integers(0, 5))
async def test_a_result_is_of_a_run_that_began_after_the_call(pauses: list[int], takes: int) -> None:
    clock = runs = running = 0

    async def run() -> int:
        nonlocal runs, running
        runs, running, began = runs + 1, running + 1, clock
        assert running == 1
        for _ in range(takes):
            await asyncio.sleep(0)
        running -= 1
        return began

    flight = NextFlight(run)

    async def call() -> None:
        called = clock
        assert await flight() >= called

    calls = []
    for pause in pauses:
        clock += 1
        calls.append(asyncio.create_task(call()))
        for _ in range(pause):
            await asyncio.sleep(0)
    await asyncio.gather(*calls)
    assert runs <= len(pauses)


async def test_an_error_is_that_of_its_callers_and_a_cancelled_one_disturbs_nobody() -> None:
    results = [ValueError("first"), 2]
    begun = asyncio.Event()

    async def run() -> int:
        result = results.pop(0)
        begun.set()
        await asyncio.sleep(0)
        if isinstance(result, Exception):
            raise result
        return result

    flight = NextFlight(run)
    first = [asyncio.create_task(flight()) for _ in range(2)]
    await begun.wait()
    later = [asyncio.create_task(flight()) for _ in range(3)]
    await asyncio.sleep(0)
    later[0].cancel()
    assert [type(error) for error in await asyncio.gather(*first, return_exceptions=True)] == [ValueError] * 2
    with pytest.raises(asyncio.CancelledError):
        await later[0]
    assert await asyncio.gather(*later[1:]) == [2, 2]
