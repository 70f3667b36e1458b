"""What helps a model to read a call's audio: its language, words to expect. Models differ in how
they are told."""

from dataclasses import dataclass

from antiphon.net.child_job import sendable
from antiphon.ports.stt import Hearing

__all__ = ["Hints", "hints"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What is None is not sent."""

    language: str | None = None
    languages: tuple[str, ...] | None = None
    keywords: tuple[str, ...] | None = None
    prompt: str | None = None


def hints(model: str, hearing: Hearing, *, language: str | None, prompt: str | None) -> Hints:
    """``language`` and ``prompt`` are the settings'. A model that cannot be told several languages
    is told none, and finds out."""
    code = language or (None if hearing.detect else _code(hearing.language))
    codes = (code,) if code else tuple(dict.fromkeys(map(_code, hearing.detect)))
    terms = tuple(sendable(term) for term in hearing.keyterms)
    if model.startswith(("gpt-transcribe", "gpt-live-transcribe")):
        # By the vendor's client only these take the plurals.
        return Hints(languages=codes, keywords=terms or None, prompt=prompt)
    if model.startswith("gpt-realtime-whisper"):
        return Hints(language=code, prompt=prompt)
    return Hints(language=code, prompt=prompt or ", ".join(terms) or None)


def _code(language: str) -> str:
    return language.partition("-")[0]
