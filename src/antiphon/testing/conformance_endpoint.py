"""What every `EndpointModel` must do; how to run it is in `conformance`."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from antiphon.errors import ProviderError
from antiphon.ports.endpoint import EndpointModel
from antiphon.testing.conformance import CANCEL_WITHIN_S, closes_twice, recovers, within

__all__ = ["CHECKS", "EndpointCase"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCase:
    """An end-of-turn model and what it should make of speech."""

    engine: EndpointModel
    """Started."""
    make: Callable[[], EndpointModel]
    finished: bytes
    """16 kHz PCM16 that ends with a finished sentence and 0.3 s of pause."""
    unfinished: bytes
    """The same, broken off."""
    kill: Callable[[EndpointModel], None] | None = None
    """Kill the engine's process; None where it has none."""


async def finished_scores_higher(case: EndpointCase) -> None:
    finished = await case.engine.score(case.finished)
    unfinished = await case.engine.score(case.unfinished)
    assert 0.0 <= unfinished < finished <= 1.0, (unfinished, finished)


async def any_length_of_audio_has_a_score(case: EndpointCase) -> None:
    for audio in (b"", case.finished[:2], bytes(32_000), case.finished * 20):
        assert 0.0 <= await case.engine.score(audio) <= 1.0


async def only_the_end_of_long_audio_counts(case: EndpointCase) -> None:
    last = (case.unfinished * 20)[-8 * 32_000 :]
    assert await case.engine.score(case.finished + last) == await case.engine.score(last)


async def many_calls_ask_at_once(case: EndpointCase) -> None:
    scores = await asyncio.gather(*(case.engine.score(case.finished) for _ in range(8)))
    assert len(set(scores)) == 1


async def cancelling_frees_the_caller(case: EndpointCase) -> None:
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(case.engine.score(case.finished)) for _ in range(4)]
        await asyncio.wait(asking[:1], timeout=0.01)
        async with within(CANCEL_WITHIN_S, "cancelling"):
            for task in asking:
                task.cancel()
            await asyncio.wait(asking)
    assert 0.0 <= await case.engine.score(case.finished) <= 1.0


async def a_killed_engine_recovers(case: EndpointCase) -> None:
    if case.kill is None:
        return
    async with asyncio.TaskGroup() as group:
        asked = group.create_task(_failure(case))
        await asyncio.wait([asked], timeout=0.005)
        case.kill(case.engine)
    error = asked.result()
    assert error is None or error.retryable
    await recovers(lambda: case.engine.score(case.finished))


async def closing_twice_is_fine(case: EndpointCase) -> None:
    await closes_twice(case.make())


async def _failure(case: EndpointCase) -> ProviderError | None:
    try:
        await case.engine.score(case.finished)
    except ProviderError as error:
        return error
    return None


CHECKS: Final = (
    finished_scores_higher,
    any_length_of_audio_has_a_score,
    only_the_end_of_long_audio_counts,
    many_calls_ask_at_once,
    cancelling_frees_the_caller,
    a_killed_engine_recovers,
    closing_twice_is_fine,
)
