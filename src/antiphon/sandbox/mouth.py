"""How a pretended vendor speaks: a voice behind it, at the rate and in the encoding asked for.

Lives here: `speech`, for every vendor. Must not live here: any vendor's messages.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final

from antiphon.audio import g711
from antiphon.audio.resample import Resampler
from antiphon.net.clauses import speakable
from antiphon.ports.tts import Speaking, Synthesiser
from antiphon.sandbox.vendor import Means

__all__ = ["ENCODERS", "Timed", "speech"]

ENCODERS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "linear16": lambda pcm: pcm,
    "mulaw": g711.encode_mulaw,
    "alaw": g711.encode_alaw,
}
"""What the sandbox can send; the vendors know more."""


@dataclass(frozen=True, slots=True)
class Timed:
    """A piece of speech, PCM16 at the rate asked for, and the words that begin in it, in seconds
    since the speech began."""

    pcm: bytes
    words: tuple[tuple[str, float, float], ...] = ()


async def speech(
    means: Means, text: str, rate_hz: int, speed: float = 1.0
) -> AsyncGenerator[Timed, None]:
    """A text's speech, piece by piece; nothing where there is nothing to say. Raises a
    `ProviderError` where the voice behind it fails."""
    if not speakable(text):
        return
    voice: Synthesiser = means.voice
    utterance = voice.utter(Speaking(speed=speed))
    utterance.say(text)
    utterance.end()
    resampler = Resampler(voice.rate_hz, rate_hz)
    async for piece in utterance.audio():
        words = tuple(
            (word.text, word.start / voice.rate_hz, word.end / voice.rate_hz)
            for word in piece.words
        )
        if (pcm := resampler.feed(piece.pcm)) or words:
            yield Timed(pcm, words)
    if rest := resampler.flush():
        yield Timed(rest)
