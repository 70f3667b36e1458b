"""Clouds that are pretended at their SDK's boundary: what the pretended ones share.

    cloud = GoogleCloud(says={300: "Ever tried, ever failed.", 600: "No matter, try again."})
    engine = SpeechRecogniser(settings, cloud.speech_sdk)

`antiphon.testing.cloud_google`, `cloud_aws` and `cloud_azure` stand where an adapter would load the
vendor's package, which need not be installed. They hear humming: each pitch stands for a line, so
that a line is known wherever a stream is cut. Lives here: faults, and the ear. Must not live here:
any vendor's types.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from antiphon.audio import g711
from antiphon.audio.words import estimate_words
from antiphon.events import Word

__all__ = ["Cloud", "HumEar", "Reading", "Trouble", "Victim"]

DECODERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "LINEAR16": bytes,
    "MULAW": g711.decode_mulaw,
    "ALAW": g711.decode_alaw,
}
WINDOW_S: Final = 0.02
LOUD: Final = 500.0
TELL_EVERY_S: Final = 0.2
PAUSE_S: Final = 0.4
"""After so much silence the vendor closes a phrase by itself."""
WORD_S: Final = 0.3
"""A word comes out every so often while the sound goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What befalls one stream or request."""

    refuse: int = 0
    """As HTTP would say it: 403, 429, 503; the fake says it as its SDK does."""
    retry_after_s: int | None = None
    """Told with a refusal, where the SDK has a way to."""
    after: int = 0
    """So many answers go well before what follows here."""
    vanish: bool = False
    stall: bool = False


class Victim(Protocol):
    """A stream that may be lost."""

    def lose(self) -> None: ...


@dataclass(kw_only=True)
class Cloud:
    """What all of them have."""

    language: str = ""
    """Heard where several may be; empty: the first of them."""
    key: str = "a-very-secret-key"
    """Any other is refused."""
    says: Mapping[float, str] = field(default_factory=lambda: {300.0: "hello"})
    """What a hum stands for, by its pitch in Hz."""
    troubles: deque[Trouble] = field(default_factory=deque)
    """For the next streams or requests, one each."""
    always: Trouble = Trouble()
    """For all others."""
    asked: list[object] = field(default_factory=list)
    """What every stream or request was opened with."""
    heard: list[bytearray] = field(default_factory=list)
    """The audio of every stream."""
    open: list[Victim] = field(default_factory=list)
    """Streams that have not ended."""

    def befalls(self) -> Trouble:
        """The trouble of the stream that is being opened."""
        return self.troubles.popleft() if self.troubles else self.always

    def vanish(self) -> None:
        """All that is open is lost."""
        for victim in list(self.open):
            victim.lose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was heard of a stretch of sound, in seconds of the stream."""

    start_s: float
    end_s: float
    words: tuple[Word, ...]
    closed: bool

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(slots=True)
class _Hum:
    start: int
    end: int
    crossings: int = 0


class HumEar:
    """Listens to one stream. Everything is known while it is fed."""

    def __init__(self, cloud: Cloud, rate_hz: int, encoding: str) -> None:
        """``encoding``: LINEAR16, MULAW or ALAW."""
        self._says, self._rate_hz = cloud.says, rate_hz
        self._decode = DECODERS[encoding]
        self._window = round(WINDOW_S * rate_hz)
        self._rest: NDArray[np.int16] = np.zeros(0, np.int16)
        self._bytes = bytearray()
        cloud.heard.append(self._bytes)
        self._samples = 0
        self._told_at = 0
        self._told = ""
        self._hums: list[_Hum] = []
        """Of the phrase that is open."""

    def feed(self, data: bytes) -> list[Reading]:
        """More audio; returns what is to be told."""
        self._bytes += data
        samples = np.frombuffer(self._decode(data), np.int16)
        whole = np.concatenate([self._rest, samples])
        cut = len(whole) - len(whole) % self._window
        self._rest = whole[cut:]
        told: list[Reading] = []
        for window in whole[:cut].reshape(-1, self._window):
            told += self._hear(window)
        return told

    def finish(self) -> list[Reading]:
        """The last word."""
        return [self._close()] if self._hums else []

    def _hear(self, window: NDArray[np.int16]) -> list[Reading]:
        start, self._samples = self._samples, self._samples + len(window)
        if float(np.sqrt(np.mean(np.square(window.astype(np.float64))))) > LOUD:
            if not self._hums or self._hums[-1].end < start - len(window):
                self._hums.append(_Hum(start, start))
            self._hums[-1].end = self._samples
            self._hums[-1].crossings += int(np.count_nonzero(np.diff(np.signbit(window))))
        if not self._hums:
            return []
        if self._samples - self._hums[-1].end >= PAUSE_S * self._rate_hz:
            return [self._close()]
        reading = self._reading(closed=False)
        due = self._samples - self._told_at >= TELL_EVERY_S * self._rate_hz
        if not due or reading.text == self._told:
            return []
        self._told, self._told_at = reading.text, self._samples
        return [reading]

    def _close(self) -> Reading:
        reading = self._reading(closed=True)
        self._hums.clear()
        self._told = ""
        return reading

    def _reading(self, *, closed: bool) -> Reading:
        words = tuple(word for hum in self._hums for word in self._words(hum, closed))
        start, end = self._hums[0].start, self._hums[-1].end
        return Reading(
            start_s=start / self._rate_hz, end_s=end / self._rate_hz, words=words, closed=closed
        )

    def _words(self, hum: _Hum, closed: bool) -> list[Word]:
        length_s = (hum.end - hum.start) / self._rate_hz
        pitch_hz = hum.crossings / 2 / length_s
        line = self._says[min(self._says, key=lambda known: abs(known - pitch_hz))]
        placed = [
            Word(
                text=word.text,
                start_s=(hum.start + word.start_sample) / self._rate_hz,
                end_s=(hum.start + word.end_sample) / self._rate_hz,
            )
            for word in estimate_words(line, hum.end - hum.start)
        ]
        over = closed or hum.end < self._samples
        return placed if over else placed[: int(length_s / WORD_S)]
