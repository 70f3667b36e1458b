"""What Murmur is asked, and back: a pure codec, both ends."""

from typing import Final

import msgspec

from antiphon.net import frames

SPEECH_PATH: Final = "/v1/speech"
VOICES_PATH: Final = "/v1/voices"
RATE_HZ: Final = 24_000
"""Of the PCM16 it answers with."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a request for speech."""

    text: str
    voice: str
    speed: float = 1.0


_said: Final = msgspec.json.Decoder(Said)


def encode(said: Said) -> bytes:
    """Raises `LocalProtocolError`."""
    return frames.encode(said).encode()


def decode(body: bytes) -> Said:
    """What a client wants said. Raises `RemoteProtocolError`."""
    return frames.decode_as(_said, body)
