"""The sandbox's voice as ElevenLabs sends it: audio in its formats, characters in their places."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from antiphon.audio.words import estimate_words
from antiphon.sandbox.elevenlabs.alignment import Aligned, Character
from antiphon.sandbox.mouth import ENCODERS, Timed, speech
from antiphon.sandbox.vendor import Means

__all__ = ["FORMATS", "MODELS", "Sounding", "spoken"]

FORMATS: Final[dict[str, tuple[int, str]]] = {
    **{
        f"pcm_{hz}": (hz, "linear16")
        for hz in (8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
    },
    "ulaw_8000": (8000, "mulaw"),
    "alaw_8000": (8000, "alaw"),
}
"""What the sandbox can send: rate, and our name of the encoding. The vendor knows mp3 and opus
too, and mp3 is its default."""
MODELS: Final = (
    "eleven_flash_v2_5",
    "eleven_flash_v2",
    "eleven_turbo_v2_5",
    "eleven_turbo_v2",
    "eleven_multilingual_v2",
    "eleven_monolingual_v1",
)


@dataclass(frozen=True, slots=True)
class Sounding:
    """A piece of speech."""

    audio: bytes
    chars: list[Character]
    """That begin in it, in seconds of the text's audio."""
    from_s: float
    """Where it begins."""


async def spoken(
    means: Means, text: str, output_format: str, speed: float
) -> AsyncGenerator[Sounding, None]:
    """A text's speech. Raises a `ProviderError` where the voice behind it fails."""
    rate_hz, encoding = FORMATS[output_format]
    aligned, at_s, timed = Aligned(text), 0.0, False
    waiting: list[Timed] = []

    def sounding(piece: Timed, *, last: bool) -> Sounding:
        nonlocal at_s
        from_s, at_s = at_s, at_s + len(piece.pcm) / 2 / rate_hz
        chars = aligned.take(piece.words, at_s, last=last)
        return Sounding(ENCODERS[encoding](piece.pcm), chars, from_s)

    async for piece in speech(means, text, rate_hz, speed):
        waiting.append(piece)
        timed = timed or bool(piece.words)
        while timed and len(waiting) > 1:
            yield sounding(waiting.pop(0), last=False)
    if waiting and not timed:
        samples = sum(len(piece.pcm) // 2 for piece in waiting)
        guessed = tuple(
            (word.text, word.start_sample / rate_hz, word.end_sample / rate_hz)
            for word in estimate_words(text, samples)
        )
        waiting[0] = Timed(waiting[0].pcm, guessed)
    while waiting:
        piece = waiting.pop(0)
        yield sounding(piece, last=not waiting)
