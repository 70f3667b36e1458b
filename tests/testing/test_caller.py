from collections.abc import Iterator

import numpy as np
import pytest

from antiphon.testing.caller import AgentEar, ScriptedCaller
from antiphon.testing.rehearsal import Line
from antiphon.testing.script import HangUp, Moment, Say, Script, Silence, Step, Wait

RATE_HZ = 8_000
FRAME = 160


def tone(seconds: float, level: float = 0.1) -> bytes:
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (32768 * level * np.sin(2 * np.pi * 300 * t)).astype("<i2").tobytes()


def frames(pcm: bytes) -> Iterator[bytes]:
    for at in range(0, len(pcm), 2 * FRAME):
        yield pcm[at : at + 2 * FRAME].ljust(2 * FRAME, b"\0")


def line(seconds: float) -> Line:
    return Line(tone(seconds), 0.001, seconds - 0.001)


class Call:
    """A caller in a call with an agent who says what the test says."""

    def __init__(self, *steps: Step, lines: dict[int, Line]) -> None:
        self.notes: list[tuple[str, float, dict[str, object]]] = []
        self.said = b""
        self.caller = ScriptedCaller(Script(steps), lines, RATE_HZ, self._note)

    def _note(self, name: str, at_s: float, /, **fields: object) -> None:
        self.notes.append((name, at_s, fields))

    def agent(self, pcm: bytes) -> bool:
        """The agent's audio goes by; False once the caller has hung up."""
        for frame in frames(pcm):
            said = self.caller.next(FRAME)
            if said is None:
                return False
            assert len(said) == 2 * FRAME
            self.said += said
            self.caller.hear(frame)
        return True

    def named(self, name: str) -> list[dict[str, object]]:
        return [fields for noted, _, fields in self.notes if noted == name]


def test_a_conversation_takes_place_and_is_noted() -> None:
    question = Say(parts=("what are your prices",))
    mhm = Say(parts=("mhm",), role="backchannel", moment=Moment(after_s=1.0))
    call = Call(Wait(), question, mhm, HangUp(), lines={1: line(1.0), 2: line(0.3)})
    assert call.agent(tone(1.0) + bytes(2 * RATE_HZ))  # greets, then is silent for a second
    assert call.agent(bytes(2 * RATE_HZ))
    assert call.agent(tone(1.2))
    assert not call.agent(bytes(2 * RATE_HZ))

    first, second = call.named("caller_said")
    assert first["text"] == "what are your prices"
    assert first["role"] == "question"
    # 1 s of greeting, 0.6 s of quiet, one frame to act on it.
    assert first["start_s"] == pytest.approx(1.62, abs=0.021)
    assert first["end_s"] == pytest.approx(2.62, abs=0.021)
    assert second["role"] == "backchannel"
    assert second["start_s"] == pytest.approx(3.0 + 1.0, abs=0.041)
    assert call.named("caller_hung_up") == [{}]

    heard = np.abs(np.frombuffer(call.said, "<i2"))
    start = round(float(first["start_s"]) * RATE_HZ)  # type: ignore[arg-type]
    assert heard[: start - 80].max() == 0
    assert heard[start : start + RATE_HZ].max() > 3000


def test_breaths_are_noted_on_the_callers_clock() -> None:
    step = Say(parts=("a",))
    call = Call(Silence(seconds=1), step, lines={1: Line(tone(2.0), 0.0, 2.0, ((0.5, 1.2),))})
    call.agent(bytes(2 * RATE_HZ * 3))
    silent, said = call.named("caller_said")
    assert said["breaths"] == [[pytest.approx(1.5), pytest.approx(2.2)]]
    assert (silent["role"], silent["text"]) == ("silence", "")
    assert (silent["start_s"], silent["end_s"]) == (0.0, 1.0)


def test_a_moment_that_does_not_come_is_noted() -> None:
    mhm = Say(parts=("mhm",), role="backchannel", moment=Moment(after_s=1.0, timeout_s=2.0))
    call = Call(Wait(timeout_s=1.0), mhm, lines={1: line(0.3)})
    assert not call.agent(bytes(2 * RATE_HZ * 4))
    assert call.named("caller_gave_up") == [
        {"text": "", "role": "wait", "why": "the agent said nothing"},
        {"text": "mhm", "role": "backchannel", "why": "the agent did not speak for 1 s"},
    ]
    assert call.named("caller_said") == []


def test_the_ear_hears_a_ducked_voice_but_no_click() -> None:
    ear = AgentEar(RATE_HZ)
    click = np.zeros(FRAME, "<i2")
    click[:8] = 20_000
    assert [ear.hear(click.tobytes()), ear.hear(bytes(2 * FRAME))] == [None, None]
    began = [at_s for frame in frames(tone(0.1, level=0.01)) if (at_s := ear.hear(frame))]
    assert began == [pytest.approx(0.04)]
    assert ear.speaking
    ended = [at_s for frame in frames(bytes(2 * RATE_HZ)) if (at_s := ear.hear(frame))]
    assert ended == [pytest.approx(0.14)]
    assert not ear.speaking
