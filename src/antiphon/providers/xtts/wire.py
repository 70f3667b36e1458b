"""The XTTS streaming server's requests and answers.

Pure, and both ends. The shapes are those of the published server's own source
(coqui-ai/xtts-streaming-server): speech comes as 24 kHz PCM16, and a voice is nothing but two
arrays of numbers that go along with every text.
"""

from typing import Final

import msgspec
from msgspec import Raw, Struct

from antiphon.errors import LocalProtocolError, RemoteProtocolError
from antiphon.net import frames

__all__ = [
    "LATENT_WIDTH",
    "RATE_HZ",
    "Speaker",
    "Stream",
    "decode_speaker",
    "decode_speakers",
    "decode_stream",
    "encode",
    "encode_speakers",
    "stream",
]

RATE_HZ: Final = 24_000
LATENT_WIDTH: Final = 1024
"""The numbers of ``gpt_cond_latent`` are rows of so many."""


class Speaker(Struct, frozen=True):
    """A voice."""

    speaker_embedding: tuple[float, ...]
    gpt_cond_latent: tuple[tuple[float, ...], ...]


class Stream(Struct, frozen=True, kw_only=True):
    """What ``POST /tts_stream`` is asked."""

    speaker_embedding: tuple[float, ...]
    gpt_cond_latent: tuple[tuple[float, ...], ...]
    text: str
    language: str
    add_wav_header: bool = True
    stream_chunk_size: str | int = "20"
    """Of the model's steps; fewer begin sooner and sound worse. The server asks for text, and takes
    the number that Pipecat sends as well."""


class _Ready(Struct, frozen=True):
    """The same, the voice's numbers encoded once and for all: they are 300 kB."""

    speaker_embedding: Raw
    gpt_cond_latent: Raw
    text: str
    language: str
    stream_chunk_size: str
    add_wav_header: bool = False


class _Encoded(Struct, frozen=True):
    speaker_embedding: Raw
    gpt_cond_latent: Raw


_encoder: Final = msgspec.json.Encoder()
_speaker: Final = msgspec.json.Decoder(Speaker)
_speakers: Final = msgspec.json.Decoder(dict[str, Speaker])
_stream: Final = msgspec.json.Decoder(Stream)
_encoded: Final = msgspec.json.Decoder(_Encoded)


def encode(message: Speaker | Stream) -> bytes:
    """As JSON."""
    return _encoder.encode(message)


def encode_speakers(speakers: dict[str, Speaker]) -> bytes:
    """What ``GET /studio_speakers`` answers."""
    return _encoder.encode(speakers)


def stream(speaker: bytes, text: str, language: str, chunk_size: int) -> bytes:
    """The body of a request for speech without a WAV header, in the voice of an encoded
    `Speaker`. Raises `LocalProtocolError`."""
    voice = _encoded.decode(speaker)
    ready = _Ready(voice.speaker_embedding, voice.gpt_cond_latent, text, language, str(chunk_size))
    try:
        return _encoder.encode(ready)
    except UnicodeEncodeError:
        raise LocalProtocolError("text with a lone surrogate cannot be sent") from None


def decode_speaker(body: bytes) -> Speaker:
    """What ``POST /clone_speaker`` answers. Raises `RemoteProtocolError`."""
    return _whole(frames.decode_as(_speaker, body))


def decode_speakers(body: bytes) -> dict[str, Speaker]:
    """What ``GET /studio_speakers`` answers. Raises `RemoteProtocolError`."""
    return {name: _whole(voice) for name, voice in frames.decode_as(_speakers, body).items()}


def decode_stream(body: bytes) -> Stream:
    """What a client wants said. Raises `RemoteProtocolError`."""
    return frames.decode_as(_stream, body)


def _whole(speaker: Speaker) -> Speaker:
    if not speaker.speaker_embedding or not speaker.gpt_cond_latent:
        raise RemoteProtocolError("a voice without numbers")
    return speaker
