"""The voices that OpenAI has written down; its interface has no list of them."""

from typing import Final

from antiphon.net.cloning import KnownVoice, NamedVoices

__all__ = ["SOURCE", "VOICES"]

SOURCE: Final = (
    "built-in voices as the vendor's client 3.52.0 documents them (2026-11); each speaks every"
    " language, tts-1 and tts-1-hd know fewer (unconfirmed); custom voices (voice_...) are on the"
    " vendor's site"
)
NAMES: Final = "alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar".split()
VOICES: Final = NamedVoices(
    name="openai/speech", known=tuple(KnownVoice(id=name, name=name) for name in NAMES)
)
