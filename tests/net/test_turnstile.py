"""One at a time, the most urgent first, and nobody is left standing."""

import asyncio

from antiphon.net.turnstile import Turnstile


async def _pass(turnstile: Turnstile, urgency: int, name: str, order: list[str]) -> None:
    async with turnstile.turn(urgency):
        order.append(name)
        await asyncio.sleep(0)


async def test_the_most_urgent_goes_first_and_equals_in_turn() -> None:
    turnstile, order = Turnstile(), []
    async with asyncio.TaskGroup() as group:
        for urgency, name in ((1, "first"), (2, "spare"), (1, "soon"), (0, "now"), (1, "later")):
            group.create_task(_pass(turnstile, urgency, name, order))
    assert order == ["first", "now", "soon", "later", "spare"]


async def test_who_leaves_the_queue_is_not_waited_for() -> None:
    turnstile, order = Turnstile(), []
    async with asyncio.TaskGroup() as group, turnstile.turn(0):
        gone = group.create_task(_pass(turnstile, 0, "gone", order))
        group.create_task(_pass(turnstile, 1, "stayed", order))
        await asyncio.sleep(0)
        gone.cancel()
    assert order == ["stayed"]


async def test_who_leaves_when_called_lets_the_next_go() -> None:
    turnstile, order = Turnstile(), []
    async with asyncio.TaskGroup() as group:
        async with turnstile.turn(0):
            called = group.create_task(_pass(turnstile, 0, "called", order))
            group.create_task(_pass(turnstile, 1, "next", order))
            await asyncio.sleep(0)
        called.cancel()
    assert order == ["next"]
    async with asyncio.timeout(1), turnstile.turn(0):
        pass
