"""What the tests of hosted engines share: an account, sounds that stand for words, an ear."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import numpy as np
import pytest

from antiphon.errors import AtCapacity, ProviderError, Rejected, TimedOut, Unavailable
from antiphon.events import EndpointHinted, TranscriptChanged
from antiphon.net.account import Account
from antiphon.ports.stt import Heard, Hearing, Recogniser
from antiphon.ports.tts import Spoken, Synthesiser
from antiphon.sandbox.faults import Fault
from antiphon.sandbox.server import Sandbox
from antiphon.testing.conformance_stt import Speech
from antiphon.testing.conformance_tts import speak

KEY = "a-very-secret-key"
SAYS = ["Ever tried, ever failed.", "No matter, try again."]
RATE_HZ = 16_000
CLAUSE = "We are open from nine to five."
SOCKET_FAULTS = [
    (Fault(refuse=401), Rejected),
    (Fault(refuse=408), TimedOut),
    (Fault(refuse=429, retry_after_s=3), AtCapacity),
    (Fault(refuse=503), Unavailable),
    (Fault(close=1011, after=2), Unavailable),
    (Fault(close=1008, after=2), Rejected),
    (Fault(vanish=True, after=2), Unavailable),
    (Fault(stall=True, after=2), TimedOut),
    (Fault(half_open=True, after=2), TimedOut),
    (Fault(malformed=True), Unavailable),
]
"""What may befall a voice on a socket, and what we call it."""


def account(sandbox: Sandbox, **other: object) -> Account:
    return Account.model_validate({"api_key": KEY, "base_url": sandbox.http_url, **other})


def sound(seconds: float) -> bytes:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (6000 * np.sin(2 * np.pi * 300 * at)).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE_HZ))


def speech(text: str, seconds: float) -> Speech:
    pcm = silence(0.25) + sound(seconds) + silence(0.25)
    return Speech(pcm=pcm, text=text, starts_s=0.25, ends_s=0.25 + seconds)


def seconds(pieces: Iterable[Spoken], engine: Synthesiser) -> float:
    """How long a voice spoke."""
    return sum(len(piece.pcm) for piece in pieces) / 2 / engine.rate_hz


async def failed_reply(engine: Synthesiser, sandbox: Sandbox, fault: Fault) -> ProviderError:
    """How a reply ends that meets a fault. The one after it is whole."""
    sandbox.rules.add(fault)
    with pytest.raises(ProviderError) as caught:
        await speak(engine, CLAUSE, CLAUSE)
    whole = await speak(engine, CLAUSE)
    assert whole[-1].last
    assert seconds(whole, engine) > 1.0
    await engine.aclose()
    return caught.value


async def shows_its_key_to_nobody(
    engine: Synthesiser, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even where the vendor says it aloud."""
    caplog.set_level(logging.DEBUG)
    sandbox.rules.add(Fault(refuse=403, reason=f"{KEY} may not"))
    with pytest.raises(Rejected) as caught:
        await speak(engine, CLAUSE)
    await speak(engine, CLAUSE)
    seen = [str(caught.value), repr(caught.value), caplog.text, repr(vars(engine))]
    assert not [text for text in [*seen, repr(sandbox.requests)] if KEY in text]
    await engine.aclose()


class Ear:
    """An open recognition, and everything it told."""

    def __init__(self, engine: Recogniser, **hearing: object) -> None:
        self.told: list[Heard] = []
        self._changed = asyncio.Event()
        wanted = {"rate_hz": RATE_HZ, **hearing}
        self.recognition = engine.listen(Hearing(**wanted), self._tell)  # type: ignore[arg-type]

    def _tell(self, heard: Heard) -> None:
        self.told.append(heard)
        self._changed.set()

    @property
    def texts(self) -> list[TranscriptChanged]:
        return [heard for heard in self.told if isinstance(heard, TranscriptChanged)]

    @property
    def hints(self) -> list[str]:
        return [heard.kind for heard in self.told if isinstance(heard, EndpointHinted)]

    async def until(self, what: str, within_s: float = 3.0) -> None:
        """Wait for a hint, or for a final by ``final``."""
        async with asyncio.timeout(within_s):
            while not (what in self.hints or (what == "final" and self.final)):
                self._changed.clear()
                await self._changed.wait()

    @property
    def final(self) -> str | None:
        finals = [told.text for told in self.texts if told.final]
        return finals[-1] if finals else None


@asynccontextmanager
async def listening(engine: Recogniser, **hearing: object) -> AsyncIterator[Ear]:
    ear = Ear(engine, **hearing)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(ear.recognition.run())
        yield ear
        running.cancel()


async def failure(engine: Recogniser, pcm: bytes, *, finalise: bool = True) -> ProviderError:
    """How a recognition that is fed this ends."""
    ear = Ear(engine)
    ear.recognition.feed(pcm)
    if finalise:
        ear.recognition.finalise(len(pcm) / 2 / RATE_HZ)
    try:
        async with asyncio.timeout(8):
            await ear.recognition.run()
    except ProviderError as error:
        return error
    raise AssertionError("it ended as if all were well")
