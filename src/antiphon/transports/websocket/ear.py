"""What a caller hears: agent audio received, played in order, at the gain last asked for.

The pure half of a client. It obeys the same messages as the console's playback worklet and
counts the same positions, so that programs and tests hear what a person in a browser would.
"""

from collections import deque
from typing import Final

from antiphon.audio import g711
from antiphon.audio.gain import Gain, fade_out
from antiphon.transports.websocket import wire

__all__ = ["Ear"]

FADE_S: Final = 0.01
"""A flush ends what is playing over this time; cut dead, it would click."""


class Ear:
    """Feed it frames and orders as they come; `render` what the next stretch of time sounds
    like. ``position`` is what to report as played."""

    def __init__(self, rate_hz: int, encoding: wire.Encoding = "pcm16") -> None:
        self._encoding: wire.Encoding = encoding
        self._rate_hz = rate_hz
        self._gain = Gain(rate_hz)
        self._chunks: deque[tuple[int, bytes]] = deque()
        self._tail = b""
        self.position = 0
        """Samples of agent audio heard, counted as the server counts them."""
        self.underruns = 0
        """Times the voice broke off because nothing was left to play."""
        self._playing = False

    @property
    def waiting_samples(self) -> int:
        """Received and not yet heard."""
        return sum(len(pcm) >> 1 for _, pcm in self._chunks)

    def receive(self, audio: wire.AgentAudio) -> None:
        """Agent audio, decoded from a binary frame."""
        pcm = g711.decode_mulaw(audio.payload) if self._encoding == "mulaw" else audio.payload
        self._chunks.append((audio.start, pcm))

    def set_gain(self, decibels: float, ramp_s: float) -> None:
        """`wire.Gain` came."""
        self._gain.set(decibels, ramp_s)

    def flush(self) -> int:
        """`wire.Flush` came; returns what to answer with. A fade of FADE_S still sounds."""
        fade = self._next(round(FADE_S * self._rate_hz))
        self._tail = fade_out(fade, self._rate_hz, FADE_S)
        self._chunks.clear()
        self._playing = False
        return self.position

    def render(self, samples: int) -> bytes:
        """The next stretch of what the caller hears; silence where there is nothing."""
        size = 2 * samples
        out, self._tail = self._tail[:size], self._tail[size:]
        if not self._tail:
            out += self._next(samples - (len(out) >> 1))
        if self._playing and len(out) < size:
            self.underruns += 1
            self._playing = False
        return self._gain.apply(out.ljust(size, b"\0"))

    def _next(self, samples: int) -> bytes:
        out = b""
        while self._chunks and len(out) < 2 * samples:
            start, pcm = self._chunks.popleft()
            taken, rest = pcm[: 2 * samples - len(out)], pcm[2 * samples - len(out) :]
            out += taken
            self.position = start + (len(taken) >> 1)
            self._playing = True
            if rest:
                self._chunks.appendleft((self.position, rest))
        return out
