"""How a pretended vendor hears: decoded audio, its own voice activity, and a recogniser behind.

Lives here: `Listener` (from a client's bytes to a `Recognition` that is told where speech is) and
`ScriptedEars`, a recogniser that knows beforehand what will be said and lets it come out while
sound is heard. Must not live here: any vendor's messages.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from antiphon.audio import g711
from antiphon.audio.resample import Resampler, to_float
from antiphon.audio.words import estimate_words
from antiphon.events import SpeechStarted, SpeechStopped, TranscriptChanged, Word
from antiphon.media.edges import Edges
from antiphon.media.energy import EnergyVad
from antiphon.ports.stt import Heard, Hearing, Recogniser

__all__ = ["ENCODINGS", "RATE_HZ", "Listener", "Said", "ScriptedEars"]

RATE_HZ: Final = 16_000
ENCODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "linear16": lambda data: data,
    "mulaw": g711.decode_mulaw,
    "alaw": g711.decode_alaw,
}
"""What the sandbox can read; the vendors know more."""
SAME_UTTERANCE_S: Final = 0.4
"""A shorter pause is a breath."""
WORD_S: Final = 0.3
"""A scripted word comes out every so often while sound goes on."""


class Listener:
    """One connection's ear."""

    def __init__(
        self, ears: Recogniser, hearing: Hearing, encoding: str, tell: Callable[[Heard], None]
    ) -> None:
        self._decode = ENCODINGS[encoding]
        self._resampler = Resampler(hearing.rate_hz, RATE_HZ)
        inner = replace(hearing, rate_hz=RATE_HZ, encoding="pcm16")
        self.recognition = ears.listen(inner, tell)
        self._vad, self._edges = EnergyVad(), Edges(512 / RATE_HZ)
        self._slot = self._vad.open()
        self._rest = b""
        self._windows = 0
        self._bytes = 0
        self._rate_hz = hearing.rate_hz
        self._width = 2 if encoding == "linear16" else 1
        self.voice_since_s: float | None = None
        """When the voice began that goes on now."""
        self.quiet_since_s = 0.0
        """When the last one ended."""

    @property
    def heard_s(self) -> float:
        """How much audio came."""
        return self._bytes / self._width / self._rate_hz

    def feed(self, data: bytes) -> list[SpeechStarted | SpeechStopped]:
        """More of the client's audio; returns the edges of speech in it."""
        self._bytes += len(data)
        pcm = self._resampler.feed(self._decode(data))
        if pcm:
            self.recognition.feed(pcm)
        self._rest += pcm
        found: list[SpeechStarted | SpeechStopped] = []
        while len(self._rest) >= 1024:
            window, self._rest = to_float(self._rest[:1024]), self._rest[1024:]
            self._windows += 1
            score = self._vad.score(np.asarray([window]), [self._slot], RATE_HZ)[0]
            found += self._edges.push(float(score), self._windows * 512 / RATE_HZ)
        for edge in found:
            self.recognition.voice(edge)
            started = isinstance(edge, SpeechStarted)
            self.voice_since_s = edge.at_s if started else None
            self.quiet_since_s = self.quiet_since_s if started else edge.at_s
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line with what an ear may know beside its words."""

    text: str
    language: str = ""
    speakers: tuple[int, ...] = ()
    """Of each word who says it, the last one all that follow; empty: not known."""

    def by(self, word: int) -> int | None:
        """Who says a word."""
        return self.speakers[min(word, len(self.speakers) - 1)] if self.speakers else None


class ScriptedEars:
    """A `Recogniser` whose every recognition hears the same lines, one for each stretch of sound,
    and from the first again after the last."""

    name = "scripted"
    rates_hz = (RATE_HZ,)

    def __init__(self, says: Sequence[str | Said]) -> None:
        lines = tuple(says) or ("hello",)
        self._says = tuple(Said(text=line) if isinstance(line, str) else line for line in lines)

    async def start(self) -> None:
        """Nothing to load."""

    def listen(self, hearing: Hearing, tell: Callable[[Heard], None]) -> "_ScriptedEar":
        return _ScriptedEar(self._says, hearing, tell)

    async def aclose(self) -> None:
        """Nothing to give back."""


class _ScriptedEar:
    def __init__(
        self, says: Sequence[Said], hearing: Hearing, tell: Callable[[Heard], None]
    ) -> None:
        self._says, self._rate_hz, self._tell = says, hearing.rate_hz, tell
        self._fed = 0
        self._line = -1
        self._spoken: list[tuple[Said, float, float]] = []
        """Lines of the segment that are over, and where they lay."""
        self._start_s: float | None = None
        self._stop_s = -1.0
        self._segment = 0
        self._told = ""

    def feed(self, pcm: bytes) -> None:
        self._fed += len(pcm) // 2
        self._say(final=False)

    def voice(self, edge: SpeechStarted | SpeechStopped) -> None:
        if isinstance(edge, SpeechStopped):
            self._stop_s = edge.at_s
        elif self._start_s is not None and edge.at_s - self._stop_s < SAME_UTTERANCE_S:
            self._stop_s = -1.0
        else:
            self._put_away()
            self._line += 1
            self._start_s, self._stop_s = edge.at_s, -1.0

    def finalise(self, until_s: float) -> None:
        self._say(final=True)

    def forget(self, until_s: float) -> None:
        self._put_away()
        self._spoken.clear()
        self._segment += 1
        self._told = ""

    async def run(self) -> None:
        """There is nothing to wait for: everything is told while audio is fed."""

    def _put_away(self) -> None:
        if self._start_s is not None and self._stop_s >= 0:
            line = self._says[self._line % len(self._says)]
            self._spoken.append((line, self._start_s, self._stop_s))
            self._start_s = None

    def _say(self, *, final: bool) -> None:
        words = [word for spoken in self._spoken for word in _placed(*spoken)]
        if self._start_s is not None:
            words += self._so_far(self._start_s)
        told = [said for said, _, _ in self._spoken]
        told += [self._says[self._line % len(self._says)]] if self._start_s is not None else []
        text = " ".join(word.text for word in words)
        if not final and text == self._told:
            return
        self._told = text
        now_s = self._fed / self._rate_hz
        self._tell(
            TranscriptChanged(
                segment=self._segment,
                text=text,
                start_s=words[0].start_s if words else now_s,
                end_s=now_s,
                final=final,
                words=tuple(words),
                language=next((said.language for said in reversed(told) if said.language), ""),
            )
        )

    def _so_far(self, start_s: float) -> list[Word]:
        line = self._says[self._line % len(self._says)]
        if self._stop_s >= 0:
            return _placed(line, start_s, self._stop_s)
        words = line.text.split()[: int((self._fed / self._rate_hz - start_s) / WORD_S)]
        return [
            Word(
                text=word,
                start_s=start_s + n * WORD_S,
                end_s=start_s + (n + 1) * WORD_S,
                speaker=line.by(n),
            )
            for n, word in enumerate(words)
        ]


def _placed(line: Said, start_s: float, end_s: float) -> list[Word]:
    """The line's words, spread over the sound that stood for it."""
    samples = round((end_s - start_s) * RATE_HZ)
    return [
        Word(
            text=word.text,
            start_s=start_s + word.start_sample / RATE_HZ,
            end_s=start_s + word.end_sample / RATE_HZ,
            speaker=line.by(n),
        )
        for n, word in enumerate(estimate_words(line.text, samples))
    ]
