"""Speech as tones: every word has a pitch of its own, so that a recording can be read back.

Both sides of a pretended call speak like this. The recogniser is the one that local engines use,
with the engine replaced by ears for tones: what it writes is what is really in the audio it was
given, so audio that is lost or fed twice shows in the words.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from antiphon.audio.frame import int16
from antiphon.errors import AntiphonError, ProviderError, Unavailable
from antiphon.net.child_job import Answer, Job, Urgency
from antiphon.net.utterances import UtteranceRecognition
from antiphon.ports.clock import Clock
from antiphon.ports.stt import Heard, Hearing, Recognition
from antiphon.ports.tts import Speaking, SpokenWord
from antiphon.testing.voice import HummedUtterance, ScriptedVoice

LETTER_S = 0.05
SHORTEST_S = 0.15
GAP_S = 0.04
LOUD = 80
"""Samples above this belong to a word, ducked or not."""
BLOCK_S = 0.005
BRIDGED_S = 0.02
"""A shorter gap is one in a word: a frame came late."""


class Vocabulary:
    """Words and their pitches. Punctuation and capitals count: a question sounds like one."""

    def __init__(self) -> None:
        self._words: list[str] = []

    def pitch_hz(self, word: str) -> float:
        if word not in self._words:
            self._words.append(word)
        return 300.0 + 14.0 * self._words.index(word)

    def word(self, hz: float) -> str | None:
        number = round((hz - 300.0) / 14.0)
        known = 0 <= number < len(self._words) and abs(self.pitch_hz(self._words[number]) - hz) < 5
        return self._words[number] if known else None


def length_s(word: str) -> float:
    return max(SHORTEST_S, len(word) * LETTER_S)


@dataclass(frozen=True)
class Tone:
    """A word found in audio."""

    text: str
    start_s: float
    end_s: float

    @property
    def share(self) -> float:
        """How much of it is there."""
        return (self.end_s - self.start_s) / length_s(self.text)


def read(pcm: bytes | NDArray[np.int16], rate_hz: int, words: Vocabulary) -> list[Tone]:
    """The words in a recording and where they lie; what is no word is left out."""
    samples = int16(pcm) if isinstance(pcm, bytes) else pcm
    block = round(BLOCK_S * rate_hz)
    count = len(samples) // block
    peaks = np.abs(samples[: count * block].astype(np.int32)).reshape(count, block).max(axis=1)
    found: list[Tone] = []
    for first, last in _runs(peaks > LOUD, round(BRIDGED_S / BLOCK_S)):
        burst = samples[first * block : last * block].astype(float)
        spectrum = np.abs(np.fft.rfft(burst * np.hanning(len(burst)), 16384))
        word = words.word(float(spectrum.argmax()) * rate_hz / 16384)
        if word is not None:
            found.append(Tone(word, first * BLOCK_S, last * BLOCK_S))
    return found


def _runs(loud: NDArray[np.bool_], bridged: int) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for at in np.flatnonzero(loud):
        if runs and at - runs[-1][1] < bridged:
            runs[-1] = (runs[-1][0], int(at) + 1)
        else:
            runs.append((int(at), int(at) + 1))
    return runs


# --- speaking --------------------------------------------------------------------------------


@dataclass(kw_only=True)
class ToneVoice(ScriptedVoice):
    """A `ScriptedVoice` that gives every word its own pitch."""

    words: Vocabulary
    rate_hz: int = 8000

    def utter(self, speaking: Speaking) -> "ToneUtterance":
        fault = self.faults.popleft() if self.faults else None
        self.begun += 1
        return ToneUtterance(self, 0.0, fault, speaking.speed)


class ToneUtterance(HummedUtterance):
    def _hum(self, clause: str) -> tuple[NDArray[np.int16], list[SpokenWord]]:
        voice = self._voice
        assert isinstance(voice, ToneVoice)
        gap = np.zeros(round(GAP_S * voice.rate_hz))
        parts, times, at = [gap], [], len(gap)
        for word in clause.split():
            length = round(length_s(word) * voice.rate_hz)
            swell = np.minimum(1.0, np.minimum(np.arange(length), np.arange(length)[::-1]) / 40)
            hz = voice.words.pitch_hz(word)
            parts += [
                8000 * swell * np.sin(2 * np.pi * hz / voice.rate_hz * np.arange(length)),
                gap,
            ]
            times.append(SpokenWord(text=word, start=at, end=at + length))
            at += length + len(gap)
        return np.concatenate(parts).astype(np.int16), times


# --- listening -------------------------------------------------------------------------------


class _Program:
    name = "tones"


class ToneEngine:
    """What `UtteranceRecognition` needs of a child process."""

    def __init__(self, recogniser: "ToneRecogniser") -> None:
        self._recogniser = recogniser
        self.program = _Program()

    def ask(self, fields: dict[str, Any], pcm: bytes, urgency: Urgency) -> Job:
        job = Job(0, lambda _: None, lambda *_: None)
        job.at_work = True
        delay_s = self._recogniser.delay_s
        asyncio.get_running_loop().call_later(delay_s, self._answer, job, pcm, fields)
        return job

    def _answer(self, job: Job, pcm: bytes, fields: dict[str, Any]) -> None:
        if job.over:
            return
        if (error := self._recogniser.trouble()) is not None:
            job.end(error)
            return
        heard = read(pcm, fields["rate_hz"], self._recogniser.words)
        tones = [tone for tone in heard if tone.share > 0.6]
        words = [[tone.text, tone.start_s, tone.end_s, 1.0] for tone in tones]
        text = " ".join(tone.text for tone in tones)
        job.hear(Answer({"text": text, "words": words, "confidence": 1.0}, b""))
        job.end(None)


@dataclass(kw_only=True)
class ToneRecogniser:
    """A `Recogniser` that reads tones, by the code that local recognisers share."""

    clock: Clock
    words: Vocabulary
    delay_s: float = 0.03
    name: str = "tones"
    rates_hz: tuple[int, ...] = (16_000,)
    dies_at: deque[float] = field(default_factory=deque)
    """From each of these times on one reading fails, and the recognition with it."""
    refuses: deque[ProviderError] = field(default_factory=deque)
    """Raised by `listen`, one each."""
    opened: int = 0
    fed_samples: int = 0
    """By the newest recognition."""

    async def start(self) -> None:
        """Nothing to load."""

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> Recognition:
        if self.refuses:
            raise self.refuses.popleft()
        self.opened += 1
        return UtteranceRecognition(ToneEngine(self), hearing, tell)  # type: ignore[arg-type]

    def trouble(self) -> AntiphonError | None:
        if self.dies_at and self.clock.now() >= self.dies_at[0]:
            self.dies_at.popleft()
            return Unavailable("the engine died", provider=self.name)
        return None

    async def aclose(self) -> None:
        """Nothing to give back."""


@dataclass(kw_only=True)
class ToneEndpoint:
    """An end-of-turn model that hears whether a sentence is complete."""

    clock: Clock
    words: Vocabulary
    delay_s: float = 0.04
    faults: deque[ProviderError] = field(default_factory=deque)
    name: str = "tones"

    async def start(self) -> None:
        """Nothing to load."""

    async def score(self, pcm_16k: bytes) -> float:
        await self.clock.sleep_until(self.clock.now() + self.delay_s)
        if self.faults:
            raise self.faults.popleft()
        tones = read(pcm_16k, 16000, self.words)
        return 0.95 if tones and tones[-1].text[-1] in ".?!" else 0.1

    async def aclose(self) -> None:
        """Nothing to give back."""
