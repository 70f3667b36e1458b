"""``/audio/transcriptions``: the fields beside the recording, and what comes back.

Pure, and both ends; from the vendor's published client (version 3.52). The request is a form, so
that only its fields are here, not its framing.
"""

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from antiphon.net import frames
from antiphon.net.frames import Unknown, encode

__all__ = [
    "LEAST_S",
    "Event",
    "TextDelta",
    "TextDone",
    "Transcript",
    "Usage",
    "decode_answer",
    "decode_event",
    "encode",
    "fields",
]


LEAST_S: Final = 0.1
"""A shorter recording is refused (from memory, *unconfirmed*)."""


class Usage(Struct, frozen=True, omit_defaults=True):
    """What is paid for: ``tokens`` of each kind, or ``duration`` in seconds."""

    type: str
    seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None


class Language(Struct, frozen=True):
    """One that was heard."""

    code: str


class Transcript(Struct, frozen=True, omit_defaults=True):
    """The whole answer, where it is not streamed."""

    text: str
    usage: Usage | None = None
    languages: tuple[Language, ...] | None = None
    """Told by ``gpt-transcribe`` (vendor's client)."""


class TextDelta(
    Struct, frozen=True, tag="transcript.text.delta", tag_field="type", omit_defaults=True
):
    """More of the text."""

    delta: str


class TextDone(
    Struct, frozen=True, tag="transcript.text.done", tag_field="type", omit_defaults=True
):
    """All of the text."""

    text: str
    usage: Usage | None = None
    languages: tuple[Language, ...] | None = None


Event: TypeAlias = TextDelta | TextDone

_answer: Final = msgspec.json.Decoder(Transcript)
_event: Final = msgspec.json.Decoder(Event)
_KINDS: Final = frozenset({"transcript.text.delta", "transcript.text.done"})


def decode_answer(body: bytes) -> Transcript:
    """An answer that was not streamed. Raises `RemoteProtocolError`."""
    return frames.decode_as(_answer, body)


def decode_event(text: str) -> Event | Unknown:
    """An event's data. Raises `RemoteProtocolError`."""
    return frames.decode(_event, _KINDS, text)


def fields(pairs: Mapping[str, str | tuple[str, ...] | None]) -> dict[str, str | list[str]]:
    """A form's fields: what is None or empty is left to the vendor, and the name of a list ends in
    ``[]``, as the vendor's own client writes it."""
    found: dict[str, str | list[str]] = {}
    for name, value in pairs.items():
        if isinstance(value, tuple):
            found |= {f"{name}[]": list(value)} if value else {}
        elif value is not None:
            found[name] = value
    return found
