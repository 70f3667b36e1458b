"""Sound as it comes over the network, bare or with a WAV file's head before it. Pure.

    sound = Sound()
    for chunk in answer:
        pcm = sound.feed(chunk)
    sound.rate_hz                     # what the head said; None where there was none

A server that speaks while it thinks does not know yet how long the file will be, so its length is
believed only where it can be true.
"""

import struct
from typing import Final

from antiphon.errors import RemoteProtocolError

__all__ = ["Sound"]

MOST_HEAD: Final = 64 << 10
"""Before the first sample; a picture of the cover may be in it, but not an album."""
ENDLESS: Final = 0x7FFF_0000
"""Lengths from here on, and none, mean that nobody knew."""
PCM: Final = (1, 0xFFFE)
"""As a head calls whole numbers; the second says more further on."""


class Sound:
    """One answer."""

    def __init__(self) -> None:
        self.rate_hz: int | None = None
        self._head: bytes | None = b""
        """What came before the first sample; None when that is behind us."""
        self._left: int | None = None
        """Bytes of sound still to come; None: nobody said."""

    def feed(self, data: bytes) -> bytes:
        """PCM16 mono, cut anywhere. Raises `RemoteProtocolError` for a file of another kind."""
        if self._head is not None:
            self._head += data
            begins = self._begins(self._head)
            if begins is None:
                if len(self._head) > MOST_HEAD:
                    raise RemoteProtocolError("a WAV file without sound")
                return b""
            data, self._head = self._head[begins:], None
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        return data

    def finish(self) -> bytes:
        """What was held back; call it when no more comes. Raises `RemoteProtocolError` where a
        file broke off before its sound began."""
        head, self._head = self._head, None
        if head and head.startswith(b"RIFF"):
            raise RemoteProtocolError("a WAV file without sound")
        return head or b""

    def _begins(self, head: bytes) -> int | None:
        """Where the sound does; None where more must come first."""
        if len(head) < 4:
            return None
        if not head.startswith(b"RIFF"):
            return 0
        at = 12
        while len(head) >= at + 8:
            kind, size = struct.unpack_from("<4sI", head, at)
            at += 8
            if kind == b"data":
                if self.rate_hz is None:
                    raise RemoteProtocolError("a WAV file that does not say its format")
                self._left = size if 0 < size < ENDLESS else None
                return at
            if len(head) < at + size:
                return None
            if kind == b"fmt ":
                self._format(head[at : at + size])
            at += size + (size & 1)
        return None

    def _format(self, said: bytes) -> None:
        if len(said) < 16:
            raise RemoteProtocolError("a WAV file that does not say its format")
        kind, channels, self.rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", said)
        if kind not in PCM or channels != 1 or bits != 16:
            raise RemoteProtocolError(f"not 16-bit mono: {bits} bits, {channels} channels")
