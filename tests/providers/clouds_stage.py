"""What the tests of the clouds' adapters share: sounds that stand for words, and an ear."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np

from antiphon.errors import ProviderError
from antiphon.events import TranscriptChanged
from antiphon.net.account import Account
from antiphon.ports.stt import Heard, Hearing, Recogniser
from antiphon.testing.conformance import pause

KEY = "a-very-secret-key"
SAYS = {300.0: "Ever tried, ever failed.", 600.0: "No matter, try again."}
FIRST, SECOND = SAYS.values()


def account(base_url: str, key: str = KEY) -> Account:
    return Account.model_validate({"api_key": key, "base_url": base_url})


def hum(pitch_hz: float, seconds: float = 1.3, rate_hz: int = 16_000) -> bytes:
    at = np.arange(round(seconds * rate_hz)) / rate_hz
    return (6000 * np.sin(2 * np.pi * pitch_hz * at)).astype("<i2").tobytes()


def silence(seconds: float, rate_hz: int = 16_000) -> bytes:
    return bytes(2 * round(seconds * rate_hz))


async def eventually(known: Callable[[], bool]) -> None:
    """Wait until something is so that nobody tells of."""
    async with asyncio.timeout(8):
        while not known():
            await pause(0.01)


class Ear:
    """An open recognition, and everything it told."""

    def __init__(self, engine: Recogniser, hearing: Hearing | None = None) -> None:
        self.told: list[TranscriptChanged] = []
        self._changed = asyncio.Event()
        self.hearing = hearing or Hearing()
        self.recognition = engine.listen(self.hearing, self._tell)
        self._fed = 0

    def _tell(self, heard: Heard) -> None:
        assert isinstance(heard, TranscriptChanged)
        self.told.append(heard)
        self._changed.set()

    @property
    def fed_s(self) -> float:
        return self._fed / 2 / self.hearing.rate_hz

    @property
    def finals(self) -> list[TranscriptChanged]:
        return [told for told in self.told if told.final]

    def feed(self, pcm: bytes) -> None:
        self.recognition.feed(pcm)
        self._fed += len(pcm)

    async def final(self) -> TranscriptChanged:
        known = len(self.finals)
        self.recognition.finalise(self.fed_s)
        await self.until(lambda: len(self.finals) > known)
        return self.finals[-1]

    async def until(self, known: Callable[[], bool]) -> None:
        async with asyncio.timeout(8):
            while not known():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def listening(engine: Recogniser, hearing: Hearing | None = None) -> AsyncIterator[Ear]:
    """A started engine's ear, open for the length of the block."""
    ear = Ear(engine, hearing)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(ear.recognition.run())
        yield ear
        running.cancel()


async def failure(engine: Recogniser, pcm: bytes, hearing: Hearing | None = None) -> ProviderError:
    """How a recognition that is fed this and asked for a final ends."""
    ear = Ear(engine, hearing)
    ear.feed(pcm)
    ear.recognition.finalise(ear.fed_s)
    try:
        async with asyncio.timeout(8):
            await ear.recognition.run()
    except ProviderError as error:
        return error
    raise AssertionError("it ended as if all were well")
