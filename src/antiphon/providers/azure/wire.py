"""``POST /cognitiveservices/v1``: what is to be said, as SSML, and back.

Pure, and both ends. The shapes are those of the vendor's documentation of its REST interface;
nobody here has seen the live service.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from antiphon.errors import RemoteProtocolError
from antiphon.net.clauses import stressed

__all__ = [
    "FORMATS",
    "MULAW_FORMAT",
    "SPEECH_PATH",
    "VOICES_PATH",
    "Said",
    "decode",
    "encode",
    "locale",
]

SPEECH_PATH: Final = "/cognitiveservices/v1"
VOICES_PATH: Final = "/cognitiveservices/voices/list"
FORMATS: Final = {
    8_000: "raw-8khz-16bit-mono-pcm",
    16_000: "raw-16khz-16bit-mono-pcm",
    22_050: "raw-22050hz-16bit-mono-pcm",
    24_000: "raw-24khz-16bit-mono-pcm",
    44_100: "raw-44100hz-16bit-mono-pcm",
    48_000: "raw-48khz-16bit-mono-pcm",
}
"""What ``X-Microsoft-OutputFormat`` says for PCM16 of a rate."""
MULAW_FORMAT: Final = "raw-8khz-8bit-mono-mulaw"
SSML: Final = "http://www.w3.org/2001/10/synthesis"
MSTTS: Final = "https://www.w3.org/2001/mstts"
"""The vendor's own tags; many clients write http."""
LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
DOCUMENT_BYTES: Final = 64 << 10
"""The most one document may be. *Unconfirmed* for this interface."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is to be said, and how."""

    text: str
    voice: str
    """``en-US-AvaNeural``; its name begins with its own locale."""
    speed: float = 1.0
    """Told in whole percents. The vendor takes 0.5 to 2."""
    language: str = ""
    """A locale the voice is to speak instead of its own, where it knows several."""
    style: str = ""
    """One the voice has; any other is ignored by the vendor."""
    pitch_semitones: float = 0.0
    """The vendor takes half the pitch to one and a half times."""
    stress: tuple[int, ...] = ()
    """Words to be stressed, by number."""


def locale(voice: str) -> str:
    """A voice's own: its name's first two parts (``zh-CN-XiaoxiaoNeural``). A voice named
    otherwise gets ``en-US``: a document must name one, and the voice decides anyway."""
    parts = voice.split("-")
    return "-".join(parts[:2]) if len(parts) > 2 else "en-US"


def encode(said: Said) -> bytes:
    """As the body of a request. What XML cannot hold is left out."""
    text = escape("".join(letter for letter in said.text if _allowed(letter)))
    # Entities have no spaces, so the words are still the same.
    text = stressed(text, said.stress, lambda word: f'<emphasis level="strong">{word}</emphasis>')
    if said.language:
        text = f"<lang xml:lang={quoteattr(said.language)}>{text}</lang>"
    if prosody := _prosody(said):
        text = f"<prosody{prosody}>{text}</prosody>"
    more = ""
    if style := "".join(letter for letter in said.style if _allowed(letter)):
        more = f' xmlns:mstts="{MSTTS}"'
        text = f"<mstts:express-as style={quoteattr(style)}>{text}</mstts:express-as>"
    return (
        f'<speak version="1.0" xmlns="{SSML}"{more} xml:lang={quoteattr(locale(said.voice))}>'
        f"<voice name={quoteattr(said.voice)}>{text}</voice></speak>"
    ).encode()


def _prosody(said: Said) -> str:
    percent = round((said.speed - 1) * 100)
    rate = f' rate="{percent:+d}%"' if percent else ""
    pitch = f' pitch="{said.pitch_semitones:+g}st"' if said.pitch_semitones else ""
    return rate + pitch


def decode(body: bytes) -> Said:
    """What a client wants said. Raises `RemoteProtocolError`."""
    if len(body) > DOCUMENT_BYTES or b"<!" in body:
        raise RemoteProtocolError("too long, or with declarations of its own")
    try:
        root = ET.fromstring(body)
    except (ET.ParseError, ValueError) as error:
        raise RemoteProtocolError(f"not XML: {error}") from None
    voice = root.find(f"{{{SSML}}}voice")
    if root.tag != f"{{{SSML}}}speak" or voice is None or not voice.get("name"):
        raise RemoteProtocolError("a speak element with a voice in it is wanted")
    if not root.get(LANG):
        raise RemoteProtocolError("xml:lang is missing")
    prosody = voice.find(f".//{{{SSML}}}prosody")
    express = voice.find(f".//{{{MSTTS}}}express-as")
    language = voice.find(f".//{{{SSML}}}lang")
    return Said(
        text="".join(voice.itertext()),
        voice=voice.get("name", ""),
        speed=1.0 if prosody is None else _speed(prosody.get("rate", "")),
        language="" if language is None else language.get(LANG, ""),
        style="" if express is None else express.get("style", ""),
        pitch_semitones=0.0 if prosody is None else _semitones(prosody.get("pitch", "")),
        stress=_stress(voice),
    )


def _stress(voice: ET.Element) -> tuple[int, ...]:
    """Which words stand in an emphasis of their own."""
    found: list[int] = []
    before = ""
    for element, text in _runs(voice):
        words = len(text.split())
        if element.tag == f"{{{SSML}}}emphasis":
            at = len(before.split())
            found += range(at, at + words)
        before += text
    return tuple(found)


def _runs(element: ET.Element) -> Iterator[tuple[ET.Element, str]]:
    """All text, and the element each stretch of it stands in."""
    yield element, element.text or ""
    for inner in element:
        yield from _runs(inner)
        yield element, inner.tail or ""


def _semitones(pitch: str) -> float:
    """``+2st`` or nothing; the other forms mean nothing here."""
    try:
        return float(pitch.removesuffix("st")) if pitch.endswith("st") else 0.0
    except ValueError:
        return 0.0


def _speed(rate: str) -> float:
    """``+20%``, ``1.2`` or nothing; the words (``fast``) mean nothing here."""
    try:
        return 1 + float(rate[:-1]) / 100 if rate.endswith("%") else float(rate or "1")
    except ValueError:
        return 1.0


def _allowed(letter: str) -> bool:
    """Whether XML 1.0 has the character."""
    return (
        letter in "\t\n\r"
        or " " <= letter <= "\ud7ff"
        or "\ue000" <= letter <= "\ufffd"
        or letter >= "\U00010000"
    )
