"""Where in a recording each sound of a call belongs: both sides on the caller's audio clock.

The caller's audio says where it is. The agent's is laid where the caller hears it, not where it
was sent: behind what waits before it, sample after sample as long as it plays without a break.
A room that never breaks off is laid anew where a voice begins: over a whole call two clocks, and
what was lost on the way, would part it from the caller.
"""

from typing import Protocol

__all__ = ["Recorder", "Tape"]


class Recorder(Protocol):
    """Both sides of a call, on the caller's clock. `antiphon.observe.recording` has one."""

    def caller(self, pcm: bytes, at_sample: int) -> None:
        """PCM16 mono from the caller; its first sample is this one of the caller's audio."""
        ...

    def agent(self, pcm: bytes, at_sample: int) -> None:
        """PCM16 mono that the caller hears while they are at this sample."""
        ...

    def unheard(self, at_sample: int) -> None:
        """Nothing told of the agent from this sample of the caller's on was heard."""
        ...

    def close(self) -> None:
        """No more will come."""
        ...


class Tape:
    """One call's way to its recorder."""

    def __init__(self, recorder: Recorder, *, rate_hz: int, delay_s: float) -> None:
        """``delay_s`` is the way to the caller's ear."""
        self._recorder = recorder
        self._rate_hz = rate_hz
        self._delay_s = delay_s
        # Of the unbroken stretch that is playing: its first sample on the agent's line, where
        # that lies in the recording, and where the stretch ends there.
        self._position = self._at = self._end = 0
        self._voice_end = 0
        self._voice = True  # the last frame was, at least

    def caller(self, pcm: bytes, at_sample: int) -> None:
        """What the caller said."""
        self._recorder.caller(pcm, at_sample)

    def agent(
        self, pcm: bytes, position: int, until_s: float, waits_s: float, *, voice: bool = True
    ) -> None:
        """A frame is sent: ``position`` counts the agent's samples before it, the caller's audio
        has come to ``until_s``, and ``waits_s`` of sound wait before this. Without ``voice`` it
        is the room alone."""
        begins = voice and not self._voice
        if waits_s <= 0.0 or begins:
            # Audio time moves in frames, so a stretch may seem to begin before the last ended.
            # What a voice is laid over then was the room alone.
            at = round((until_s + self._delay_s + waits_s) * self._rate_hz)
            least = self._voice_end if begins else self._end
            self._position, self._at = position, max(at, least)
        at = self._at + position - self._position
        self._recorder.agent(pcm, at)
        self._end, self._voice = at + len(pcm) // 2, voice
        if voice:
            self._voice_end = self._end

    def flushed(self, position: int) -> None:
        """What was sent from this sample of the agent's line on was never heard."""
        if position < self._position:
            return  # it comes too late: what it speaks of has been told again since
        self._end = min(self._end, self._at + position - self._position)
        self._recorder.unheard(self._end)

    def close(self, until_s: float) -> None:
        """The call ended when the caller's audio had come this far."""
        self._recorder.unheard(round(until_s * self._rate_hz))
        self._recorder.close()
