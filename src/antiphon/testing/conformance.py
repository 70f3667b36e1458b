"""Does an engine or vendor keep the promises of its port? Suites for anybody's.

    from antiphon.testing import conformance_tts

    @pytest.mark.parametrize("check", conformance_tts.CHECKS, ids=lambda check: check.__name__)
    async def test_it(check):
        await check(conformance_tts.SynthesiserCase(engine=mine, make=Mine, ...))

There is one module per port: `conformance_stt`, `conformance_tts`, `conformance_llm`,
`conformance_endpoint`. A check is a plain coroutine that raises `AssertionError`. Each takes a
case: a started ``engine`` that all checks share, a way to ``make`` another, what the engine is
expected to know, and, for engines that run here, how to ``kill`` its process.

Lives here: what the suites share. They run in real time, against the real thing.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from antiphon.call.clock import LoopClock
from antiphon.errors import ProviderError

__all__ = [
    "CANCEL_WITHIN_S",
    "RECOVER_WITHIN_S",
    "closable",
    "closes_twice",
    "pause",
    "recovers",
    "within",
    "word_error_rate",
]

T = TypeVar("T")

CANCEL_WITHIN_S: Final = 0.25
"""Until whoever cancels is free again: 50 ms, and what a busy test machine may stall on top."""
RECOVER_WITHIN_S: Final = 20.0
"""Until an engine whose process was killed works again: most of it is loading the model."""


class _Engine(Protocol):
    async def start(self) -> None: ...
    async def aclose(self) -> None: ...


def closable(stream: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The stream, which must be one whose closing stops the work."""
    assert isinstance(stream, AsyncGenerator), f"{type(stream).__name__} cannot be closed"
    return stream


@dataclass(slots=True)
class Took:
    """How long a block took; known when it is over."""

    seconds: float = 0.0


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[Took]:
    """The block must not take longer."""
    loop = asyncio.get_running_loop()
    took, began = Took(), loop.time()
    yield took
    took.seconds = loop.time() - began
    assert took.seconds <= seconds, f"{what} took {took.seconds:.3f} s, more than {seconds:g} s"


async def pause(seconds: float) -> None:
    """Let real time pass, as a caller does."""
    clock = LoopClock()
    await clock.sleep_until(clock.now() + seconds)


async def recovers(try_it: Callable[[], Awaitable[T]]) -> T:
    """What ``try_it`` returns once it no longer fails; a restart is under way."""
    loop = asyncio.get_running_loop()
    until = loop.time() + RECOVER_WITHIN_S
    while True:
        try:
            return await try_it()
        except ProviderError as error:
            if not error.retryable or loop.time() > until:
                raise AssertionError(f"it does not come back: {error}") from error
        await pause(0.1)


async def closes_twice(engine: _Engine) -> None:
    """Closing is quick and may be repeated, started or not."""
    await engine.start()
    for turn in ("first", "second"):
        async with within(2.0, f"the {turn} aclose"):
            await engine.aclose()


def word_error_rate(heard: str, said: str) -> float:
    """Words wrong, missing or added, per word said; case and punctuation do not count."""
    got, want = (re.findall(r"[\w']+", text.lower()) for text in (heard, said))
    row = list(range(len(want) + 1))
    for number, word in enumerate(got, 1):
        previous, row[0] = row[:], number
        for at, wanted in enumerate(want, 1):
            row[at] = min(previous[at] + 1, row[at - 1] + 1, previous[at - 1] + (word != wanted))
    return row[-1] / max(1, len(want))
