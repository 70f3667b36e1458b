"""From voice-activity scores to edges: when speech began, when it ended.

Lives here: hysteresis and back-dating, pure. Must not live here: how long a pause means
anything (turns), where scores come from (silero). Provenance of every number:
docs/decisions/0003-evidence.md.
"""

from antiphon.events import SpeechStarted, SpeechStopped

__all__ = ["TAIL_S", "Edges"]

SURE = 0.5
"""One window this likely is speech: the detector passes it 50-60 ms after the first sample."""
LIKELY = 0.25
"""Two windows running this likely are speech too: soft onsets on a telephone line stay below
SURE for up to 200 ms. Clicks, breath and most coughs stay below this."""
LIKELY_WINDOWS = 2
STAY = 0.35
"""Speech goes on while scores are at least this."""
STOP_WINDOWS = 2
"""So many windows below STAY end speech. Two, because one-window dips are common inside words;
no more, because counting the pause is the turn machine's job."""
TAIL_S = {8_000: 0.10, 16_000: 0.06}
"""By sample rate: how long scores stay high after the last speech sample (median)."""


class Edges:
    """One call's speech edges. Feed every window's score in order."""

    def __init__(self, window_s: float, tail_s: float = TAIL_S[16_000]) -> None:
        self._window_s = window_s
        self._tail_s = tail_s
        self._began_s: float | None = None
        self._maybe_s = 0.0
        self._likely = 0
        self._voiced_until_s = 0.0
        self._quiet = 0

    @property
    def speaking(self) -> bool:
        """Whether speech has started and not stopped."""
        return self._began_s is not None

    def push(self, probability: float, at_s: float) -> list[SpeechStarted | SpeechStopped]:
        """The edges that this window, which ends at ``at_s``, proves: none or one."""
        if self._began_s is None:
            return self._listen(probability, at_s)
        if probability >= STAY:
            self._voiced_until_s = at_s
            self._quiet = 0
            return []
        self._quiet += 1
        return self.lose() if self._quiet >= STOP_WINDOWS else []

    def lose(self) -> list[SpeechStarted | SpeechStopped]:
        """No more audio comes for now: whatever was being said ends with what was heard."""
        self._likely = 0
        if self._began_s is None:
            return []
        # Never before its own beginning: a word can be shorter than the tail.
        ended_s = max(self._voiced_until_s - self._tail_s, self._began_s)
        self._began_s = None
        return [SpeechStopped(at_s=ended_s)]

    def _listen(self, probability: float, at_s: float) -> list[SpeechStarted | SpeechStopped]:
        if probability < LIKELY:
            self._likely = 0
            return []
        if not self._likely:
            self._maybe_s = max(0.0, at_s - self._window_s)
        self._likely += 1
        if probability < SURE and self._likely < LIKELY_WINDOWS:
            return []
        self._began_s = self._maybe_s
        self._voiced_until_s = at_s
        self._quiet = 0
        return [SpeechStarted(at_s=self._began_s)]
