"""``/v1/listen``: what a client and the server of Nova-3 say to each other, beside raw audio.

Pure, and both ends. The shapes are those of the vendor's published client (version 7.17); nobody
here has seen the live service, so what only the live service can show is marked *unconfirmed*.

Audio goes to the server as binary frames. An **empty** binary frame ends the connection
unexpectedly (vendor's documentation), so none is ever sent.
"""

from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from antiphon.providers.deepgram.wire import codec
from antiphon.providers.deepgram.wire.codec import Unknown, encode

__all__ = [
    "CLOSE_CODES",
    "Alternative",
    "Channel",
    "ClientMessage",
    "CloseStream",
    "Configure",
    "ConfigureFailure",
    "ConfigureSuccess",
    "Error",
    "Finalize",
    "KeepAlive",
    "Metadata",
    "ModelInfo",
    "Results",
    "ResultsMetadata",
    "ServerMessage",
    "SpeechStarted",
    "UtteranceEnd",
    "Word",
    "decode_client",
    "decode_server",
    "encode",
]

CLOSE_CODES: Final[dict[str, int]] = {
    "NET-0000": 1011,
    "NET-0001": 1011,
    "DATA-0000": 1008,
}
"""Why the server closes, by the word its close frame's reason begins with. 1011 with NET-0001,
after about 10 s with neither audio nor a message, is reported by third parties. DATA-0000 (what
came is not the audio that was announced) is *unconfirmed*: 1008 or 1002."""


# --- from the client -------------------------------------------------------------------------


class KeepAlive(Struct, frozen=True, tag="KeepAlive", tag_field="type"):
    """I am still here, though nobody speaks. Only text frames count, and only as text."""


class Finalize(Struct, frozen=True, tag="Finalize", tag_field="type", omit_defaults=True):
    """Transcribe what you have. Answered by `Results` with ``from_finalize``, usually: where
    hardly any audio waits, perhaps not at all (vendor's documentation)."""

    channel: int | None = None


class CloseStream(Struct, frozen=True, tag="CloseStream", tag_field="type"):
    """Transcribe what you have, tell `Metadata`, and close."""


class Configure(Struct, frozen=True, tag="Configure", tag_field="type", omit_defaults=True):
    """Change the stream. ``keyterms`` replace those there are (Nova-3 only, 500 tokens)."""

    keyterms: tuple[str, ...] | None = None
    features: dict[str, bool] | None = None


# --- from the server -------------------------------------------------------------------------


class Word(Struct, frozen=True, omit_defaults=True):
    """One word, in seconds since the first sample received."""

    word: str
    start: float
    end: float
    confidence: float
    punctuated_word: str | None = None
    """With case and punctuation, where they were asked for."""
    speaker: int | None = None
    language: str | None = None


class Alternative(Struct, frozen=True, omit_defaults=True):
    """One way to read a stretch of audio. Empty where nothing was said."""

    transcript: str
    confidence: float
    words: tuple[Word, ...]
    languages: tuple[str, ...] | None = None


class Channel(Struct, frozen=True):
    """The readings of one channel, best first."""

    alternatives: tuple[Alternative, ...]


class ModelInfo(Struct, frozen=True):
    """Which model read."""

    name: str
    version: str
    arch: str


class ResultsMetadata(Struct, frozen=True):
    """Whose request, which model."""

    request_id: str
    model_info: ModelInfo
    model_uuid: str


class Results(Struct, frozen=True, tag="Results", tag_field="type", omit_defaults=True):
    """What is made of the audio from ``start`` on, for ``duration``. Until ``is_final`` the next
    one replaces it; after, the next begins where this ends."""

    channel_index: tuple[int, ...]
    start: float
    duration: float
    channel: Channel
    metadata: ResultsMetadata
    is_final: bool | None = None
    speech_final: bool | None = None
    """The vendor's own endpointing heard a pause."""
    from_finalize: bool | None = None


class SpeechStarted(Struct, frozen=True, tag="SpeechStarted", tag_field="type"):
    """Where ``vad_events`` were asked for: a voice began."""

    channel: tuple[int, ...]
    timestamp: float


class UtteranceEnd(Struct, frozen=True, tag="UtteranceEnd", tag_field="type"):
    """Where ``utterance_end_ms`` was asked for: no word for so long."""

    channel: tuple[int, ...]
    last_word_end: float


class Metadata(Struct, frozen=True, tag="Metadata", tag_field="type"):
    """The last message: what was transcribed altogether."""

    transaction_key: str
    request_id: str
    sha256: str
    created: str
    duration: float
    channels: int


class ConfigureSuccess(
    Struct, frozen=True, tag="ConfigureSuccess", tag_field="type", omit_defaults=True
):
    """The stream is changed."""

    request_id: str
    keyterms: tuple[str, ...] | None = None


class ConfigureFailure(Struct, frozen=True, tag="ConfigureFailure", tag_field="type"):
    """The stream goes on as it was. ``code`` begins with ``CONFIGURE_``."""

    request_id: str
    code: str
    description: str


class Error(Struct, frozen=True, tag="Error", tag_field="type", omit_defaults=True):
    """A text frame could not be understood (``SchemaError``)."""

    variant: str
    description: str
    message: str | None = None
    code: str | None = None


ClientMessage: TypeAlias = KeepAlive | Finalize | CloseStream | Configure
ServerMessage: TypeAlias = (
    Results
    | SpeechStarted
    | UtteranceEnd
    | Metadata
    | ConfigureSuccess
    | ConfigureFailure
    | Error
    | Unknown
)

_client: Final = msgspec.json.Decoder(ClientMessage)
_server: Final = msgspec.json.Decoder(
    Results | SpeechStarted | UtteranceEnd | Metadata | ConfigureSuccess | ConfigureFailure | Error
)
_CLIENT_KINDS: Final = frozenset({"KeepAlive", "Finalize", "CloseStream", "Configure"})
_SERVER_KINDS: Final = frozenset(
    {
        "Results",
        "SpeechStarted",
        "UtteranceEnd",
        "Metadata",
        "ConfigureSuccess",
        "ConfigureFailure",
        "Error",
    }
)


def decode_client(text: str) -> ClientMessage | Unknown:
    """What a client said. Raises `RemoteProtocolError`."""
    return codec.decode(_client, _CLIENT_KINDS, text)


def decode_server(text: str) -> ServerMessage:
    """What the server said. Raises `RemoteProtocolError`."""
    return codec.decode(_server, _SERVER_KINDS, text)
