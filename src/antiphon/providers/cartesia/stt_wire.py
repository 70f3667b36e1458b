"""``/stt/websocket``: what a client and the server of Ink say to each other, beside raw audio.

Pure, and both ends. The shapes are those of the vendor's published client (version 4.2); nobody
here has seen the live service. The client's messages are bare words, not JSON.
"""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from antiphon.net import frames
from antiphon.net.frames import Unknown, encode

__all__ = [
    "CLOSE",
    "ENCODINGS",
    "FINALIZE",
    "Done",
    "Error",
    "FlushDone",
    "ServerMessage",
    "Transcript",
    "Word",
    "decode_server",
    "encode",
    "singly",
]

FINALIZE: Final = "finalize"
"""Transcribe what you have, then tell `FlushDone`."""
CLOSE: Final = "close"
"""The same, then tell `Done` and close."""
ENCODINGS: Final = {"pcm16": "pcm_s16le", "mulaw": "pcm_mulaw", "alaw": "pcm_alaw"}


class Word(Struct, frozen=True, omit_defaults=True):
    """One word, in seconds. Since the first sample received, as we read it: *unconfirmed*. So
    LiveKit's plugin reads it; the vendor's client describes several in one, as lists. `singly`
    makes one of both."""

    word: str = ""
    start: float | tuple[float, ...] = 0.0
    end: float | tuple[float, ...] = 0.0
    words: tuple[str, ...] = ()


class Transcript(Struct, frozen=True, tag="transcript", tag_field="type", omit_defaults=True):
    """What is made of the audio since the last one that is final. Its text is joined to what came
    before as it is: spaces are in it."""

    request_id: str
    text: str
    is_final: bool
    duration: float | None = None
    """Of the audio it was made of."""
    language: str | None = None
    words: tuple[Word, ...] | None = None
    """Whether Ink-2 tells any is *unconfirmed*."""


class FlushDone(Struct, frozen=True, tag="flush_done", tag_field="type"):
    """All audio before a ``finalize`` has been transcribed."""

    request_id: str


class Done(Struct, frozen=True, tag="done", tag_field="type"):
    """All audio has been transcribed."""

    request_id: str


class Error(Struct, frozen=True, tag="error", tag_field="type", omit_defaults=True, kw_only=True):
    """Something failed."""

    title: str
    message: str
    status_code: int
    error_code: str | None = None
    request_id: str | None = None


ServerMessage: TypeAlias = Transcript | FlushDone | Done | Error | Unknown

_server: Final = msgspec.json.Decoder(Transcript | FlushDone | Done | Error)
_KINDS: Final = frozenset({"transcript", "flush_done", "done", "error"})


def singly(words: Iterable[Word]) -> Iterator[tuple[str, float, float]]:
    """Each word with its start and end; what does not fit together is left out."""
    for each in words:
        start, end = each.start, each.end
        if isinstance(start, tuple) and isinstance(end, tuple):
            yield from zip(each.words, start, end, strict=False)
        elif not isinstance(start, tuple) and not isinstance(end, tuple) and each.word:
            yield each.word, start, end


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    return frames.decode(_server, _KINDS, text)
