"""The caller of a file call: anything with a mouth and an ear, paced by the transport.

Lives here: the seam, and the caller who plays a recording and then waits for the answer. The
one who follows a script is `antiphon.testing.caller`.
"""

from typing import Final, Protocol

from antiphon.audio.frame import int16
from antiphon.audio.levels import rms_dbfs

__all__ = ["CallerAudio", "FileCaller"]

_AUDIBLE_DBFS: Final = -50.0
"""The agent speaks near -20 dBFS, ducked near -40; the line itself is silent."""
_GREETED_S: Final = 0.7
"""So much silence of the agent is the end of its greeting: pauses between its sentences are
shorter, and a caller answers after about as long."""


class CallerAudio(Protocol):
    """What a caller says and hears, frame by frame, on one clock: samples."""

    rate_hz: int

    def next(self, samples: int) -> bytes | None:
        """Exactly that much of the caller's audio; None when they have hung up."""
        ...

    def hear(self, pcm: bytes) -> None:
        """What the caller heard while they said what `next` returned last."""
        ...


class FileCaller:
    """Says a recording, stays on the line for the answer, hangs up.

    With ``patience_s`` it first hears the agent's greeting out, and waits at most so long for it
    to begin; by default the recording begins with the call.
    After the recording ``tail_s`` pass at least; then the caller leaves as soon as the agent has
    been silent for ``quiet_s``, and at the latest ``cap_s`` after the recording.
    """

    def __init__(
        self,
        pcm: bytes,
        rate_hz: int,
        *,
        tail_s: float = 4.0,
        quiet_s: float = 1.5,
        cap_s: float = 60.0,
        patience_s: float = 0.0,
    ) -> None:
        self.rate_hz = rate_hz
        self._pcm = pcm
        self._tail, self._quiet, self._cap = (
            round(seconds * rate_hz) for seconds in (tail_s, quiet_s, cap_s)
        )
        self._patience, self._greeted = round(patience_s * rate_hz), round(_GREETED_S * rate_hz)
        self._waits = patience_s > 0
        self._said = 0
        self._heard = 0
        self._agent_until = 0

    def next(self, samples: int) -> bytes | None:
        if self._waits and self._must_wait():
            return bytes(2 * samples)
        if self._leaves():
            return None
        piece = self._pcm[2 * self._said : 2 * (self._said + samples)]
        self._said += samples
        return piece.ljust(2 * samples, b"\0")

    def hear(self, pcm: bytes) -> None:
        self._heard += len(pcm) // 2
        if rms_dbfs(int16(pcm)) > _AUDIBLE_DBFS:
            self._agent_until = self._heard

    def _must_wait(self) -> bool:
        if self._agent_until:
            # A greeting that never ends is talked over.
            over = self._heard - self._agent_until >= self._greeted or self._heard >= self._cap
        else:
            over = self._heard >= self._patience
        self._waits = not over
        return self._waits

    def _leaves(self) -> bool:
        after = self._said - len(self._pcm) // 2
        if after < self._tail:
            return False
        return self._heard - self._agent_until >= self._quiet or after >= self._cap
