"""``POST /inference``: what a client and the server of whisper.cpp say to each other.

Pure, and both ends. The form and the answer (``verbose_json``) are those of the server's published
source. The server itself, built from the source of August 2026, took the form and gave the
outline of the answer and the refusals, but with a model that hears nothing: segments and their
words are *unconfirmed*.

The answer's *words* are tokens of the model: a word of one's own begins where one begins with a
space. Their times are rough, and negative where the server did not look for any.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import UNSET, Struct, UnsetType

from antiphon.net import frames

__all__ = [
    "AUTO",
    "FORM",
    "INVALID",
    "PATH",
    "Heard",
    "Inference",
    "Segment",
    "Text",
    "Token",
    "code",
    "decode",
    "encode",
    "form",
    "heard",
]

PATH: Final = "/inference"
INVALID: Final = "Invalid request"
"""The whole body of every 400: whatever was wrong, the server says this."""
FORM: Final[Mapping[str, str]] = {
    "response_format": "verbose_json",
    "temperature": "0.0",
    # No second tries at a higher temperature: each costs as much as the first.
    "temperature_inc": "0.0",
    # Guessing the language again costs as much as the reading.
    "no_language_probabilities": "true",
    # Neither "[BLANK_AUDIO]" nor "(music)"; once under one name, now under the other.
    "suppress_non_speech": "true",
    "suppress_nst": "true",
}
"""Sent with every recording; a server that does not know a field lets it pass."""
AUTO: Final = "auto"
"""In place of a language: the model guesses it, and the answer tells which."""
NAMES: Final[Mapping[str, str]] = dict(
    pair.split("=")
    for pair in (
        "english=en chinese=zh german=de spanish=es russian=ru korean=ko french=fr japanese=ja"
        " portuguese=pt turkish=tr polish=pl catalan=ca dutch=nl arabic=ar swedish=sv italian=it"
        " indonesian=id hindi=hi finnish=fi vietnamese=vi hebrew=he ukrainian=uk greek=el malay=ms"
        " czech=cs romanian=ro danish=da hungarian=hu tamil=ta norwegian=no thai=th urdu=ur"
        " croatian=hr bulgarian=bg lithuanian=lt latin=la welsh=cy slovak=sk telugu=te persian=fa"
        " latvian=lv bengali=bn serbian=sr azerbaijani=az slovenian=sl kannada=kn estonian=et"
        " macedonian=mk breton=br basque=eu icelandic=is armenian=hy nepali=ne mongolian=mn"
        " bosnian=bs kazakh=kk albanian=sq swahili=sw galician=gl marathi=mr punjabi=pa khmer=km"
        " shona=sn yoruba=yo somali=so afrikaans=af georgian=ka belarusian=be tajik=tg sindhi=sd"
        " gujarati=gu amharic=am yiddish=yi lao=lo uzbek=uz faroese=fo pashto=ps turkmen=tk"
        " nynorsk=nn maltese=mt sanskrit=sa luxembourgish=lb myanmar=my tibetan=bo tagalog=tl"
        " malagasy=mg assamese=as tatar=tt lingala=ln hausa=ha bashkir=ba javanese=jw sundanese=su"
    ).split()
)
"""What the model calls its languages in an answer, and in a form."""
ASIDE: Final = re.compile(r"\s*(\[[^\]]*\]|\([^)]*\)|\*[^*]*\*)\s*")
"""Not said but described: ``[BLANK_AUDIO]``, ``(silence)``, ``*sighs*``."""


class Token(Struct, frozen=True, omit_defaults=True):
    """What the answer calls a word, in seconds since the first sample."""

    word: str
    start: float = -1.0
    end: float = -1.0
    probability: float = 1.0


class Segment(Struct, frozen=True):
    """A stretch that was read as one, in seconds."""

    id: int
    text: str
    start: float | UnsetType = UNSET
    end: float | UnsetType = UNSET
    words: tuple[Token, ...] = ()
    tokens: tuple[int, ...] = ()
    temperature: float = 0.0
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0


class Inference(Struct, frozen=True):
    """The answer."""

    task: str
    language: str
    """Its English name: ``german``."""
    duration: float
    text: str
    """All segments, one a line."""
    segments: tuple[Segment, ...]


class Text(Struct, frozen=True):
    """The answer where ``response_format`` is ``json``, as it is if nobody asks for another."""

    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer says, as the rest of us needs it."""

    text: str
    confidence: float
    words: tuple[tuple[str, float, float, float], ...]
    """Text, start, end, confidence; empty where the times are not known."""
    language: str = ""
    """As the answer names it; empty where nothing was said."""


_answer: Final = msgspec.json.Decoder(Inference)


def form(language: str, keyterms: tuple[str, ...]) -> dict[str, str]:
    """The fields beside the file. Words worth expecting go where Whisper looks for what was said
    before; the server knows no better place."""
    fields = {**FORM, "language": language.split("-", maxsplit=1)[0].lower()}
    return {**fields, "prompt": ", ".join(keyterms)} if keyterms else fields


def encode(message: Struct) -> bytes:
    """An answer, from the server's end."""
    return frames.encode(message).encode()


def decode(body: bytes) -> Inference:
    """An answer. Raises `RemoteProtocolError`."""
    return frames.decode_as(_answer, body)


def heard(answer: Inference) -> Heard:
    """What was said, without what was only described."""
    said = [segment for segment in answer.segments if not ASIDE.fullmatch(segment.text)]
    log_sure = sum(segment.avg_logprob for segment in said) / max(1, len(said))
    tokens = [token for segment in said for token in segment.words]
    timed = bool(tokens) and min(token.start for token in tokens) >= 0
    return Heard(
        text=" ".join(segment.text.strip() for segment in said).strip(),
        confidence=min(1.0, math.exp(min(0.0, log_sure))),
        words=_words(tokens) if timed else (),
        language=answer.language if said else "",
    )


def code(name: str) -> str:
    """A language as a form names it; one that is not known keeps its name."""
    return NAMES.get(name.lower(), name)


def _words(tokens: list[Token]) -> tuple[tuple[str, float, float, float], ...]:
    words: list[tuple[str, float, float, float]] = []
    for token in tokens:
        text = token.word
        if words and not text.startswith(" "):
            before, start, end, sure = words[-1]
            words[-1] = (before + text, start, max(end, token.end), min(sure, token.probability))
        elif text.strip():
            words.append((text.strip(), token.start, token.end, token.probability))
    return tuple(words)
