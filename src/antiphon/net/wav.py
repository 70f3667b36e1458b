"""16-bit mono recordings as WAV files, for vendors that are sent a file. Pure."""

import io
import wave

from antiphon.errors import RemoteProtocolError

__all__ = ["from_wav", "to_wav"]


def to_wav(pcm: bytes, rate_hz: int) -> bytes:
    """PCM16 mono as a file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate_hz)
        writer.writeframes(pcm)
    return file.getvalue()


def from_wav(data: bytes) -> tuple[bytes, int]:
    """PCM16 mono and its rate. Raises `RemoteProtocolError` for any other kind of file."""
    try:
        with wave.open(io.BytesIO(data)) as reader:
            if reader.getnchannels() != 1 or reader.getsampwidth() != 2:
                raise RemoteProtocolError("not 16-bit mono")
            pcm = reader.readframes(reader.getnframes())
            return pcm[: len(pcm) & ~1], reader.getframerate()
    except (wave.Error, EOFError, ValueError) as error:
        raise RemoteProtocolError(f"not a WAV file: {error}") from None
