"""A pretended voice: speech whose length, word times and timing are known in advance.

Lives here: `ScriptedVoice`, a `Synthesiser` that hums. Every letter takes the same time, every
word is one tone that swells and fades (so the voice itself never clicks), words are parted by
silence. Each utterance hums at a pitch of its own, so that a recording tells who speaks. It can
be slow, fail or stall where a test asks for it. No network, no clock of its own: it waits on the
`Clock` it is given.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from antiphon.errors import ProviderError, Unavailable
from antiphon.ports.clock import Clock
from antiphon.ports.tts import Speaking, Spoken, SpokenWord

__all__ = ["PITCHES_HZ", "Fault", "HummedUtterance", "ScriptedVoice"]

PITCHES_HZ = (250.0, 400.0, 550.0, 700.0, 850.0, 1000.0)
"""Pitch of the first, second, ... utterance; then from the start again."""
_WORD_GAP_S = 0.04
_PIECE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong in one utterance, once."""

    clause: int = 0
    """At which clause of the utterance."""
    after_s: float = 0.0
    """After how much of that clause's audio."""
    error: ProviderError | None = field(default_factory=lambda: Unavailable("scripted failure"))
    """What is raised; None stalls for ever instead."""


@dataclass(kw_only=True)
class ScriptedVoice:
    """A `Synthesiser` for tests. ``faults`` are used up one by one, by the utterances in order;
    None in the list lets one utterance pass."""

    clock: Clock
    rate_hz: int = 16_000
    name: str = "scripted"
    fingerprint: str = "scripted-1"
    letter_s: float = 0.06
    first_audio_s: float = 0.1
    """From a clause being said to its first audio."""
    real_time_factor: float = 0.05
    """Seconds of work for a second of audio after that."""
    word_times: bool = True
    pitches_hz: tuple[float, ...] = PITCHES_HZ
    peak: int = 8000
    """Of the loudest word, where 32767 is full scale."""
    margin_s: float = 0.0
    """Silence before and after every clause, as real engines add."""
    faults: deque[Fault | None] = field(default_factory=deque)
    said: list[str] = field(default_factory=list)
    """Every clause anybody had said, in order."""
    stressed: list[tuple[int, ...]] = field(default_factory=list)
    """The words to be stressed in each of them."""
    manners: list[Speaking] = field(default_factory=list)
    """How each utterance was to sound, in order."""
    begun: int = 0
    """Utterances so far."""
    open: int = 0
    """Iterators that are neither used up nor closed."""

    async def start(self) -> None:
        """Nothing to load."""

    def utter(self, speaking: Speaking) -> "HummedUtterance":
        """Begin an utterance, with the next fault of the list if there is one."""
        fault = self.faults.popleft() if self.faults else None
        pitch = self.pitches_hz[self.begun % len(self.pitches_hz)]
        self.begun += 1
        self.manners.append(speaking)
        return HummedUtterance(self, pitch, fault, speaking.speed)

    async def aclose(self) -> None:
        """Nothing to give back."""

    def length_s(self, clause: str) -> float:
        """How long the voice takes over a clause at normal speed."""
        words = clause.split()
        gaps = max(0, len(words) - 1) * _WORD_GAP_S
        return sum(map(len, words)) * self.letter_s + gaps + 2 * self.margin_s


class HummedUtterance:
    """One utterance of a `ScriptedVoice`."""

    def __init__(
        self, voice: ScriptedVoice, pitch_hz: float, fault: Fault | None, speed: float
    ) -> None:
        self._voice = voice
        self._pitch_hz = pitch_hz
        self._fault = fault
        self._speed = speed
        self._clauses: deque[str] = deque()
        self._said_at: deque[float] = deque()
        self._ended = False
        self._more = asyncio.Event()
        self._spoken = 0

    def say(self, clause: str, stress: tuple[int, ...] = ()) -> None:
        """Append a clause. Raises ValueError after `end`, and for a clause without words."""
        if self._ended or not clause.strip():
            raise ValueError(f"cannot say {clause!r}")
        self._voice.said.append(clause)
        self._voice.stressed.append(stress)
        self._clauses.append(clause)
        self._said_at.append(self._voice.clock.now())
        self._more.set()

    def end(self) -> None:
        """No more clauses will come."""
        self._ended = True
        self._more.set()

    async def audio(self) -> AsyncIterator[Spoken]:
        """The humming, in pieces of a tenth of a second."""
        self._voice.open += 1
        try:
            while not (self._ended and not self._clauses):
                if self._clauses:
                    async for piece in self._clause(self._clauses.popleft()):
                        yield piece
                    self._spoken += 1
                else:
                    await self._more.wait()
                    self._more.clear()
        finally:
            self._voice.open -= 1

    async def _clause(self, clause: str) -> AsyncIterator[Spoken]:
        voice = self._voice
        await voice.clock.sleep_until(self._said_at.popleft() + voice.first_audio_s)
        samples, words = self._hum(clause)
        step = round(_PIECE_S * voice.rate_hz)
        for at in range(0, len(samples), step):
            await self._go_wrong(at / voice.rate_hz)
            end = min(at + step, len(samples))
            await self._wait((end - at) / voice.rate_hz * voice.real_time_factor)
            yield Spoken(
                pcm=samples[at:end].tobytes(),
                clause=self._spoken,
                words=tuple(w for w in words if at <= w.start < end) if voice.word_times else (),
                last=end == len(samples),
            )

    def _hum(self, clause: str) -> tuple[NDArray[np.int16], list[SpokenWord]]:
        voice, rate_hz = self._voice, self._voice.rate_hz
        margin = np.zeros(round(voice.margin_s * rate_hz))
        parts, words, at = [margin], [], len(margin)
        for number, word in enumerate(clause.split()):
            if number:
                parts.append(np.zeros(round(_WORD_GAP_S * rate_hz / self._speed)))
                at += len(parts[-1])
            length = max(1, round(len(word) * voice.letter_s * rate_hz / self._speed))
            swell = np.sin(np.linspace(0.0, np.pi, length))
            tone = np.sin(2 * np.pi * self._pitch_hz / rate_hz * np.arange(length))
            parts.append(voice.peak * swell * tone)
            words.append(SpokenWord(text=word, start=at, end=at + length))
            at += length
        return np.concatenate([*parts, margin]).astype(np.int16), words

    async def _go_wrong(self, at_s: float) -> None:
        fault = self._fault
        if fault is None or self._spoken < fault.clause or at_s < fault.after_s:
            return
        if fault.error is not None:
            raise fault.error
        await asyncio.get_running_loop().create_future()

    async def _wait(self, seconds: float) -> None:
        clock = self._voice.clock
        await clock.sleep_until(clock.now() + seconds)
