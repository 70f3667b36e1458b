"""What a client and the WebSocket server of Vosk say to each other, beside raw PCM16.

Pure, and both ends. Read from the server's published source (``websocket/asr_server.py``, of
May 2025).
Every frame of audio, and every word but the configuration, is answered by one message, in order.

The server compares ``EOF`` and ``RESET`` letter by letter, spaces included; what is neither of the
two nor has "config" in it ends the connection. Servers from before ``RESET`` do so at that too.
"""

from typing import Final, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from antiphon.net import frames
from antiphon.net.frames import encode

__all__ = [
    "EOF",
    "RESET",
    "Config",
    "Eof",
    "Heard",
    "Heards",
    "Hypothesis",
    "Partial",
    "Reset",
    "Unknown",
    "Word",
    "configure",
    "decode_client",
    "decode_server",
    "encode",
]

EOF: Final = '{"eof" : 1}'
"""No more audio: answered by what is left, and the server closes."""
RESET: Final = '{"reset" : 1}'
"""The utterance is over: answered by what is left, and another begins. Times go on."""


# --- from the client -------------------------------------------------------------------------


class Config(Struct, frozen=True, omit_defaults=True):
    """How to listen; before the first audio. Not answered."""

    sample_rate: float | UnsetType = UNSET
    words: bool | int | UnsetType = UNSET
    """Tell where each word lies. A number will do, and the server's own examples have one."""
    max_alternatives: int | UnsetType = UNSET
    phrase_list: tuple[str, ...] | UnsetType = UNSET
    """Only these are recognised, and nothing else: a grammar, not a hint."""


class Eof(Struct, frozen=True):
    """`EOF`."""


class Reset(Struct, frozen=True):
    """`RESET`."""


class Unknown(Struct, frozen=True):
    """Any other text: the server dies of it."""

    text: str


# --- from the server -------------------------------------------------------------------------


class Partial(Struct, frozen=True):
    """The utterance so far."""

    partial: str


class Word(Struct, frozen=True):
    """In seconds since the first sample received."""

    word: str
    start: float
    end: float
    conf: float = 1.0


class Heard(Struct, frozen=True):
    """An utterance is over: the server's own endpointing, `EOF` or `RESET`."""

    text: str
    result: tuple[Word, ...] | UnsetType = UNSET


class Hypothesis(Struct, frozen=True):
    """One way to read an utterance, where ``max_alternatives`` asked for several."""

    text: str
    confidence: float = 1.0
    result: tuple[Word, ...] | UnsetType = UNSET


class Heards(Struct, frozen=True):
    """The same as `Heard`, best first."""

    alternatives: tuple[Hypothesis, ...]


ClientMessage: TypeAlias = Config | Eof | Reset | Unknown
ServerMessage: TypeAlias = Partial | Heard


class _Configuring(Struct, frozen=True):
    config: Config


class _Any(Struct, frozen=True):
    partial: str | UnsetType = UNSET
    text: str | UnsetType = UNSET
    result: tuple[Word, ...] | UnsetType = UNSET
    alternatives: tuple[Hypothesis, ...] | UnsetType = UNSET


_config: Final = msgspec.json.Decoder(_Configuring)
_any: Final = msgspec.json.Decoder(_Any)


def configure(config: Config) -> str:
    """A configuration as the text of a frame."""
    return encode(_Configuring(config))


def decode_client(text: str) -> ClientMessage:
    """What a client said. Raises `RemoteProtocolError` for a configuration that is none."""
    if text == EOF:
        return Eof()
    if text == RESET:
        return Reset()
    if "config" in text:
        return frames.decode_as(_config, text).config
    return Unknown(text)


def decode_server(text: str) -> ServerMessage:
    """What the server said; of several hypotheses the best. Raises `RemoteProtocolError`."""
    told = frames.decode_as(_any, text)
    if told.partial is not UNSET:
        return Partial(told.partial)
    if told.alternatives is not UNSET:
        best = told.alternatives[0] if told.alternatives else Hypothesis("")
        return Heard(best.text, best.result)
    # Nothing at all is what some versions say of silence.
    return Heard("" if told.text is UNSET else told.text, told.result)
