"""A pretended caller: plays a script into a call and hears the agent as a caller would.

Lives here: the mouth and the ear around `CallerMachine`, and notes of what was really said when.
Must not live here: making the audio (`antiphon.testing.rehearsal`), pacing it (the transport).
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol, assert_never

from antiphon.audio.frame import int16
from antiphon.audio.levels import rms_dbfs
from antiphon.testing.callermachine import Begin, CallerMachine, FallSilent, GiveUp, PutDown
from antiphon.testing.rehearsal import Line
from antiphon.testing.script import Script, Sounding

__all__ = ["AgentEar", "ScriptedCaller", "TakeNote"]

_AUDIBLE_DBFS: Final = -50.0
"""The agent's voice is near -20 dBFS, ducked by 15 to 20 dB near -40, and its softest frames
10 dB below that; the line itself is silent."""
_ONSET_S: Final = 0.04
"""A click is no voice."""
_HANG_S: Final = 0.2
"""Pauses between words are shorter."""


class TakeNote(Protocol):
    """Where the caller's notes go; `Journal.note` fits. ``at_s`` is the caller's own clock: seconds
    since their first sample, which is also the time in the recording."""

    def __call__(self, name: str, at_s: float, /, **fields: object) -> None: ...


class AgentEar:
    """Notices the beginning and end of the agent's voice by its energy."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._heard = 0
        self._loud_since_s: float | None = None
        self._loud_until_s = 0.0
        self.speaking = False

    def hear(self, pcm: bytes) -> float | None:
        """One frame. Where it made ``speaking`` change, since when it really has."""
        began_s = self._heard / self._rate_hz
        self._heard += len(pcm) // 2
        now_s = self._heard / self._rate_hz
        if rms_dbfs(int16(pcm)) > _AUDIBLE_DBFS:
            self._loud_until_s = now_s
            if self._loud_since_s is None:
                self._loud_since_s = began_s
            if not self.speaking and now_s - self._loud_since_s >= _ONSET_S - 1e-9:
                self.speaking = True
                return self._loud_since_s
        elif not self.speaking:
            self._loud_since_s = None
        elif now_s - self._loud_until_s >= _HANG_S - 1e-9:
            self.speaking, self._loud_since_s = False, None
            return self._loud_until_s
        return None


class ScriptedCaller:
    """The caller's end of a call: `next` is their mouth, `hear` their ear.

    Notes it takes: ``caller_said`` {text, role, start_s, end_s, breaths}, also for a silence
    (role silence, no text, until ``end_s`` at the latest); ``caller_gave_up`` {text, role, why}
    for a step whose moment did not come; ``caller_hung_up``. What is said is noted as it begins;
    a call that ends first cuts it off.
    """

    def __init__(
        self, script: Script, lines: Mapping[int, Line], rate_hz: int, note: TakeNote
    ) -> None:
        """``lines`` are the rehearsed ones, at ``rate_hz``."""
        self.rate_hz = rate_hz
        self._machine = CallerMachine(script)
        self._ear = AgentEar(rate_hz)
        self._lines = lines
        self._note = note
        self._spoken = 0  # samples, silence included
        self._saying = b""

    def hear(self, pcm: bytes) -> None:
        """What the caller hears while they say what `next` returned last."""
        at_s = self._ear.hear(pcm)
        if at_s is not None:
            self._machine.agent(self._ear.speaking, at_s)

    def next(self, samples: int) -> bytes | None:
        """The caller's next audio; None when they have hung up."""
        if not self._saying and not self._decide():
            return None
        pcm, self._saying = self._saying[: 2 * samples], self._saying[2 * samples :]
        self._spoken += samples
        if pcm and not self._saying:
            self._machine.ended(self._now_s())
        return pcm.ljust(2 * samples, b"\0")

    def _now_s(self) -> float:
        return self._spoken / self.rate_hz

    def _decide(self) -> bool:
        """Do all that is to be done now; False is hanging up."""
        now_s = self._now_s()
        while not self._saying and (doing := self._machine.doing(now_s)) is not None:
            match doing:
                case Begin(number=number, step=step):
                    self._say(step, self._lines[number], now_s)
                case FallSilent(until_s=until_s):
                    self._told("", "silence", now_s, now_s, until_s)
                case GiveUp(step=step, why=why):
                    role, text = getattr(step, "role", "wait"), getattr(step, "text", "")
                    self._note("caller_gave_up", now_s, text=text, role=role, why=why)
                case PutDown():
                    self._note("caller_hung_up", now_s)
                    return False
                case _:
                    assert_never(doing)
        return True

    def _say(self, step: Sounding, line: Line, now_s: float) -> None:
        self._saying = line.pcm
        breaths = [[now_s + start, now_s + end] for start, end in line.breaths]
        start_s, end_s = now_s + line.onset_s, now_s + line.offset_s
        self._told(step.text, step.role, now_s, start_s, end_s, breaths)

    def _told(
        self,
        text: str,
        role: str,
        now_s: float,
        start_s: float,
        end_s: float,
        breaths: Sequence[Sequence[float]] = (),
    ) -> None:
        self._note(
            "caller_said",
            now_s,
            text=text,
            role=role,
            start_s=start_s,
            end_s=end_s,
            breaths=breaths,
        )
